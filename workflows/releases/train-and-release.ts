import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { RefusedSubmission } from '../domain/failure-count.ts';
import { baseModelVersion, modelName, targetLabel } from '../domain/ids.ts';
import { trainingJobName } from '../domain/keys.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { Change, ChangedCircuit, CircuitResult, JobEnd, ReleaseChangeInput } from '../domain/release.ts';
import type { Target } from '../domain/vocabulary.ts';
import { tellFailureCount } from '../training/failure-activities.ts';
import { awaitJob, cancelJob, fixModelVersion, loadPolicy, readProductionDeployment, readRunMetrics, registerModel, submitTrainingJob } from './release-activities.ts';
import type { BuildWatch } from './follow-builds.ts';
import { followAndRelease } from './follow-and-release.ts';
import type { JointApproval } from './joint-approval.ts';
import { releaseInput } from './release-input.ts';

/** Steps 2 to 6 for one circuit: version, training, registration, start of its release; by the build pipeline where the estate says so. A failure is this circuit's result and nobody else's. */
export async function trainAndRelease(run: Run, approval: JointApproval, builds: BuildWatch, input: ReleaseChangeInput, change: Change, circuit: ChangedCircuit): Promise<CircuitResult> {
  const { pullRequest } = change;
  const { target } = circuit;
  const label = targetLabel(target);
  let version: string | null = null;
  try {
    const policy = await loadPolicy({ target });
    if (policy.execution.training === 'accompany') return await followAndRelease(approval, builds, input, change, circuit, policy);
    const workspace = policy.workspaces.dev;
    const model = modelName(target);

    // The version's name: the same for the same change, however often it is run.
    const base = baseModelVersion(pullRequest.id, circuit.digest);
    const { workflowId, runId } = run.key('fix version');
    const fixed = await fixModelVersion({ workspace, model, base, again: input.again !== undefined, workflowId, runId });
    version = fixed.version;
    if (fixed.releasedBy !== null) return { target, version, state: 'alreadyReleased', by: fixed.releasedBy };

    // 2. The training job.
    const end = await train(run, policy, circuit, version, pullRequest.id);
    if (end.status === 'Failed' || end.status === 'NotResponding') await tellFailure(run, workspace.workspace, target, end.jobName);
    if (end.status !== 'Completed') return { target, version, state: 'failed', reason: `training job ${end.jobName} ended as ${end.status}: ${end.error ?? 'the platform gives no reason'}` };

    // 3. Its metrics in the dev workspace; 4. and 5. the model registered there, with the tags that publish it.
    const { metrics } = await readRunMetrics({ workspace, runId: end.jobName });
    await registerModel({ key: run.key(`register ${label}`), policy, version, jobName: end.jobName, metrics, durationMs: end.durationMs, pullRequestId: pullRequest.id, configDigest: circuit.digest });

    // 6. The release starts by itself.
    return await approval.release(releaseInput(input, pullRequest, target, version, end.jobName), policy);
  } catch (error) {
    if (isCancelled(error)) throw error;
    return { target, version, state: 'failed', reason: rootMessage(error) };
  }
}

/** Counts towards the workspace's failure rate; what cannot be told now, the next look at the workspace finds. */
async function tellFailure(run: Run, workspace: string, target: Target, jobName: string, refused?: RefusedSubmission): Promise<void> {
  await run.attempt('The failure could not be counted', () => tellFailureCount({ workspace, failures: [{ jobName, target, failedAt: now().toISOString(), ...(refused && { refused }) }] }));
}

/** What the platform said that refused a submission (4xx, and no later attempt would help); null for any other failure: what may pass is retried, and is no failed training. */
function refusalIn(error: unknown): string | null {
  const cause = error instanceof ActivityFailure ? error.cause : null;
  if (!(cause instanceof ApplicationFailure) || !cause.nonRetryable) return null;
  const { status, code, message } = (cause.details?.[0] ?? {}) as { status?: number | null; code?: string | null; message?: string };
  return typeof status === 'number' && status >= 400 && status < 500 ? `${status}${code ? ` ${code}` : ''}: ${message ?? cause.message}` : null;
}

/** One training job, cancelled on the platform when the run is cancelled or when it cannot be followed to its end. */
async function train(run: Run, policy: TargetPolicy, circuit: ChangedCircuit, version: string, pullRequestId: number): Promise<JobEnd> {
  const { workspaces, endpoint, deployment, training, settleMs } = policy;
  const label = targetLabel(circuit.target);
  const serving = await readProductionDeployment({ workspace: workspaces.production, endpoint, deployment });
  const key = run.key(`train ${label}`);
  const jobName = trainingJobName(circuit.target, key);
  const undo = async () => (await cancelJob({ workspace: workspaces.dev, jobName, settleMs })).status;
  const ended = run.compensations.register({ step: `training job ${jobName}`, undo });
  try {
    await submitTrainingJob({ key, policy, version, config: circuit.config, productionModel: serving.model, pullRequestId }).catch(async (error: unknown) => {
      const reason = refusalIn(error);
      if (reason !== null) await tellFailure(run, workspaces.dev.workspace, circuit.target, jobName, { reason, compute: training.compute, run: run.signature, version });
      throw error;
    });
    const end = await awaitJob({ workspace: workspaces.dev, jobName, intervalMs: training.pollMs }, training.timeoutMs, `the training of ${label}`);
    ended();
    return end;
  } catch (error) {
    if (isCancelled(error)) throw error; // the run undoes what it had begun
    await undo().catch(() => undefined); // the reason of the failure is worth more than that of the undo
    ended();
    throw error;
  }
}
