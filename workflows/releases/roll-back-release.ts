/** What follows a breach in a release's own monitoring window: `rollBackModel`, as after an alert or from the command line. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { Alerted, Unwatched } from '../blocks/monitoring-window.ts';
import { startOwnRun, waitForOwnRun } from '../blocks/own-run.ts';
import type { Run } from '../blocks/run.ts';
import { FailureType } from '../domain/failures.ts';
import { rollBackModelId, targetLabel } from '../domain/ids.ts';
import { RollBackModelPhase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { ReleaseModelInput, ReleaseModelResult } from '../domain/release.ts';
import type { RollBackModelInput, RollBackModelResult } from '../domain/rollback.ts';
import type { watchAlerts } from './release-activities.ts';
import { fileWorkItem } from './turned-down.ts';

export type Verdict = Exclude<Awaited<ReturnType<typeof watchAlerts>>, { kind: 'healthy' }> | Alerted | Unwatched;

/** Production is to go back: why, and by whom; nobody where the policy says so. */
export interface Breach {
  verdict: Verdict;
  by: readonly string[];
}

/** Beyond the rollback's own watch: platforms that are away for a while. */
const patienceMs = 24 * 3_600_000;

type Ending = Pick<ReleaseModelResult, 'reason' | 'serving' | 'workItem' | 'rollback'>;

/**
 * Starts the rollback and waits for its outcome. It takes the lock over from this release, which has written all that it will, and goes on by itself whatever becomes of the release: half a
 * rollback is worse than none. One that runs already has taken the lock, and decides.
 * @throws RunbookFailed where production could not be switched: the version serves still.
 */
export async function rollBackRelease(run: Run, input: ReleaseModelInput, policy: TargetPolicy, breach: Breach): Promise<Ending> {
  const { target } = input;
  const why = describeBreach(breach.verdict);
  const workflowId = rollBackModelId(target);
  const child = await startOwnRun({ runbook: 'rollBackModel', workflowId, target, phase: RollBackModelPhase.Identify, input: rollbackInput(input, breach), summary: `Roll ${targetLabel(target)} back from ${input.version}: ${why}` });
  if (child === null) return { reason: `${why}; ${workflowId} was under way already, and what serves is for it to decide`, serving: null, workItem: null, rollback: { workflowId, outcome: null, incident: null } };
  run.note(`${workflowId} rolls back, and goes on whatever becomes of this run.`);
  const { outcome, reason, result } = await waitForOwnRun(child, 2 * policy.monitoring.rollbackForMs + patienceMs);
  const ended = (result ?? null) as RollBackModelResult | null;
  const rollback = { workflowId, outcome, incident: ended?.incident ?? null };
  if (outcome === 'failed') throw ApplicationFailure.nonRetryable(`${why}, and ${workflowId} failed: ${reason}`, FailureType.RunbookFailed);
  if (ended === null) return { reason: `${why}; ${workflowId}: ${reason}`, serving: null, workItem: null, rollback };
  if (ended.to === null) {
    const kept = `${why}, and ${reason}`;
    return { reason: kept, serving: input.version, workItem: await fileWorkItem(run, input, policy, kept), rollback };
  }
  if (ended.serving !== input.version) run.production = 'unchanged';
  return { reason: `rolled back to ${ended.to}: ${why}${outcome === 'succeeded' ? '' : `; ${workflowId}: ${reason}`}`, serving: ended.serving, workItem: ended.workItem, rollback };
}

function rollbackInput({ target, version, pullRequest }: ReleaseModelInput, { verdict, by }: Breach): RollBackModelInput {
  const alert = verdict.kind === 'alerted' ? { name: verdict.name } : verdict.kind === 'breached' ? { name: verdict.alert.rule, id: verdict.alert.id } : null;
  return {
    target,
    reason: `${describeBreach(verdict)}, in the monitoring window of ${workflowInfo().workflowId} (pull request ${pullRequest.id})`.slice(0, 1000),
    from: version,
    ...(alert && { alert }),
    ...(by.length > 0 ? { startedBy: by.join(', ') } : !alert && { startedBy: workflowInfo().workflowId }),
  };
}

export function describeBreach(verdict: Verdict): string {
  if (verdict.kind === 'inconclusive') return `the monitoring window was inconclusive: ${verdict.reason}`;
  if (verdict.kind === 'alerted') return `alert ${verdict.name} came in`;
  return `alert ${verdict.alert.rule} (Sev${verdict.alert.severity}) fired at measurement ${verdict.poll}`;
}
