/** Following the review of a pull request to its end: votes, the clock of who does not vote, the merge. */
import { CancellationScope, condition, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import { FreezeWait, type Held } from '../blocks/freeze-wait.ts';
import { sleepUntil } from '../blocks/gate-clock.ts';
import { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { lastLookMs, pollUntilSeen, Wakes } from '../blocks/woken-poll.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { ChangeRules, Judgement, OpenedPullRequest, ReviewStanding } from '../domain/configuration-change.ts';
import { elapsedTicks, needsCalendar, type Tick } from '../domain/gate-clock.ts';
import type { GateEvent } from '../domain/gate-event.ts';
import { judge, votesInWords } from '../domain/pull-request-review.ts';
import { freezeAt, freezeChanged } from '../releases/freeze-activities.ts';
import { releaseGateServices, tellBy } from '../releases/gate-services.ts';
import { loadPolicy, planGateClock } from '../releases/release-activities.ts';
import { awaitReview, completePullRequest } from './change-activities.ts';

/** Something has happened to the pull request, says a service hook; only the platform tells what. */
export const reviewSignal = defineSignal<[unknown?]>('review');

/** A merge that the platform refuses is asked for again after the estate's interval, then ever more seldom: milliseconds. */
const longestPauseMs = 3_600_000;

export interface ReviewedChange {
  repositoryId: string;
  pullRequest: OpenedPullRequest;
  title: string;
  /** What is reviewed: the commit that this run made. */
  commit: string;
  /** Canonical ids of whoever asked for the change. */
  excluded: string[];
  rules: ChangeRules;
}

export type ReviewEnd = Extract<Judgement, { kind: 'merged' | 'abandoned' | 'rejected' }> | { kind: 'expired'; deadline: string };

export class ReviewWatch {
  readonly #run: Run;
  readonly #freeze: FreezeWait;
  readonly #wakes = new Wakes();
  #known: string | null = null;
  #reviewers: string[] = [];

  /** In the run's first lines; its one gate is that of a freeze's override. */
  constructor(run: Run) {
    this.#run = run;
    this.#freeze = new FreezeWait(run, new Gates(run, releaseGateServices(run)));
    setHandler(reviewSignal, (value) => this.#wakes.hear(JSON.stringify(value ?? null)), { description: 'The pull request stands differently: {"pullRequestId", "standing"}; looks at it at once' });
  }

  /** Waits until the pull request is merged, abandoned or rejected, or until the clock has run out; merges it where the estate says so. */
  async follow(change: ReviewedChange): Promise<ReviewEnd> {
    const { clock } = change.rules;
    this.#reviewers = [...change.rules.reviewers];
    const openedAt = now().toISOString();
    const ticks = (needsCalendar(clock) ? await this.#run.attempt('Working hours could not be placed in time; the clock counts elapsed time', async () => (await planGateClock({ clock, openedAt, approvers: this.#reviewers })).ticks) : null) ?? elapsedTicks(clock, openedAt);
    const deadline = ticks.at(-1)!.at;
    this.#tell(change, 'opened', deadline, `${change.title}: ${change.pullRequest.url}`, this.#voters(change));
    const scope = new CancellationScope();
    scope.run(() => this.#runClock(change, ticks, deadline)).catch(() => undefined); // it only ends by being cancelled
    try {
      return await this.#untilDecided(change, deadline);
    } finally {
      scope.cancel();
    }
  }

  async #untilDecided(change: ReviewedChange, deadline: string): Promise<ReviewEnd> {
    const { repositoryId, pullRequest: { pullRequestId }, rules: { people, pollMs, mergeBy }, excluded, commit } = change;
    let refusals = 0;
    let hasConflict = false;
    for (;;) {
      const polled = await pollUntilSeen({
        wakes: this.#wakes,
        deadline: Date.parse(deadline),
        look: (boundMs, isLast) => awaitReview({ repositoryId, pullRequestId, known: this.#known, intervalMs: isLast ? lastLookMs : pollMs }, boundMs),
      });
      if (polled.kind === 'expired') return { kind: 'expired', deadline };
      const { standing, digest } = polled.value;
      this.#known = digest;
      const judgement = judge(standing, { people, reviewers: this.#reviewers, excluded, commit });
      this.#show(change, standing, judgement, deadline);
      if (judgement.kind === 'merged' || judgement.kind === 'abandoned' || judgement.kind === 'rejected') return judgement;

      if (standing.mergeStatus === 'conflicts' && !hasConflict) {
        hasConflict = true;
        this.#finding(change, 'the pull request conflicts with the target branch', `${change.pullRequest.url}: ${change.rules.branch} has changed the same lines meanwhile. Resolve it on the pull request's page, or abandon it and start again`);
      }
      if (judgement.kind !== 'approved' || mergeBy === 'people') continue;
      const frozen = await this.#waitOutFreeze(change);
      if (typeof frozen === 'object') return frozen;
      if (frozen) { // votes may have been taken back meanwhile
        this.#known = null;
        continue;
      }
      const heard = this.#wakes.count;
      const merge = await completePullRequest({ repositoryId, pullRequestId, commit });
      if (merge.state === 'asked') continue;
      refusals += 1;
      if (refusals === 1) this.#finding(change, 'the platform does not merge the pull request yet', merge.reason);
      // A policy may be satisfied without the pull request itself changing: looked at again, whatever is known.
      await condition(() => this.#wakes.count > heard, Math.max(Math.min(pollMs * 2 ** (refusals - 1), longestPauseMs, Date.parse(deadline) - now().getTime()), 1000));
      if (now().getTime() < Date.parse(deadline)) this.#known = null;
    }
  }

  /** Holds a merge that this run would make: whether there was anything to wait for, or what ended the review. What was approved in time does not expire by a freeze. */
  async #waitOutFreeze(change: ReviewedChange): Promise<boolean | Extract<ReviewEnd, { kind: 'rejected' }>> {
    if (this.#run.target === null) return false;
    const { plant, circuit } = this.#run.target;
    const [target, action] = [{ plant, circuit }, 'configurationChange' as const];
    const look = (at: string) => freezeAt({ targets: [target], action }, at);
    const standing = await look(now().toISOString());
    if (!this.#freeze.holds(standing)) return false;
    let over: string | null = null;
    const beside = new CancellationScope();
    beside.run(() => this.#untilDoubtful(change)).then((why) => (over = why), () => undefined); // it only fails by being cancelled
    const held: Held = {
      what: `the merge of pull request ${change.pullRequest.pullRequestId} (${change.title})`,
      requestedBy: change.excluded,
      phase: null, // the review goes on
      look,
      change: (known, boundMs) => freezeChanged({ targets: [target], action }, known, boundMs),
      policy: () => loadPolicy({ target }),
      alsoShow: [`Approved, and waits to be merged: ${change.pullRequest.url}`],
      undo: 'a pull request that takes it back; what is trained of it is tested, and asked about, before production.',
      over: () => over,
    };
    const { superseded } = await this.#freeze.pass(held, standing).finally(() => beside.cancel());
    return superseded === null || { kind: 'rejected', by: superseded.by, comment: superseded.reason };
  }

  /** Ends when a pull request that was approved is not any more, as far as somebody tells; says how it stands. */
  async #untilDoubtful({ repositoryId, pullRequest: { pullRequestId }, commit, excluded, rules: { people } }: ReviewedChange): Promise<string> {
    for (let heard = this.#wakes.count; ; ) {
      await condition(() => this.#wakes.count > heard);
      heard = this.#wakes.count;
      const found = await this.#run.attempt('The pull request could not be looked at', () => awaitReview({ repositoryId, pullRequestId, known: null, intervalMs: lastLookMs }, lastLookMs));
      const judgement = found && judge(found.standing, { people, reviewers: this.#reviewers, excluded, commit });
      if (judgement && judgement.kind !== 'approved') return `pull request ${pullRequestId} is ${judgement.kind}`;
    }
  }

  async #runClock(change: ReviewedChange, ticks: readonly Tick[], deadline: string): Promise<void> {
    for (const tick of ticks) {
      if (tick.kind === 'decide') return; // the poll's own bound
      await sleepUntil(tick.at, `Review of pull request ${change.pullRequest.pullRequestId}: ${tick.kind}`);
      if (tick.kind === 'remind') this.#tell(change, 'reminded', deadline, `Still waits for a vote: ${change.pullRequest.url}`, this.#voters(change), tick.at);
      if (tick.kind === 'escalate') this.#tell(change, 'escalated', deadline, `Nobody has voted yet: ${change.pullRequest.url}. It is withdrawn at ${deadline}`, [tick.to], tick.at);
      if (tick.kind === 'widen') this.#widen(change, tick, deadline);
    }
  }

  #widen(change: ReviewedChange, tick: Extract<Tick, { kind: 'widen' }>, deadline: string): void {
    const added = tick.approvers.filter((person) => !this.#reviewers.includes(person));
    this.#reviewers.push(...added);
    this.#run.record.add({ kind: 'policyChanged', gate: 'review', changes: [`may review now as well: ${added.join(', ')}`], estateDigest: change.rules.digest });
    this.#tell(change, 'widened', deadline, `You may review it now as well: ${change.pullRequest.url}`, added, tick.at);
    // A vote that is known already may count from now on.
    this.#known = null;
    this.#wakes.nudge();
  }

  #voters({ excluded }: ReviewedChange): string[] {
    return this.#reviewers.filter((person) => !excluded.includes(person));
  }

  #show({ pullRequest: { pullRequestId, url } }: ReviewedChange, { votes }: ReviewStanding, judgement: Judgement, deadline: string): void {
    this.#run.progress([`[Pull request ${pullRequestId}](${url}), until ${deadline.slice(0, 16)}Z`, ...votesInWords(votes), judgement.kind === 'waiting' ? `Waits for ${judgement.for}` : judgement.kind]);
  }

  #finding(change: ReviewedChange, what: string, detail: string): void {
    this.#run.note(`${what}: ${detail}`);
    this.#run.record.add({ kind: 'finding', what, detail });
    this.#tell(change, 'finding', null, `${what}: ${detail}`, this.#voters(change), what);
  }

  #tell({ rules: { severity }, title, pullRequest }: ReviewedChange, kind: GateEvent['kind'], deadline: string | null, text: string, to: string[], step = ''): void {
    if (to.length === 0) return;
    const { workflowId, firstExecutionRunId: runId, workflowType: runbook } = workflowInfo();
    // Without a digest of evidence there are no buttons: the decision is a vote on the pull request's page.
    tellBy(this.#run)(`review ${kind} ${step}`, { kind, severity, runbook, workflowId, runId, target: this.#run.target, gate: 'review', generation: 0, question: `Review pull request ${pullRequest.pullRequestId}: ${title}?`, recommendation: '', text, evidence: '', deadline, to });
  }
}
