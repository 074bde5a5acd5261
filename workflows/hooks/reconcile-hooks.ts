import { workflowInfo } from '@temporalio/workflow';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { lookBackMs as defaultLookBackMs, mostListed, mostStarts, reconcileHooksPhase, reconciliationReason, reconciliationWindow, type ApprovalHookRules, type CompletedChange, type HookRules, type KnownRun, type ReconcileHooksInput, type ReconcileHooksResult } from '../domain/hook-reconciliation.ts';
import { releaseChangeId } from '../domain/ids.ts';
import { ReleaseChangePhase } from '../domain/phases.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { startChange } from '../releases/start-change.ts';
import { wakeChange } from '../releases/wake-change.ts';
import { findCompletedChanges, findEndedBuilds, findMissedApprovals, findWaitingGates, loadHookRules, readKnownRuns, readRunMemory, showApprovals } from './hook-activities.ts';

/**
 * Makes up for service hooks that never came: reads in Azure DevOps which pull requests were completed and which builds have ended, and starts or wakes what the receiver would have started
 * or woken, with the same ids, so that nothing is released twice. What has a run is left alone, whatever became of it. Run by a schedule.
 *
 * Approvals on Azure DevOps' pages are noted while they wait, so that they can count later, and shown at the gates that they answer. The receiver alone can sign them: it looks for them itself, and counts them when it is back.
 */
export async function reconcileHooks({ lookBackMs = defaultLookBackMs }: ReconcileHooksInput = {}): Promise<ReconcileHooksResult> {
  const run = new Run({ phase: reconcileHooksPhase, target: null, appendToRecord });
  const result: ReconcileHooksResult = { outcome: 'succeeded', reason: '', since: null, started: [], woken: [], known: 0, leftAlone: [], approvals: [], unresolved: [] };
  return await run.conclude(async () => {
    const rules = await loadHookRules({});
    const window = reconciliationWindow(now().getTime(), lookBackMs, await readRunMemory({ schedule: schedule() }));
    result.since = window.since;
    if (window.shortened !== '') run.note(`Looks back to ${window.since}: ${window.shortened}`);

    const { changes, complete } = await findCompletedChanges({ repositories: rules.repositories, releaseBranch: rules.releaseBranch, since: window.listSince });
    if (!complete) run.note('More pull requests were completed than are read at once: some of the oldest were not looked at');
    await startMissed(run, result, changes, window.since);
    if (rules.builds !== null) await wakeWaiting(result, rules.builds, window.since);
    if (rules.approvals) await showMissed(result, rules.approvals, window.since);
    return { ...result, reason: reconciliationReason(result) };
  }, (outcome, reason) => ({ ...result, outcome, reason }));
}

/** The oldest first, as the hooks would have come. A hook that is only late finds its run started. */
async function startMissed(run: Run, result: ReconcileHooksResult, changes: readonly CompletedChange[], since: string): Promise<void> {
  if (changes.length === 0) return;
  const { runs } = await readKnownRuns({ workflowIds: changes.map(({ repositoryId, pullRequestId }) => releaseChangeId(repositoryId, pullRequestId)) });
  for (const [index, { repositoryId, pullRequestId, closedAt }] of changes.entries()) {
    const { workflowId, state } = runs[index]!;
    if (state !== 'none') result.known += 1;
    else if (closedAt < since) leave(result, workflowId, closedAt, 'completed before the look-back, and no run of it is known; start it by hand if it is to be released');
    else if (result.started.length >= mostStarts) leave(result, workflowId, closedAt, 'left for the next look: enough were started by this one');
    else if ((await startChange(repositoryId, pullRequestId)).started) result.started.push(workflowId);
    else result.known += 1;
    run.progress([`${result.started.length} started, ${result.known} known, ${result.leftAlone.length} left alone, of ${changes.length}`]);
  }
}

/** The newest are kept. */
function leave({ leftAlone }: ReconcileHooksResult, workflowId: string, closedAt: string, why: string): void {
  leftAlone.push({ workflowId, closedAt, why });
  if (leftAlone.length > mostListed) leftAlone.shift();
}

/** A release that waits looks at its builds by itself, only later; one that does not wait is not told. Whether a change is released at all is for its pull request to say. */
async function wakeWaiting(result: ReconcileHooksResult, { releaseBranch, forMs }: NonNullable<HookRules['builds']>, since: string): Promise<void> {
  const { builds } = await findEndedBuilds({ releaseBranch, since, startWithinMs: forMs });
  result.unresolved = builds.flatMap(({ buildId, origin }) => (origin.kind === 'unknown' ? [{ buildId, reason: origin.reason }] : [])).slice(0, mostListed);
  const origins = builds.flatMap(({ origin }) => (origin.kind === 'change' ? [{ origin, workflowId: releaseChangeId(origin.repositoryId, origin.pullRequestId) }] : []));
  const earlier = origins.filter(({ workflowId }) => !result.started.includes(workflowId));
  if (earlier.length === 0) return;
  const { runs } = await readKnownRuns({ workflowIds: earlier.map(({ workflowId }) => workflowId) });
  for (const [index, { origin, workflowId }] of earlier.entries()) {
    if (isWaiting(runs[index]!) && (await wakeChange(origin)).how === 'woken' && !result.woken.includes(workflowId)) result.woken.push(workflowId);
  }
}

/** What a hook, or the receiver's own look, has brought to its gate is left alone. */
async function showMissed(result: ReconcileHooksResult, rules: ApprovalHookRules, since: string): Promise<void> {
  const { gates } = await findWaitingGates({ now: now().toISOString(), runbooks: ['releaseModel'] });
  const { answers } = await findMissedApprovals({ rules, waiting: gates.map(({ workflowId, gate }) => ({ workflowId, gate })), since });
  if (answers.length > 0) result.approvals = (await showApprovals({ answers })).approvals.slice(0, mostListed);
}

function isWaiting({ state, phase }: KnownRun): boolean {
  return state === 'running' && phase === ReleaseChangePhase.Training;
}

/** The schedule that has started this run; null: somebody did. */
function schedule(): string | null {
  const by: unknown = workflowInfo().searchAttributes['TemporalScheduledById']?.[0];
  return typeof by === 'string' ? by : null;
}
