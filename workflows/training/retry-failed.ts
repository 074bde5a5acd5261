/** Step 4 of the document: only the failed jobs, each once, so many at a time. */
import type { BoundedFanOut } from '../blocks/bounded-fan-out.ts';
import { targetLabel } from '../domain/ids.ts';
import { trainingJobName } from '../domain/keys.ts';
import type { FailureCase, RetryTrainingInput } from '../domain/training-failures.ts';
import type { Resolution } from './resolution.ts';

/** Retries what is ready, and writes each ending into its case. A name for each round: a circuit is in one of them only. */
export async function retryReady({ run, place: { policy }, input, cases, said }: Resolution, fanOut: BoundedFanOut, name: 'retry' | 'repaired'): Promise<void> {
  const ready = cases.filter(({ next, retry }) => next === 'ready' && retry === null);
  if (ready.length === 0) return;
  const { items, tolerated: _tolerated, stopped: _stopped, ...counts } = await fanOut.run<RetryTrainingInput>({
    name,
    what: 'Retry of the failed trainings',
    workflow: 'retryTraining',
    items: ready.map((each) => ({ id: targetLabel(each.training.target), summary: `Retry ${each.training.jobName}`, input: retryOf(each) })),
    concurrency: policy.training.maxParallel,
    budget: { failures: ready.length }, // that one fails again says nothing about the others
    progress: (lines) => run.progress(lines),
  });
  run.progress([]);
  for (const [index, ending] of items.entries()) ready[index]!.retry = ending;
  const before = said.retried ?? { total: 0, passed: 0, failed: 0, skipped: 0, cancelled: 0, notStarted: 0 };
  said.retried = Object.fromEntries(Object.entries(before).map(([count, value]) => [count, value + counts[count as keyof typeof counts]])) as typeof before;

  function retryOf({ training: { target, jobName: failedJob, change, version }, environment }: FailureCase): RetryTrainingInput {
    // The keys are the run's, not the item's: an item that is begun again after a reset finds the job that it has submitted.
    const keys = { retry: run.key(`retry ${failedJob}`), register: run.key(`register ${failedJob}`) };
    return { target, failedJob, jobName: trainingJobName(target, keys.retry), keys, environment, change, version, signature: run.signature, ...(input.startedBy !== undefined && { startedBy: input.startedBy }) };
  }
}
