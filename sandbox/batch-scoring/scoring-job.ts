import { z } from 'zod';
import { defaultOutputUri } from '../azure-resource-manager/asset-uri.ts';
import type { ArmBody, ArmResource } from '../azure-resource-manager/resources.ts';
import { armError } from '../core/context.ts';
import type { JobPlan } from '../jobs/job-runs.ts';
import type { Invocation } from './invocation.ts';

interface Order {
  name: string;
  endpoint: ArmResource;
  deployment: ArmResource;
  invocation: Invocation;
}

const deploymentSchema = z.looseObject({
  model: z.looseObject({ assetId: z.string() }),
  codeConfiguration: z.looseObject({ codeId: z.string(), scoringScript: z.string() }),
  compute: z.string(),
  outputFileName: z.string().default('predictions.csv'),
});

/** The job that an invocation makes: what it executes, and the resource that shows it among the workspace's jobs. */
export function scoringJob({ name, endpoint, deployment, invocation }: Order): { body: ArmBody; plan: JobPlan } {
  const parsed = deploymentSchema.safeParse(deployment.properties);
  if (!parsed.success) {
    throw armError(400, 'BadArgument', `The deployment ${deployment.name} cannot score: ${z.prettifyError(parsed.error)}`);
  }
  const { model, codeConfiguration, compute, outputFileName } = parsed.data;
  const outputUri = invocation.outputUri ?? `${defaultOutputUri(name, 'score')}/${invocation.outputFileName ?? outputFileName}`;
  const plan: JobPlan = {
    command: `node ${codeConfiguration.scoringScript} --model \${{inputs.model}} --input \${{inputs.data}} --output \${{outputs.score}}`,
    codeId: codeConfiguration.codeId,
    computeId: compute,
    environmentVariables: {},
    inputs: { model: { kind: 'data', uri: model.assetId }, data: { kind: 'data', uri: invocation.input.uri } },
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
