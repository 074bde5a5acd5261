import { z } from 'zod';
import { armError } from '../core/context.ts';

/** What an invocation asks for, in the stand-in's own spelling. */
export interface Invocation {
  input: { name: string; uri: string };
  /** Null: the job writes to a place of its own. */
  outputUri: string | null;
  /** Passed through to the job: experimentName and whatever the client adds. */
  properties: Record<string, string>;
  outputFileName?: string;
}

const dataSchema = z.record(z.string(), z.looseObject({ uri: z.string().min(1) }));
const invocationSchema = z.looseObject({
  properties: z.looseObject({
    inputdata: dataSchema,
    outputdata: dataSchema.nullish(),
    properties: z.record(z.string(), z.string()).nullish(),
    outputfilename: z.string().nullish(),
  }),
});

/**
 * Reads the body of an invocation, whose keys the documents write in PascalCase and the SDK in camelCase. Answers 400 unless
 * there is exactly one data input, as model deployments require.
 */
export function readInvocation(body: unknown): Invocation {
  const parsed = invocationSchema.safeParse(normaliseKeys(body, 2));
  if (!parsed.success) throw armError(400, 'BadRequest', `The request is invalid: ${z.prettifyError(parsed.error)}`);
  const { inputdata, outputdata, properties, outputfilename } = parsed.data.properties;
  const inputs = Object.entries(inputdata);
  const [name, input] = inputs[0] ?? [];
  if (inputs.length !== 1 || !name || !input) throw armError(400, 'BadRequest', 'A model deployment takes exactly one data input.');
  return {
    input: { name, uri: input.uri },
    outputUri: Object.values(outputdata ?? {})[0]?.uri ?? null,
    properties: properties ?? {},
    ...(outputfilename ? { outputFileName: outputfilename } : {}),
  };
}

/** Lower-case keys down to the members of each input and output; the names of these and of properties stay as they are. */
function normaliseKeys(value: unknown, depth: number): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const lower = key.toLowerCase();
      if (depth > 1) return [lower, normaliseKeys(member, depth - 1)];
      if (!lower.endsWith('data') || !isObject(member)) return [lower, member];
      return [lower, Object.fromEntries(Object.entries(member).map(([name, data]) => [name, normaliseKeys(data, 2)]))];
    }),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
