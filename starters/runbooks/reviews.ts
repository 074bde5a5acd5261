/** What looks after releases that wait. */
import { z } from 'zod';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { ReviewPhase, type ReviewPendingReleasesInput } from '../../workflows/domain/review-releases.ts';
import { unblockPhase, type UnblockReleaseInput } from '../../workflows/domain/review-stuck.ts';
import type { Runbook } from '../runbook.ts';
import { milliseconds, name, positive } from './input-fields.ts';

export const reviewPendingReleases: Runbook<ReviewPendingReleasesInput> = {
  name: 'reviewPendingReleases',
  description: 'Review all releases that wait for an approval together: critical plants first, similar circuits in one decision, deployed in waves',
  schema: z.strictObject({
    plant: name.optional(),
    gate: z.enum(['stage1', 'stage3'], 'must be stage1 or stage3').optional(),
    groupSize: positive.max(100, 'must be at most 100: nobody takes in more').optional(),
    waveSize: positive.max(100, 'must be at most 100').optional(),
    failureBudget: z.int('must be a whole number').min(0, 'must be 0 or more').optional(),
    decideWithinMs: milliseconds.optional(),
    deploymentPollMs: milliseconds.optional(),
    watchPollMs: milliseconds.optional(),
    settleWithinMs: milliseconds.optional(),
  }),
  workflowId: ({ plant, gate }) => ['reviewPendingReleases', plant ?? 'all', ...(gate === undefined ? [] : [gate])].join(':'),
  summary: ({ plant, gate }) => `Review what waits${gate === undefined ? '' : ` at ${gate}`}${plant === undefined ? '' : ` of ${plant}`}`,
  details: () => 'One decision for each group of similar circuits; leave some out with `except`.',
  searchAttributes: ({ plant }) => searchAttributePairs({ Phase: ReviewPhase.Gathering, ...(plant !== undefined && { Plant: plant }) }),
  attribute: (input) => input,
  isRepeatable: true,
};

export const unblockRelease: Runbook<UnblockReleaseInput> = {
  name: 'unblockRelease',
  description: 'Look after gates that have waited for too long: measure again, remind, widen, and let lapse what is below threshold',
  schema: z.strictObject({ olderThanMs: milliseconds.optional(), lapseAfterMs: milliseconds.optional(), tendEveryMs: milliseconds.optional(), plant: name.optional() }),
  workflowId: ({ plant }) => `unblockRelease:${plant ?? 'all'}`,
  summary: ({ plant }) => `Unblock what waits for too long${plant === undefined ? '' : ` of ${plant}`}`,
  details: () => 'By default: open for more than 12 hours. Run every hour by a schedule.',
  searchAttributes: ({ plant }) => searchAttributePairs({ Phase: unblockPhase, ...(plant !== undefined && { Plant: plant }) }),
  attribute: (input) => input,
  isRepeatable: true,
};
