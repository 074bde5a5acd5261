import { randomUUID } from 'node:crypto';
import type { ArmResource } from '../azure-resource-manager/resources.ts';
import { armError } from '../core/context.ts';
import type { SandboxContext } from '../core/context.ts';
import { machineLearningId } from '../core/tenancy.ts';
import type { JobRun } from '../jobs/job-runs.ts';
import type { Invocation } from './invocation.ts';
import { ScoringConditions } from './scoring-conditions.ts';
import { scoringJob } from './scoring-job.ts';

export interface Submission {
  workspace: string;
  endpoint: ArmResource;
  /** Name; the endpoint's default where it is left out. */
  deployment: string | undefined;
  invocation: Invocation;
  fault: JobRun['forcedEnd'];
}

/** Makes the job of an invocation; each call makes another one. */
export function submitScoring(context: SandboxContext, { workspace, endpoint, deployment: wanted, invocation, fault }: Submission): ArmResource {
  const deployment = deploymentFor(context, endpoint, wanted);
  const name = randomUUID();
  const condition = new ScoringConditions(context.store).take(`${workspace}/${endpoint.name}/${deployment.name}`);
  const { body, plan } = scoringJob({ name, endpoint, deployment, invocation, condition });
  const job = context.resources.write(machineLearningId(`workspaces/${workspace}/jobs/${name}`), body);
  context.jobs.submit(workspace, name, plan, fault);
  return job;
}

/** The deployment of this name, or the endpoint's default. */
function deploymentFor({ resources }: SandboxContext, endpoint: ArmResource, wanted: string | undefined): ArmResource {
  const defaults = endpoint.properties['defaults'] as { deploymentName?: string } | undefined;
  const name = wanted ?? defaults?.deploymentName;
  const deployment = name ? resources.get(`${endpoint.id}/deployments/${name}`) : undefined;
  if (!deployment) throw armError(404, 'NotFound', name ? `The deployment ${name} was not found.` : 'The endpoint has no default deployment.');
  if (deployment.properties['provisioningState'] === 'Failed') {
    throw armError(400, 'BadArgument', `The deployment ${name} is in the provisioning state Failed.`);
  }
  return deployment;
}
