/** Releases: what a merged pull request changes, and one model version on its way to production. */
import { z } from 'zod';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { modelName, releaseChangeId, releaseModelId, targetLabel } from '../../workflows/domain/ids.ts';
import { ReleaseChangePhase, ReleaseModelPhase } from '../../workflows/domain/phases.ts';
import type { ReleaseChangeInput, ReleaseModelInput } from '../../workflows/domain/release.ts';
import { startCommand } from '../command-line.ts';
import type { Runbook } from '../runbook.ts';
import { label, people, positive, shortList, target, text } from './input-fields.ts';

export const releaseChange: Runbook<ReleaseChangeInput> = {
  name: 'releaseChange',
  description: 'Train and register the circuits that a merged pull request changed, and start one releaseModel for each',
  schema: z.strictObject({
    repositoryId: text(200),
    pullRequestId: positive,
    maxParallel: positive.optional(),
    only: z.array(label, 'must be a list of circuits').min(1, 'must name at least one circuit, or be left out').optional(),
    startedBy: text(200).optional(),
    again: z.strictObject({ reason: text(1000) }).optional(),
  }),
  workflowId: ({ repositoryId, pullRequestId }) => releaseChangeId(repositoryId, pullRequestId),
  summary: ({ pullRequestId, only }) => `Release pull request ${pullRequestId}${only === undefined ? '' : `, only ${shortList(only)}`}`,
  details: ({ repositoryId, pullRequestId, startedBy, again }) =>
    [`Pull request ${pullRequestId} of repository ${repositoryId}`, ...(startedBy === undefined ? [] : [`Started by ${startedBy}`]), ...(again === undefined ? [] : [`Again, because: ${again.reason}`])].join('\n\n'),
  searchAttributes: () => searchAttributePairs({ Phase: ReleaseChangePhase.Reading }),
  attribute({ startedBy: _earlier, again: _before, ...input }, { startedBy, again }) {
    return { ...input, ...(startedBy !== undefined && { startedBy }), ...(again !== undefined && { again }) };
  },
};

export const releaseModel: Runbook<ReleaseModelInput> = {
  name: 'releaseModel',
  description: 'Take one trained and registered model version through its approvals into production, and watch it there',
  schema: z
    .strictObject({
      target,
      model: text(255),
      version: text(100),
      trainingJob: text(255),
      pullRequest: z.strictObject({ id: positive, title: text(4000), url: text(2000), createdBy: text(200), repositoryId: text(200) }),
      requestedBy: people,
      /** Printed with the input of a release that was approved with its change; it is not taken over. */
      stage1: z.unknown().optional() as unknown as z.ZodOptional<z.ZodUndefined>,
    })
    .refine((input) => input.model === modelName(input.target), { path: ['model'], error: ({ input }) => `must be the name of the target's model, ${modelName((input as ReleaseModelInput).target)}` }),
  workflowId: ({ target: { plant, circuit }, version }) => releaseModelId({ plant, circuit }, version),
  summary: (input) => `Release ${targetLabel(input.target)} version ${input.version}`,
  details: ({ pullRequest, requestedBy }) => `Pull request ${pullRequest.id}: ${pullRequest.title}\n\nAsked by ${requestedBy.join(', ')}`,
  searchAttributes: ({ target: { plant, circuit }, version }) => searchAttributePairs({ Phase: ReleaseModelPhase.Review, Plant: plant, Circuit: circuit, ModelVersion: version }),
  // The author is always among those who asked, whatever the input says: four-eyes rests on it.
  attribute: ({ stage1: _given, ...input }, { startedBy }) => ({ ...input, requestedBy: [...new Set([input.pullRequest.createdBy, ...input.requestedBy, ...(startedBy === undefined ? [] : [startedBy])])] }),
  insteadOfAgain(input, again) {
    const change = { repositoryId: input.pullRequest.repositoryId, pullRequestId: input.pullRequest.id, only: [targetLabel(input.target)] };
    return `A model version is released once: another try is a new version, trained anew. Start its change again:\n  ${startCommand('releaseChange', change, again.reason)}`;
  },
};
