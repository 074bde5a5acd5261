/** Many releases at one gate, reviewed and decided in groups: for a test of the counts and for the benchmark of the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { decide } from '../../starters/decide.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { ReviewPendingReleasesResult } from '../../workflows/domain/review-releases.ts';
import type { reviewPendingReleases } from '../../workflows/index.ts';
import { releaseInput, startRelease, visible } from './waiting-releases.ts';

export interface ReviewedLoad {
  result: ReviewPendingReleasesResult;
  /** From the start of the review to its end, with a person who answers each group at once. */
  seconds: number;
  /** Of the review. */
  events: number;
  historyKb: number;
}

const plants = 50;

/** Lets `gates` releases come to Stage 1, then reviews and approves all of them in groups of `groupSize`. Workers must run. */
export async function reviewLoad({ client }: TestWorkflowEnvironment, { gates, groupSize }: { gates: number; groupSize: number }): Promise<ReviewedLoad> {
  const inputs = Array.from({ length: gates }, (_, index) => releaseInput(`P${index % plants}`, `C${Math.floor(index / plants)}`, '1-aaaa'));
  for (let at = 0; at < gates; at += 50) await Promise.all(inputs.slice(at, at + 50).map((input) => startRelease(client, input)));
  await visible(client, `Gate = 'stage1'`, gates, 300_000);

  const began = Date.now();
  const review = await client.workflow.start<typeof reviewPendingReleases>('reviewPendingReleases', { taskQueue: TaskQueue.Runbooks, workflowId: `reviewPendingReleases:${gates}`, args: [{ gate: 'stage1', groupSize }] });
  let isClosed = false;
  const closed = review.result().finally(() => (isClosed = true));
  for (let answered: string | null = null; !isClosed; ) {
    const gate: string | null = (await review.query<GateView | null>('gate').catch(() => null))?.gate ?? null; // no answer in time: asked again
    if (gate === null || gate === answered) {
      await sleep(50);
      continue;
    }
    await decide(client.workflow, { workflowId: review.workflowId }, { gate, verdict: 'approve', by: 'alice' });
    answered = gate;
  }
  const result = await closed;
  const seconds = (Date.now() - began) / 1000;
  const { historyLength, raw } = await review.describe();
  return { result, seconds, events: historyLength, historyKb: Math.round(Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0) / 1024) };
}
