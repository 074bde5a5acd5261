import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import { productionGate } from '../domain/review-plan.ts';
import { describeCounts, type Counts } from '../domain/review-progress.ts';
import type { ReviewTerms } from '../domain/review-releases.ts';
import type { GroupDecision } from './group-decision.ts';
import { followDeployment } from './release-waves.ts';
import { followReleases } from './review-activities.ts';

/**
 * Releases that people decide one by one: waits until each is in production or will not be, but no longer than a group of the review waits for its decision. Answers the ids of those
 * that reached production, or were lost on the way.
 */
export async function followInbox(run: Run, decisions: readonly GroupDecision[], terms: ReviewTerms): Promise<string[]> {
  const workflowIds = decisions.filter(({ result }) => result.state === 'inbox' && result.of === productionGate).flatMap(({ members }) => members.map(({ workflowId }) => workflowId));
  if (workflowIds.length === 0) return [];
  const progress = (text: string) => run.progress([`**Decided one by one:** ${workflowIds.length} releases`, text]);
  try {
    await CancellationScope.withTimeout(terms.decideWithinMs, () => followDeployment(workflowIds, terms, progress));
  } catch (error) {
    if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
  }
  const { deployed, lost } = await followReleases({ workflowIds, until: 'deployed', intervalMs: terms.deploymentPollMs, seen: null, tell: 'losses' }, 'what was decided one by one', terms.settleWithinMs);
  return [...deployed, ...lost];
}

/** Follows all releases until each has ended, telling of each loss as it happens. Those in which nothing happens any more are answered as `waiting`. */
export async function watchReleased(run: Run, workflowIds: string[], { watchPollMs, settleWithinMs }: ReviewTerms): Promise<{ counts: Counts; lost: string[]; waiting: string[] }> {
  let seen: Counts | null = null;
  for (;;) {
    const followed: Awaited<ReturnType<typeof followReleases>> = await followReleases({ workflowIds, until: 'closed', intervalMs: watchPollMs, seen, tell: 'losses' }, `${workflowIds.length} releases to their end`, settleWithinMs);
    seen = followed.counts;
    run.progress([`**Released:** ${describeCounts(seen)}`, ...followed.lost.slice(0, 5).map((workflowId) => `lost: ${workflowId}`)]);
    if (followed.done || followed.gaveUp) return followed;
  }
}
