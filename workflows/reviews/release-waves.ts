import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { nextWaveCard } from '../domain/review-cards.ts';
import { portions, productionGate, type Member } from '../domain/review-plan.ts';
import { describeCounts, type Counts } from '../domain/review-progress.ts';
import type { ReviewTerms, WavesResult } from '../domain/review-releases.ts';
import { giveDecision, type GroupDecision } from './group-decision.ts';
import { followReleases } from './review-activities.ts';
import { reviewGate } from './review-gate.ts';

interface Queued {
  member: Member;
  decision: GroupDecision;
}

export interface Deployed {
  waves: WavesResult;
  /** Ids of all releases that took their approval. */
  released: string[];
}

/** Approves wave after wave, in the order of the groups: a wave begins when everything before it is in production or will not be, and only while no more was lost than the budget allows. */
export async function deployInWaves(run: Run, gates: Gates, decisions: readonly GroupDecision[], terms: ReviewTerms): Promise<Deployed> {
  const waves = portions(decisions.flatMap((decision) => decision.queue.map((member): Queued => ({ member, decision }))), terms.waveSize);
  const released: string[] = [];
  let budget = terms.failureBudget;
  for (const [index, wave] of waves.entries()) {
    const progress = (text: string) => run.progress([`**Wave ${index + 1} of ${waves.length}:** ${text}`, `${waves.slice(index + 1).flat().length} releases in the queue`]);
    if (released.length > 0) {
      const { counts, lost } = await followReleases({ workflowIds: released, until: 'deployed', intervalMs: terms.deploymentPollMs, seen: null, tell: 'losses' }, 'what was released so far');
      if (lost.length > budget) {
        const { decision } = wave[0]!;
        const card = { wave: index + 1, planned: waves.length, counts, lost, budget };
        const outcome = await gates.pass(reviewGate(`wave-${index + 1}`, card, nextWaveCard, { terms: decision.terms, policy: decision.policy, withinMs: terms.decideWithinMs }));
        if (outcome.state !== 'approved') return { waves: { planned: waves.length, done: index, stopped: `${lost.length} failed or were taken back, and ${outcome.state === 'rejected' ? `${outcome.by} stopped it: ${outcome.reason}` : 'nobody let it go on'}` }, released };
        budget = lost.length;
      }
    }
    progress('approving');
    const approved = await approveWave(run, wave, index);
    released.push(...approved);
    await followDeployment(approved, terms, progress);
  }
  return { waves: { planned: waves.length, done: waves.length, stopped: null }, released };
}

/** Gives each group's decision to its members in this wave; answers the ids of those that took it. */
async function approveWave(run: Run, wave: readonly Queued[], index: number): Promise<string[]> {
  const approved: string[] = [];
  for (const decision of new Set(wave.map((queued) => queued.decision))) {
    const members = wave.filter((queued) => queued.decision === decision).map(({ member }) => member);
    approved.push(...(await giveDecision(run, `wave ${index + 1} ${decision.result.gate}`, decision, members, 'approve')));
  }
  return approved;
}

async function followDeployment(workflowIds: string[], { deploymentPollMs }: ReviewTerms, progress: (text: string) => void): Promise<void> {
  let seen: Counts | null = null;
  for (let done = workflowIds.length === 0; !done; ) {
    const followed: { counts: Counts; done: boolean } = await followReleases({ workflowIds, until: 'deployed', intervalMs: deploymentPollMs, seen, tell: 'everything' }, `${workflowIds.length} deployments`);
    seen = followed.counts;
    done = followed.done;
    progress(describeCounts(seen));
  }
}

/**
 * Releases that people decide one by one in the inbox: waits until each is in production or will not be, but no longer than a group of the review waits for its decision. Answers
 * the ids of those that reached production, or were lost on the way.
 */
export async function followInbox(run: Run, decisions: readonly GroupDecision[], terms: ReviewTerms): Promise<string[]> {
  const workflowIds = decisions.filter(({ result }) => result.state === 'inbox' && result.of === productionGate).flatMap(({ members }) => members.map(({ workflowId }) => workflowId));
  if (workflowIds.length === 0) return [];
  const progress = (text: string) => run.progress([`**In the inbox:** ${workflowIds.length} releases`, text]);
  try {
    await CancellationScope.withTimeout(terms.decideWithinMs, () => followDeployment(workflowIds, terms, progress));
  } catch (error) {
    if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
  }
  const { deployed, lost } = await followReleases({ workflowIds, until: 'deployed', intervalMs: terms.deploymentPollMs, seen: null, tell: 'losses' }, 'what was decided in the inbox');
  return [...deployed, ...lost];
}

/** Follows all releases until each has ended, telling of each loss as it happens. */
export async function watchReleased(run: Run, workflowIds: string[], { watchPollMs }: ReviewTerms): Promise<{ counts: Counts; lost: string[]; deployed: string[] }> {
  let seen: Counts | null = null;
  for (;;) {
    const followed: Awaited<ReturnType<typeof followReleases>> = await followReleases({ workflowIds, until: 'closed', intervalMs: watchPollMs, seen, tell: 'losses' }, `${workflowIds.length} releases to their end`);
    seen = followed.counts;
    run.progress([`**Released:** ${describeCounts(seen)}`, ...followed.lost.slice(0, 5).map((workflowId) => `lost: ${workflowId}`)]);
    if (followed.done) return followed;
  }
}
