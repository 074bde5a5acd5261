import { condition } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import { nextWaveCard } from '../domain/review-cards.ts';
import { targetLabel } from '../domain/ids.ts';
import type { Member } from '../domain/review-plan.ts';
import { describeCounts, type Counts } from '../domain/review-progress.ts';
import type { ReviewTerms, WavesResult } from '../domain/review-releases.ts';
import type { GateTurns } from './gate-turns.ts';
import { giveDecision, refuse, type GroupDecision } from './group-decision.ts';
import { findBusyTargets, followReleases } from './review-activities.ts';
import { reviewGate } from './review-gate.ts';

interface Queued {
  member: Member;
  decision: GroupDecision;
}

/**
 * Approves wave after wave, in the order in which groups were decided, while people still decide the next ones. A wave begins when everything before it is in production or will not be,
 * and only while no more was lost than the budget allows; otherwise a person is asked.
 */
export class ReleaseWaves {
  /** Ids of all releases that took their approval. */
  readonly released: string[] = [];
  /** Why no further wave is begun; null while that is not so. */
  stopped: string | null = null;
  #queue: Queued[] = [];
  #isComplete = false;
  #done = 0;
  #budget: number;
  /** Those that did not come to production in time, and were accepted as that. */
  #accepted: string[] = [];
  readonly #run: Run;
  readonly #gates: GateTurns;
  readonly #terms: ReviewTerms;
  readonly #show: (lines: string[]) => void;

  constructor(run: Run, gates: GateTurns, terms: ReviewTerms, show: (lines: string[]) => void) {
    this.#run = run;
    this.#gates = gates;
    this.#terms = terms;
    this.#show = show;
    this.#budget = terms.failureBudget;
  }

  get result(): WavesResult {
    return { planned: this.#done + Math.ceil(this.#queue.length / this.#terms.waveSize), done: this.#done, stopped: this.stopped };
  }

  add(decision: GroupDecision): void {
    this.#queue.push(...decision.queue.map((member) => ({ member, decision })));
  }

  /** No further group comes. */
  complete(): void {
    this.#isComplete = true;
  }

  /** Returns once all that was added is released, or no more may be. */
  async deploy(): Promise<void> {
    for (;;) {
      await condition(() => this.#queue.length > 0 || this.#isComplete);
      if (this.#queue.length === 0) return;
      this.stopped = await this.#objection();
      if (this.stopped !== null) return;
      const wave = this.#queue.splice(0, this.#terms.waveSize);
      this.#done += 1;
      const about = (text: string) => this.#show([`**Wave ${this.#done}:** ${text}`, `${this.#queue.length} releases in the queue`]);
      about('approving');
      const approved = await this.#approve(await this.#unopposed(wave));
      this.released.push(...approved);
      await followDeployment(approved, this.#terms, about);
    }
  }

  /** Why the next wave may not begin; null: it may. */
  async #objection(): Promise<string | null> {
    if (this.released.length === 0) return null;
    const { counts, lost, waiting: late } = await followReleases({ workflowIds: this.released, until: 'deployed', intervalMs: this.#terms.deploymentPollMs, seen: null, tell: 'losses' }, 'what was released so far', this.#terms.settleWithinMs);
    const waiting = late.filter((workflowId) => !this.#accepted.includes(workflowId));
    if (lost.length <= this.#budget && waiting.length === 0) return null;
    const { terms, policy } = this.#queue[0]!.decision;
    const wave = this.#done + 1;
    const outcome = await this.#gates.pass(reviewGate(`wave-${wave}`, { wave, planned: this.result.planned, counts, lost, budget: this.#budget, waiting }, nextWaveCard, { terms, policy, withinMs: this.#terms.decideWithinMs }));
    if (outcome.state !== 'approved') return `${lost.length} failed or were taken back${waiting.length > 0 ? `, ${waiting.length} did not come to production in time` : ''}, and ${outcome.state === 'rejected' ? `${outcome.by} stopped it: ${outcome.reason}` : 'nobody let it go on'}`;
    this.#budget = Math.max(this.#budget, lost.length);
    this.#accepted.push(...waiting);
    return null;
  }

  /** The wave without those onto whose circuit another release has come since the review was planned: they wait on at their own gates. */
  async #unopposed(wave: readonly Queued[]): Promise<Queued[]> {
    const { busy } = await findBusyTargets({});
    return wave.filter(({ member: { workflowId, target }, decision }) => {
      const other = busy.find((each) => each.workflowId !== workflowId && targetLabel(each.target) === targetLabel(target));
      if (other) refuse(decision.result, [{ workflowId, reason: `version ${other.target.version} of ${targetLabel(target)} is in phase "${other.phase}"` }]);
      return other === undefined;
    });
  }

  /** Gives each group's decision to its members in this wave; answers the ids of those that took it. */
  async #approve(wave: readonly Queued[]): Promise<string[]> {
    const approved: string[] = [];
    for (const decision of new Set(wave.map((queued) => queued.decision))) {
      const members = wave.filter((queued) => queued.decision === decision).map(({ member }) => member);
      approved.push(...(await giveDecision(this.#run, `wave ${this.#done} ${decision.result.gate}`, decision, members, 'approve')));
    }
    return approved;
  }
}

/** Until each is in production or will not be; those in which nothing happens any more are left to themselves. */
export async function followDeployment(workflowIds: string[], { deploymentPollMs, settleWithinMs }: ReviewTerms, progress: (text: string) => void): Promise<void> {
  let seen: Counts | null = null;
  for (let done = workflowIds.length === 0; !done; ) {
    const followed: Awaited<ReturnType<typeof followReleases>> = await followReleases({ workflowIds, until: 'deployed', intervalMs: deploymentPollMs, seen, tell: 'everything' }, `${workflowIds.length} deployments`, settleWithinMs);
    seen = followed.counts;
    done = followed.done || followed.gaveUp;
    progress(`${describeCounts(seen)}${followed.gaveUp ? ', and nothing happens any more' : ''}`);
  }
}
