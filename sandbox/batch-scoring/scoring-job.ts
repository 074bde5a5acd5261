import { z } from 'zod';
import { defaultOutputUri } from '../azure-resource-manager/asset-uri.ts';
import type { ArmBody, ArmResource } from '../azure-resource-manager/resources.ts';
import { armError } from '../core/context.ts';
import type { JobPlan } from '../jobs/job-runs.ts';
import type { Invocation } from './invocation.ts';
import { conditionVariables, type ScoringCondition } from './scoring-conditions.ts';

interface Order {
  name: string;
  endpoint: ArmResource;
  deployment: ArmResource;
  invocation: Invocation;
  /** What ails the compute or the data, where somebody has ordered it. */
  condition: ScoringCondition | undefined;
}

const deploymentSchema = z.looseObject({
  model: z.looseObject({ assetId: z.string() }),
  codeConfiguration: z.looseObject({ codeId: z.string(), scoringScript: z.string() }),
  compute: z.string(),
  outputFileName: z.string().default('predictions.csv'),
  environmentId: z.string().optional(),
  miniBatchSize: z.number().int().min(1).default(10),
  retrySettings: z.looseObject({ maxRetries: z.number().int().min(0).default(3), timeout: z.string().default('PT30S') }).prefault({}),
});

/** The job that an invocation makes: what it executes, and the resource that shows it among the workspace's jobs. */
export function scoringJob({ name, endpoint, deployment, invocation, condition }: Order): { body: ArmBody; plan: JobPlan } {
  const parsed = deploymentSchema.safeParse(deployment.properties);
  if (!parsed.success) {
    throw armError(400, 'BadArgument', `The deployment ${deployment.name} cannot score: ${z.prettifyError(parsed.error)}`);
  }
  const { model, codeConfiguration, compute, outputFileName, environmentId, miniBatchSize, retrySettings } = parsed.data;
  const outputUri = invocation.outputUri ?? `${defaultOutputUri(name, 'score')}/${invocation.outputFileName ?? outputFileName}`;
  const plan: JobPlan = {
    command: [
      `exec node ${codeConfiguration.scoringScript} --model \${{inputs.model}} --input \${{inputs.data}} --output \${{outputs.score}}`,
      `--mini-batch-size ${miniBatchSize} --timeout-s ${seconds(retrySettings.timeout)} --max-retries ${retrySettings.maxRetries}`,
    ].join(' '),
    codeId: codeConfiguration.codeId,
    computeId: compute,
    ...(environmentId !== undefined && { environmentId }),
    environmentVariables: conditionVariables(condition),
    // Data are mounted: that they are not there is seen by the process that reads them.
    inputs: { model: { kind: 'data', uri: model.assetId }, data: { kind: 'data', uri: invocation.input.uri, mounted: true } },
    outputs: { score: { kind: 'file', uri: outputUri } },
  };
  return { plan, body: { properties: describe(endpoint, deployment, invocation, outputUri) } };
}

function describe(endpoint: ArmResource, deployment: ArmResource, { input, properties }: Invocation, outputUri: string) {
  return {
    jobType: 'Pipeline',
    experimentName: properties['experimentName'] ?? endpoint.name,
    displayName: `${endpoint.name}/${deployment.name}`,
    batchEndpointArmId: endpoint.id,
    deploymentArmId: deployment.id,
    isArchived: false,
    properties,
    inputs: { [input.name]: { jobInputType: 'uri_file', uri: input.uri } },
    outputs: { score: { jobOutputType: 'uri_file', uri: outputUri } },
  };
}

/** Seconds of an ISO 8601 duration of hours, minutes and seconds. */
function seconds(duration: string): number {
  const [, hours = 0, minutes = 0, rest = 0] = /^PT(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?$/.exec(duration) ?? [];
  const all = 3600 * Number(hours) + 60 * Number(minutes) + Number(rest);
  if (!(all > 0)) throw armError(400, 'BadArgument', `The timeout ${duration} is no duration.`);
  return all;
}
