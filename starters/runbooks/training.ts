/** Trainings that fail. */
import { z } from 'zod';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { findTrainingFailuresId, resolveTrainingFailuresId } from '../../workflows/domain/failure-count.ts';
import { findFailuresPhase, ResolveTrainingFailuresPhase } from '../../workflows/domain/phases.ts';
import type { FindTrainingFailuresInput, ResolveTrainingFailuresInput } from '../../workflows/domain/training-failures.ts';
import type { Runbook } from '../runbook.ts';
import { text } from './input-fields.ts';

/** What the counter was told of refused submissions is said by the counter. Printed with its input, it is not taken over. */
const said = z.unknown().optional() as unknown as z.ZodOptional<z.ZodUndefined>;

export const resolveTrainingFailures: Runbook<ResolveTrainingFailuresInput> = {
  name: 'resolveTrainingFailures',
  description: 'Find out why trainings of a workspace fail, fix each cause or tell those who can, and retry the failed jobs only; starts by itself when too many fail',
  schema: z.strictObject({ workspace: text(255), jobs: z.array(text(255), 'must be a list of names of jobs').max(200, 'must name at most 200').optional(), refused: said, startedBy: text(200).optional() }),
  workflowId: ({ workspace }) => resolveTrainingFailuresId(workspace),
  summary: ({ workspace }) => `Resolve the training failures in ${workspace}`,
  details: ({ jobs = [], startedBy }) => [jobs.length === 0 ? 'Those that failed within the estate\'s time' : `${jobs.length} named jobs, and those that failed within the estate's time`, ...(startedBy === undefined ? [] : [`Started by ${startedBy}`])].join('\n\n'),
  searchAttributes: () => searchAttributePairs({ Phase: ResolveTrainingFailuresPhase.Identify }),
  attribute: ({ startedBy: _earlier, refused: _told, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
  isRepeatable: true,
};

export const findTrainingFailures: Runbook<FindTrainingFailuresInput> = {
  name: 'findTrainingFailures',
  description: 'Look for training jobs that failed, and have them counted',
  schema: z.strictObject({ alert: text(200).optional() }),
  workflowId: () => findTrainingFailuresId,
  summary: () => 'Look for training jobs that failed',
  details: () => 'Run by a schedule and by alerts; the counter of the workspace starts resolveTrainingFailures when there are too many.',
  searchAttributes: () => searchAttributePairs({ Phase: findFailuresPhase }),
  attribute: (input) => input,
  isRepeatable: true,
};
