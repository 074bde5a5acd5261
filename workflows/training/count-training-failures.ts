import { allHandlersFinished, condition, continueAsNew, defineQuery, defineSignal, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import { startOwnRun } from '../blocks/own-run.ts';
import { requireInput } from '../blocks/required-input.ts';
import { now } from '../blocks/workflow-clock.ts';
import { countCard, countFailures, defaultFailureRules, emptyCount, readEndedRun, readFailures, resolveTrainingFailuresId, runEnded, runStarted, tooMany, type FailureCount, type FailureRun, type TrainingFailure } from '../domain/failure-count.ts';
import { ResolveTrainingFailuresPhase } from '../domain/phases.ts';
import type { ResolveTrainingFailuresInput } from '../domain/training-failures.ts';
import { awaitRunClosed, findClosedRuns, loadFailureRules } from './failure-activities.ts';

/** Sent by whoever saw training jobs fail: one failure, or a list of them. */
export const trainingFailedSignal = defineSignal<[unknown?]>('trainingFailed');
/** Sent by the run that resolves failures, at its end. */
export const failuresResolvedSignal = defineSignal<[unknown?]>('failuresResolved');
export const failureCountQuery = defineQuery<FailureCount>('status');

export interface CountTrainingFailuresInput {
  /** Name of the workspace. */
  workspace: string;
  /** What the run before this one left. */
  count?: FailureCount;
}

/** Events after which the counter goes on in a new run. */
const longestHistory = 1_000;

/**
 * Counts the training jobs that fail in a workspace, and starts one run when there are too many within the estate's time. It is started by the first failure that it is told of and never
 * ends. A job counts once, however often and by whomever it is told; one that a run has dealt with counts no more, so that it is quiet again after. While a run is under way none is started.
 */
export async function countTrainingFailures(input: CountTrainingFailuresInput): Promise<void> {
  requireInput(input, ['workspace']);
  const { workspace } = input;
  let count = input.count ?? emptyCount(workspace);
  let rules = defaultFailureRules;
  const told: TrainingFailure[] = [];
  const ended: NonNullable<ReturnType<typeof readEndedRun>>[] = [];
  /** The run that said last that it ends: it may still have to close, and no other of its id is taken before. */
  let closing: { workflowId: string; runId: string } | null = null;
  setHandler(trainingFailedSignal, (value) => void told.push(...readFailures(value)), { description: 'Training jobs failed: {"jobName", "target": {"plant", "circuit"}, "failedAt"}, or a list of these' });
  setHandler(failuresResolvedSignal, (value) => {
    const run = readEndedRun(value);
    if (run !== null) ended.push(run);
  }, { description: 'Sent by the run that resolves failures, at its end: {"workflowId", "runId", "jobs"}' });
  setHandler(failureCountQuery, () => count, { description: 'The failures that count, and the run that is under way' });

  setCurrentDetails(countCard(count, rules));
  for (;;) {
    await condition(() => told.length > 0 || ended.length > 0);
    rules = await loadFailureRules({}).catch(() => rules); // an estate that cannot be read now: as it was read last
    for (const run of ended.splice(0)) {
      count = runEnded(count, run, at());
      if (run.workflowId === resolveTrainingFailuresId(workspace)) closing = { workflowId: run.workflowId, runId: run.runId };
    }
    count = countFailures(count, told.splice(0), rules, at());
    const failures = tooMany(count, rules);
    if (failures !== null && (count.run === null || (await hasClosed(count.run)))) {
      if (closing !== null) await awaitRunClosed({ ...closing, intervalMs: 1_000 }).catch(() => undefined); // where that cannot be seen, the next failure asks again
      closing = null;
      const run = await start(workspace, failures);
      count = run === null ? count : runStarted(count, run);
    }
    setCurrentDetails(countCard(count, rules));
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    if ((historyLength > longestHistory || continueAsNewSuggested) && told.length === 0 && ended.length === 0 && allHandlersFinished()) await continueAsNew<typeof countTrainingFailures>({ workspace, count });
  }
}

function at(): string {
  return now().toISOString();
}

/** A run that was ended from outside does not say so. Where that cannot be seen now, the next failure asks again. */
async function hasClosed({ workflowId, runId }: FailureRun): Promise<boolean> {
  return await findClosedRuns({ runs: [{ workflowId, runId }] }).then(({ runs }) => runs.length > 0, () => false);
}

/** One run for all of them. One that somebody has started by hand deals with them too, and says so at its end: null. */
async function start(workspace: string, failures: readonly TrainingFailure[]): Promise<FailureRun | null> {
  const workflowId = resolveTrainingFailuresId(workspace);
  const jobs = failures.map(({ jobName }) => jobName);
  const refused = failures.flatMap((failure) => (failure.refused ? [{ ...failure, refused: failure.refused }] : []));
  const input: ResolveTrainingFailuresInput = { workspace, jobs, ...(refused.length > 0 && { refused }) };
  const child = await startOwnRun({ runbook: 'resolveTrainingFailures', workflowId, target: null, phase: ResolveTrainingFailuresPhase.Identify, input, summary: `Resolve ${jobs.length} training failures in ${workspace}` });
  return child === null ? null : { workflowId, runId: child.firstExecutionRunId, startedAt: at(), jobs };
}
