/** What production serves with: its models, its batch jobs, its environment. */
import { z } from 'zod';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { rollBackModelId, targetLabel, updateEnvironmentId } from '../../workflows/domain/ids.ts';
import { mostFailures, type UpdateEnvironmentInput } from '../../workflows/domain/environment.ts';
import { RollBackModelPhase, UpdateEnvironmentPhase, RecoverBatchJobPhase } from '../../workflows/domain/phases.ts';
import { recoverBatchJobId, type RecoverBatchJobInput } from '../../workflows/domain/batch-recovery.ts';
import type { RollBackModelInput } from '../../workflows/domain/rollback.ts';
import type { Runbook } from '../runbook.ts';
import { positive, target, text } from './input-fields.ts';

export const rollBackModel: Runbook<RollBackModelInput> = {
  name: 'rollBackModel',
  description: 'Emergency: let production serve the previous version of a circuit\'s model, at once and without approval; reviewed afterwards',
  schema: z.strictObject({
    target,
    reason: text(1000),
    from: text(100).optional(),
    to: text(100).optional(),
    alert: z.strictObject({ name: text(200), id: text(1000).optional() }).optional(),
    startedBy: text(200).optional(),
  }),
  workflowId: ({ target: { plant, circuit } }) => rollBackModelId({ plant, circuit }),
  summary: ({ target, to }) => `Roll ${targetLabel(target)} back${to === undefined ? '' : ` to ${to}`}`,
  details: ({ reason, startedBy, alert }) => [reason, ...(startedBy === undefined ? [] : [`Started by ${startedBy}`]), ...(alert === undefined ? [] : [`Alert ${alert.name}`])].join('\n\n'),
  searchAttributes: ({ target: { plant, circuit }, to }) => searchAttributePairs({ Phase: RollBackModelPhase.Identify, Plant: plant, Circuit: circuit, ModelVersion: to ?? 'previous' }),
  attribute: ({ startedBy: _earlier, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
  isRepeatable: true,
};

export const recoverBatchJob: Runbook<RecoverBatchJobInput> = {
  name: 'recoverBatchJob',
  description: 'Find out from its log why a batch job of production failed, fix that within the bounds of the estate, retry it, and watch the next scheduled job',
  schema: z.strictObject({ target, jobName: text(255), alert: text(500).optional(), startedBy: text(200).optional() }),
  workflowId: recoverBatchJobId,
  summary: (input) => `Recover batch job ${input.jobName} of ${targetLabel(input.target)}`,
  details: ({ jobName, alert, startedBy }) => [`Failed job ${jobName}`, ...(alert === undefined ? [] : [`Alert ${alert}`]), ...(startedBy === undefined ? [] : [`Started by ${startedBy}`])].join('\n\n'),
  searchAttributes: ({ target: { plant, circuit } }) => searchAttributePairs({ Phase: RecoverBatchJobPhase.Identify, Plant: plant, Circuit: circuit }),
  attribute: ({ startedBy: _earlier, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
};

export const updateEnvironment: Runbook<UpdateEnvironmentInput> = {
  name: 'updateEnvironment',
  description: 'Roll a patch of the scoring environment out to every deployment, after a test with every model',
  schema: z.strictObject({
    repositoryId: text(200),
    pullRequestId: positive,
    notebook: z
      .strictObject({ link: text(1000).regex(/^(azureml|https):\/\/\S+$/, 'must be an address that begins with azureml:// or https://'), sha256: z.string('must be a text').regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits') })
      .optional(),
    maxParallel: positive.max(50, 'must be at most 50').optional(),
    failureBudget: z.int('must be a whole number').min(0, 'must be 0 or more').max(mostFailures, `must be at most ${mostFailures}: each failed model is named by a person`).optional(),
    waveSize: positive.max(50, 'must be at most 50').optional(),
    lockWaitMs: positive.max(3_600_000, 'must be at most 3600000: an hour').optional(),
    startedBy: text(200).optional(),
    again: z.strictObject({ reason: text(1000) }).optional(),
  }),
  workflowId: ({ repositoryId, pullRequestId }) => updateEnvironmentId(repositoryId, pullRequestId),
  summary: ({ pullRequestId }) => `Update the environment by pull request ${pullRequestId}`,
  details: ({ repositoryId, pullRequestId, startedBy, again }) =>
    [`Pull request ${pullRequestId} of repository ${repositoryId}`, ...(startedBy === undefined ? [] : [`Started by ${startedBy}`]), ...(again === undefined ? [] : [`Again, because: ${again.reason}`])].join('\n\n'),
  searchAttributes: () => searchAttributePairs({ Phase: UpdateEnvironmentPhase.Reading }),
  attribute({ startedBy: _earlier, again: _before, ...input }, { startedBy, again }) {
    return { ...input, ...(startedBy !== undefined && { startedBy }), ...(again !== undefined && { again }) };
  },
};
