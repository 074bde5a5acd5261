import { z } from 'zod';
import { armError } from '../core/context.ts';
import type { JobInput, JobOutput, JobPlan } from '../jobs/job-runs.ts';
import { defaultOutputUri } from './asset-uri.ts';
import type { ArmBody } from './resources.ts';

const inputSchema = z.looseObject({ jobInputType: z.string(), uri: z.string().optional(), value: z.string().optional() });
const outputSchema = z.looseObject({ jobOutputType: z.string(), uri: z.string().nullish() });

/** What of a command job the stand-in needs to know; everything else is kept as it was sent. */
const commandJobSchema = z.looseObject({
  jobType: z.literal('Command'),
  command: z.string().min(1),
  environmentId: z.string().min(1),
  codeId: z.string().nullish(),
  computeId: z.string().default('local'),
  environmentVariables: z.record(z.string(), z.string()).nullish(),
  inputs: z.record(z.string(), inputSchema).nullish(),
  outputs: z.record(z.string(), outputSchema.nullable()).nullish(),
});

/** What a job resource asks to be executed. Answers 400 when a required property is missing or it is not a command job. */
export function planOf(body: ArmBody, name: string): JobPlan {
  const parsed = commandJobSchema.safeParse(body?.properties);
  if (!parsed.success) throw armError(400, 'ValidationError', `The job is not valid: ${z.prettifyError(parsed.error)}`);
  const { command, codeId, computeId, environmentId, environmentVariables, inputs, outputs } = parsed.data;
  return {
    command,
    environmentId,
    codeId: codeId ?? null,
    computeId,
    environmentVariables: environmentVariables ?? {},
    inputs: mapValues(inputs ?? {}, planInput),
    outputs: mapValues(outputs ?? {}, (output, key): JobOutput => ({
      kind: output?.jobOutputType === 'uri_file' ? 'file' : 'folder',
      uri: output?.uri ?? defaultOutputUri(name, key),
    })),
  };
}

function planInput({ jobInputType, uri, value }: z.infer<typeof inputSchema>, name: string): JobInput {
  if (jobInputType === 'literal') return { kind: 'literal', value: value ?? '' };
  // The SDK's known loss: without the raw operation an asset input arrives with its type alone.
  if (!uri) throw armError(400, 'ValidationError', `The input ${name} has no uri.`);
  return { kind: 'data', uri };
}

function mapValues<T, U>(record: Record<string, T>, map: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
