/** A change of a circuit's configuration by pull request, from the edit to the merge: what the runbooks that tune and retrain share. */
import { workflowInfo } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import type { ChangeProposal, ChangeRules, OpenedPullRequest, Plan, PlannedChange } from '../domain/configuration-change.ts';
import { targetLabel } from '../domain/ids.ts';
import type { StepKey } from '../domain/keys.ts';
import { canonicalPerson } from '../domain/policy.ts';
import { runMarker } from '../domain/pull-request-review.ts';
import { openPullRequest, planConfigurationChange, pushConfigurationChange, withdrawChange } from './change-activities.ts';
import { ReviewWatch, type ReviewEnd } from './review-watch.ts';

export type Opened = { kind: 'opened'; pullRequest: OpenedPullRequest; commit: string } | { kind: 'taken'; reason: string };

/** `reason`: one sentence, for the run's result. */
export type Reviewed = ReviewEnd & { reason: string };

/** One change: planned, opened, reviewed, in this order. What it has made is taken back when the run fails, is cancelled, or is told no. */
export class ConfigurationChange {
  readonly #run: Run;
  readonly #watch: ReviewWatch;
  readonly proposal: ChangeProposal;
  /** Takes the undo back. */
  #takenBack: () => void = () => undefined;
  #settleMs = 0;
  #opened: number | null = null;

  /** In the run's first lines, for the service hooks' signal may come at any time; or later, with a watch that was made there. */
  constructor(run: Run, proposal: ChangeProposal, watch = new ReviewWatch(run)) {
    this.#run = run;
    this.#watch = watch;
    this.proposal = proposal;
  }

  /** Why nobody could review it; null where somebody can. */
  withoutReviewer({ reviewers, people }: ChangeRules): string | null {
    const { requestedBy } = this.proposal;
    const voters = reviewers.filter((person) => requestedBy === null || person !== canonicalPerson(people, requestedBy));
    return voters.length > 0 ? null : `nobody could review it: ${reviewers.join(', ')} asked for the change. Name another reviewer in the estate (changes.review.approvers)`;
  }

  /** What the edit would change on the release branch. A value out of range, a malformed file and an edit that changes nothing are answers. */
  async plan({ repository, branch }: ChangeRules): Promise<Plan> {
    const { target, edit } = this.proposal;
    const plan = await planConfigurationChange({ repository, branch, target, edit });
    if (plan.kind === 'planned') for (const note of plan.notes) this.#run.note(note);
    return plan;
  }

  /**
   * Makes the branch and its pull request. A branch of this name that is not this run's stays as it is. A merge is not taken back: where the run is cut short after one, seen or not, what
   * follows from it is left to `afterMerge`, which answers a sentence.
   */
  async open({ repositoryId, path, baseCommit, changes, difference }: PlannedChange, rules: ChangeRules, afterMerge: (pullRequestId: number) => Promise<string>): Promise<Opened> {
    const { edit, branch, title, requestedBy } = this.proposal;
    const source = `refs/heads/${branch}`;
    const key = this.#run.key('push the change');
    this.#takenBack = this.#run.compensations.register({ step: `branch ${branch} and its pull request`, undo: async () => {
      const { merged, said } = await this.#withdraw(repositoryId, rules, key);
      return merged === null ? said : `${said}; ${await afterMerge(merged)}`;
    } });
    const pushed = await pushConfigurationChange({ key, repositoryId, path, baseCommit, edit, ref: source, title, requestedBy });
    if (pushed.kind === 'taken') {
      this.#takenBack();
      return { kind: 'taken', reason: `branch ${branch} is there already and is not this run's: ${pushed.commit.slice(0, 8)} by ${pushed.by}, "${pushed.comment}". Delete it once it is not needed any more, and start again` };
    }
    this.#settleMs = pushed.uncertain ? rules.settleMs : 0;
    this.#run.effect({ step: 'change', what: `${path}: ${changes.map(({ field, before, after }) => `${field} ${before ?? 'not set'} → ${after}`).join(', ')}`, platform: 'azure-devops', resource: source, before: baseCommit, after: pushed.commit });
    const pullRequest = await openPullRequest({ repositoryId, source, target: rules.branch, commit: pushed.commit, title, description: this.#description(path, difference) });
    this.#opened = pullRequest.pullRequestId;
    this.#run.effect({ step: 'pull request', what: title, platform: 'azure-devops', resource: pullRequest.url, before: null, after: String(pullRequest.pullRequestId) });
    return { kind: 'opened', pullRequest, commit: pushed.commit };
  }

  /** Follows the review to its end. What was turned down is taken back; what is merged leaves no branch behind. */
  async review({ repositoryId }: PlannedChange, { pullRequest, commit }: Extract<Opened, { kind: 'opened' }>, rules: ChangeRules): Promise<Reviewed> {
    const { title, requestedBy } = this.proposal;
    const excluded = requestedBy === null ? [] : [canonicalPerson(rules.people, requestedBy)];
    const end = await this.#watch.follow({ repositoryId, pullRequest, title, commit, excluded, rules });
    const reason = sentence(end, `pull request ${pullRequest.pullRequestId}`);
    if (end.kind === 'merged') {
      if (end.reviewedBy.length === 0) this.#run.record.add({ kind: 'finding', what: 'merged without the vote of a reviewer', detail: reason });
      this.#run.effect({ step: 'merge', what: title, platform: 'azure-devops', resource: pullRequest.url, before: null, after: rules.branch });
    }
    const left = await this.#run.attempt('Branch and pull request could not be taken back', () => this.#withdraw(repositoryId, rules, this.#run.key('push the change')));
    this.#takenBack();
    if (left?.said.includes('stays')) this.#run.note(left.said);
    return { ...end, reason };
  }

  async #withdraw(repositoryId: string, rules: ChangeRules, key: StepKey): Promise<{ merged: number | null; said: string }> {
    const { withdrawn, merged = null, left } = await withdrawChange({ key, repositoryId, source: `refs/heads/${this.proposal.branch}`, target: rules.branch, pullRequestId: this.#opened, settleMs: this.#settleMs });
    return { merged, said: [withdrawn.length === 0 ? 'there was nothing to take back' : `took back ${withdrawn.join(' and ')}`, ...(left === null ? [] : [left])].join('; ') };
  }

  #description(path: string, difference: readonly string[]): string {
    const { target, rationale, requestedBy } = this.proposal;
    const { workflowId } = workflowInfo();
    const asked = `Proposed by Holdpoint${requestedBy === null ? '' : ` for ${requestedBy}`}; only ${targetLabel(target)} is trained and released once this is merged.`;
    return [rationale.slice(0, 2_000), '', `\`${path}\`:`, '```diff', ...difference.join('\n').slice(0, 1_200).split('\n'), '```', '', asked, '', runMarker(workflowId)].join('\n');
  }
}

function sentence(end: ReviewEnd, which: string): string {
  if (end.kind === 'merged') return `${which} is merged${end.reviewedBy.length > 0 ? `, approved by ${end.reviewedBy.join(', ')}` : ` by ${end.by ?? 'somebody'}, without the vote of a reviewer`}`;
  if (end.kind === 'abandoned') return `${which} was abandoned${end.by === null ? '' : ` by ${end.by}`}`;
  if (end.kind === 'rejected') return `${end.by} rejected ${which}${end.comment === '' ? '' : `: ${end.comment}`}`;
  return `nobody's vote decided ${which} until ${end.deadline}`;
}
