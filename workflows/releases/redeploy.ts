/** Going back by what deployed the version in Azure DevOps, a classic release or the stage of a run: where the estate says that the pipeline deploys. Bounded throughout: a rollback waits for nobody. */
import type { createAzureDevOpsActivities } from '../../activities/azure-devops/index.ts';
import { brief, on, polling, undoable } from '../blocks/activity-budgets.ts';
import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import type { Run } from '../blocks/run.ts';
import type { DeployedRelease, Deployer, Redeployed, RedeployEnd, RedeployPolicy } from '../domain/redeploy.ts';
import { TaskQueue } from '../domain/queues.ts';
import type { Target } from '../domain/vocabulary.ts';

type AzureDevOps = ReturnType<typeof createAzureDevOpsActivities>;

/** Between two looks at the deployment. */
const lookMs = 2_000;

/** One answer of Azure DevOps, for as long as the estate allows it. */
const answering = (boundMs: number) => undoable({ ...brief, startToCloseTimeout: '20s', scheduleToCloseTimeout: boundMs });

/**
 * Deploys the newest release, or run, once more that has deployed the version, and follows it. Null: none has deployed the version, or Azure DevOps does not tell. What does not succeed
 * within the estate's bounds is stopped again, as far as Azure DevOps answers, and said: production is then switched directly.
 */
export async function redeployVersion(run: Run, target: Target, how: RedeployPolicy, version: string, reason: string): Promise<Redeployed | null> {
  const { kind, deployer, missing } = worded(how);
  const found = await run.attempt(`Azure DevOps did not tell which ${kind} deployed the version; production is switched directly`, () =>
    on<AzureDevOps>(TaskQueue.AzureDevOps, answering(how.answerMs), `Find the ${kind} that deployed the version`).findDeployedRelease({ ...deployer, stage: how.stage, target, version }));
  if (found === null) return null;
  if (found.release === null) {
    run.note(`${missing} has deployed version ${version} at ${how.stage}: production is switched directly.`);
    return null;
  }
  const { release } = found;
  const stop = () => on<AzureDevOps>(TaskQueue.AzureDevOps, answering(how.answerMs), 'Stop the deployment that is not waited for').cancelRedeploy({ key: run.key('redeploy'), release, comment: `Holdpoint does not wait for it any longer (${run.signature})` });
  const stopped = run.compensations.register({ step: `deployment of ${release.name}`, undo: async () => ((await stop()).cancelled ? 'stopped' : 'had ended, or was never begun') });
  const { attempt, ...end } = await deploy(run, how, release, reason);
  if (end.state !== 'succeeded') {
    run.note(`${release.name} did not bring version ${version} back (${end.detail}): production is switched directly.`);
    await run.attempt('The deployment could not be stopped', stop);
  }
  stopped();
  run.effect({ step: 'redeploy', what: `${release.name}, attempt ${attempt ?? 'unknown'}: ${end.state}`, platform: 'azure-devops', resource: release.url ?? release.name, before: null, after: end.state === 'succeeded' ? version : null });
  return { release: release.name, attempt, state: end.state };
}

/** What deploys, and how it is told. Azure DevOps deletes runs by its retention: then none is left that has deployed the version. */
function worded(how: RedeployPolicy): { kind: 'release' | 'run'; deployer: Deployer; missing: string } {
  return how.pipeline === undefined
    ? { kind: 'release', deployer: { release: how.release }, missing: `No release of ${how.release}` }
    : { kind: 'run', deployer: { pipeline: how.pipeline }, missing: `No run of ${how.pipeline} that Azure DevOps still keeps` };
}

async function deploy(run: Run, { answerMs, withinMs }: RedeployPolicy, release: DeployedRelease, reason: string): Promise<{ attempt: number | null; state: RedeployEnd['state'] | 'not answered'; detail: string }> {
  let attempt: number | null = null;
  try {
    const comment = `Rollback by Holdpoint (${run.signature}): ${reason}`.slice(0, 400);
    ({ attempt } = await on<AzureDevOps>(TaskQueue.AzureDevOps, answering(answerMs), `Deploy ${release.name} once more`).startRedeploy({ key: run.key('redeploy'), release, comment }));
    const end = await on<AzureDevOps>(TaskQueue.AzureDevOps, polling(lookMs, withinMs), `Follow the deployment of ${release.name}`).awaitRedeploy({ release, attempt, intervalMs: lookMs });
    return { attempt, ...end };
  } catch (error) {
    if (isCancelled(error)) throw error;
    return { attempt, state: 'not answered', detail: rootMessage(error) };
  }
}
