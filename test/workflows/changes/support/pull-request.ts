/** A pull request of a run with activities that answer at once, as a test moves it. */
import { ApplicationFailure, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ChangeRules, ReviewStanding, UpdateTrainingConfigInput } from '../../../../workflows/domain/configuration-change.ts';
import { FailureType } from '../../../../workflows/domain/failures.ts';
import type { GateEvent } from '../../../../workflows/domain/gate-event.ts';
import { standingDigest } from '../../../../workflows/domain/pull-request-review.ts';
import { TaskQueue } from '../../../../workflows/domain/queues.ts';
import type { RecordEntry } from '../../../../workflows/domain/record.ts';
import type { updateTrainingConfig } from '../../../../workflows/index.ts';
import { releaseActivities, testChangeRules, type ReleaseActivities } from '../../../support/release-activities.ts';

let made = 0;

export const hour = 3_600_000;
export const waiting: ReviewStanding = { status: 'active', mergeStatus: 'succeeded', sourceCommit: 'f00d', votes: [], closedBy: null };
export const approved: ReviewStanding = { ...waiting, votes: [{ by: 'dana@example.com', vote: 10, comment: '' }] };
export const merged: ReviewStanding = { ...approved, status: 'completed', closedBy: 'holdpoint-service@example.com' };

/** A pull request that a test moves, and what the run did to it, told and put on record. */
export class PullRequest {
  standing: ReviewStanding = waiting;
  looks = 0;
  merges = 0;
  withdrawn = 0;
  /** A merge is not seen by any look: each came before it. */
  hidesMerge = false;
  readonly told: GateEvent[] = [];
  readonly entries: RecordEntry[] = [];
  readonly id = 1000 + (made += 1);
  /** How the merge is answered, first to last; asked and done afterwards. */
  refusals: string[] = [];

  activities(more: Partial<ReleaseActivities> = {}, rules: Partial<ChangeRules> = {}): Partial<ReleaseActivities> {
    return {
      // Seldom, for each look costs the time-skipping server a moment.
      loadChangeRules: async () => ({ ...testChangeRules, pollMs: 6 * hour, ...rules }),
      // The release itself is another test's matter: here its change turns out to configure nothing.
      readChange: async (input) => ({ ...(await releaseActivities().readChange(input)), circuits: [] }),
      openPullRequest: async () => ({ pullRequestId: this.id, url: `https://example.com/pr/${this.id}` }),
      awaitReview: async ({ known, intervalMs }) => {
        this.looks += 1;
        const digest = standingDigest(this.standing);
        if (digest === known || (this.hidesMerge && this.standing.status === 'completed')) throw ApplicationFailure.create({ type: FailureType.StillWatching, message: 'nothing new', nextRetryDelay: intervalMs });
        return { standing: this.standing, digest };
      },
      completePullRequest: async () => {
        this.merges += 1;
        const reason = this.refusals.shift();
        if (reason !== undefined) return { state: 'refused', reason };
        this.standing = { ...this.standing, status: 'completed', closedBy: 'holdpoint-service@example.com' };
        return { state: 'asked', reason: '' };
      },
      withdrawChange: async () => {
        this.withdrawn += 1;
        return this.standing.status === 'completed' ? { withdrawn: [], merged: this.id, left: null } : { withdrawn: ['pull request', 'branch'], merged: null, left: null };
      },
      notify: async ({ event }) => {
        this.told.push(event);
        return { delivered: ['chat'], failed: [] };
      },
      appendToRecord: async ({ run: { runbook }, entries }) => {
        if (runbook === 'updateTrainingConfig') this.entries.push(...entries);
        return { block: 1, digest: '0'.repeat(64) };
      },
      ...more,
    };
  }

  kinds(): string[] {
    return this.told.filter(({ gate }) => gate === 'review').map(({ kind }) => kind);
  }

  findings(): string[] {
    return this.entries.flatMap((entry) => (entry.kind === 'finding' ? [entry.what] : []));
  }
}

/** A run of its own; alice asked for it. */
export const startChange = ({ client }: TestWorkflowEnvironment, input: Partial<UpdateTrainingConfigInput> = {}) =>
  client.workflow.start<typeof updateTrainingConfig>('updateTrainingConfig', {
    taskQueue: TaskQueue.Runbooks, workflowId: `updateTrainingConfig:P001:C001:${(made += 1)}`,
    args: [{ target: { plant: 'P001', circuit: 'C001' }, hyperparameters: { learning_rate: 0.0005 }, rationale: 'it still learns', startedBy: 'alice', ...input }],
  });

/** The result, once the release that it names has ended too. */
export async function ended({ client }: TestWorkflowEnvironment, handle: WorkflowHandle<typeof updateTrainingConfig>) {
  const result = await handle.result();
  if (result.release) await client.workflow.getHandle(result.release.workflowId).result();
  return result;
}
