import { reportItem, type ItemSteps } from '../blocks/fan-out-item.ts';
import type { ItemPlace, ItemReport } from '../domain/fan-out.ts';
import { targetLabel } from '../domain/ids.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { JobEnd } from '../domain/release.ts';
import type { RetryTrainingInput } from '../domain/training-failures.ts';
import { awaitJob, cancelJob, loadPolicy, readChange, readRunMetrics, registerModel } from '../releases/release-activities.ts';
import { releaseInput } from '../releases/release-input.ts';
import { startRelease } from '../releases/start-release.ts';
import { retryTrainingJob } from './failure-activities.ts';

/** One item of the retry: a failed training once more, under the name that its run has given it, and the registration and the release of what it trains. It reports to the run that retries. */
export async function retryTraining(input: RetryTrainingInput, place: ItemPlace): Promise<ItemReport> {
  return await reportItem(place, input.signature, async (steps) => {
    const { target, jobName, change, version } = input;
    const policy = await loadPolicy({ target });
    const end = await train(steps, policy, input);
    if (end.status !== 'Completed') return { state: 'failed', detail: `job ${jobName} ended ${end.status}: ${end.error ?? 'the platform gives no reason'}`, reference: jobName };
    if (change === null || version === null) return { state: 'passed', detail: `job ${jobName} completed; it is not of a pull request that Holdpoint released: register its model by hand`, reference: jobName };

    const { circuits, pullRequest } = await readChange(change);
    const circuit = circuits.find((each) => targetLabel(each.target) === targetLabel(target));
    if (circuit === undefined) return { state: 'passed', detail: `job ${jobName} completed; pull request ${pullRequest.id} does not configure the circuit: register its model by hand`, reference: jobName };
    const { metrics } = await readRunMetrics({ workspace: policy.workspaces.dev, runId: jobName });
    await registerModel({ key: input.keys.register, policy, version, jobName, metrics, durationMs: end.durationMs, pullRequestId: pullRequest.id, configDigest: circuit.digest });
    const { startedBy } = input;
    const release = await startRelease(releaseInput({ ...change, ...(startedBy !== undefined && { startedBy }) }, pullRequest, target, version, jobName));
    return { state: 'passed', detail: `job ${jobName} completed; ${release.state === 'released' ? `${release.workflowId} was started` : `version ${version} was released before`}`, reference: jobName };
  });
}

/** One job, cancelled on the platform when the run is cancelled. */
async function train(steps: ItemSteps, { workspaces: { dev }, training, settleMs }: TargetPolicy, { keys, jobName, failedJob, environment, target, signature }: RetryTrainingInput): Promise<JobEnd> {
  const ended = steps.compensations.register({ step: `training job ${jobName}`, undo: async () => (await cancelJob({ workspace: dev, jobName, settleMs })).status });
  await retryTrainingJob({ key: keys.retry, workspace: dev, jobName, failedJob, environment, run: signature });
  const end = await awaitJob({ workspace: dev, jobName, intervalMs: training.pollMs }, training.timeoutMs, `the training of ${targetLabel(target)}`);
  ended();
  return end;
}
