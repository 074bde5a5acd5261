/** Why a model became worse, and the changes that train it anew. */
import { z } from 'zod';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { updateTrainingConfigId, type UpdateTrainingConfigInput } from '../../workflows/domain/configuration-change.ts';
import { targetLabel, investigateDegradationId, retrainOnDriftId } from '../../workflows/domain/ids.ts';
import { UpdateTrainingConfigPhase, InvestigateDegradationPhase, RetrainOnDriftPhase } from '../../workflows/domain/phases.ts';
import { degradationDefaults, type InvestigateDegradationInput } from '../../workflows/domain/degradation.ts';
import type { RetrainOnDriftInput } from '../../workflows/domain/drift-retraining.ts';
import type { Runbook } from '../runbook.ts';
import { milliseconds, positive, shortList, target, text } from './input-fields.ts';

const share = z.number('must be a number').positive('must be more than 0').max(100, 'must be at most 100');
const day = z.iso.date('must be a date such as "2015-12-31"');
const datastoreUri = text(2_000).regex(/^azureml:\/\/datastores\/[^/]+\/paths\/.+/, 'must be azureml://datastores/<datastore>/paths/<path>');

const alert = z.strictObject({ name: text(200), id: text(1000).optional() });
const features = z.array(text(100), 'must be a list of columns').min(1, 'must name at least one column, or be left out').max(20, 'must be at most 20');
const driftThresholds = { minimumRows: positive.max(10_000), psi: share, ksP: share.max(1, 'must be at most 1'), driftDays: positive.min(7, 'must be at least 7').max(366, 'must be at most 366') };

/** Who has asked, or investigated, is said by the runbook that starts the other one. Printed with its input, it is not taken over. */
const said = z.unknown().optional() as unknown as z.ZodOptional<z.ZodUndefined>;

export const updateTrainingConfig: Runbook<UpdateTrainingConfigInput> = {
  name: 'updateTrainingConfig',
  description: 'Change the hyperparameters of one circuit by a reviewed pull request, and have the circuit trained and released once it is merged',
  schema: z
    .strictObject({
      target,
      hyperparameters: z.record(text(100), z.number('must be a number')).refine((values) => Object.keys(values).length > 0, 'must name at least one, or be left out').optional(),
      cutoffDate: z.iso.date('must be a date such as 2025-12-09').optional(),
      rationale: text(2000),
      startedBy: text(200).optional(),
    })
    .refine(({ hyperparameters, cutoffDate }) => hyperparameters !== undefined || cutoffDate !== undefined, { path: ['hyperparameters'], error: 'must say what changes, such as {"learning_rate": 0.0005}' }),
  workflowId: ({ target: { plant, circuit } }) => updateTrainingConfigId({ plant, circuit }),
  summary: ({ target, hyperparameters = {}, cutoffDate }) => `Tune ${targetLabel(target)}: ${shortList([...Object.entries(hyperparameters).map(([key, value]) => `${key} ${value}`), ...(cutoffDate === undefined ? [] : [`cutoff_date ${cutoffDate}`])])}`.slice(0, 200),
  details: ({ rationale, startedBy }) => [rationale, ...(startedBy === undefined ? [] : [`Started by ${startedBy}`])].join('\n\n'),
  searchAttributes: ({ target: { plant, circuit } }) => searchAttributePairs({ Phase: UpdateTrainingConfigPhase.Edit, Plant: plant, Circuit: circuit, ModelVersion: 'proposed' }),
  attribute: ({ startedBy: _earlier, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
  isRepeatable: true,
};

export const investigateDegradation: Runbook<InvestigateDegradationInput> = {
  name: 'investigateDegradation',
  description: 'Find out why a circuit\'s predictions became worse: its data, drift, or the model; and start what mends it',
  schema: z
    .strictObject({
      target,
      alert: alert.optional(),
      window: z.enum(['week', 'month'], 'must be week or month').optional(),
      windows: positive.max(60, 'must be at most 60').optional(),
      asOf: day.optional(),
      predictionsUri: datastoreUri.optional(),
      dataUri: datastoreUri.optional(),
      features: features.optional(),
      thresholds: z.strictObject({ ...driftThresholds, worseBy: share, farWorseBy: share, lateDays: z.int().min(0).max(366), faultyShare: share.max(1, 'must be at most 1') }).partial().optional(),
      recheckEveryMs: milliseconds.optional(),
      waitForDataMs: z.int('must be a whole number of milliseconds').min(0, 'must be 0 or more').optional(),
      outcomeWithinMs: milliseconds.optional(),
      askedBy: said,
      startedBy: text(200).optional(),
    })
    .refine(({ recheckEveryMs: every = degradationDefaults.recheckEveryMs, waitForDataMs: wait = degradationDefaults.waitForDataMs }) => wait <= 50 * every, { path: ['recheckEveryMs'], error: 'must be at least a fiftieth of waitForDataMs' }),
  workflowId: ({ target: { plant, circuit } }) => investigateDegradationId({ plant, circuit }),
  summary: ({ target }) => `Investigate the predictions of ${targetLabel(target)}`,
  details: ({ alert, asOf, startedBy }) => [alert === undefined ? 'Without an alert' : `Alert ${alert.name}`, ...(asOf === undefined ? [] : [`As of ${asOf}`]), ...(startedBy === undefined ? [] : [`Started by ${startedBy}`])].join('\n\n'),
  searchAttributes: ({ target: { plant, circuit } }) => searchAttributePairs({ Phase: InvestigateDegradationPhase.Alert, Plant: plant, Circuit: circuit, ModelVersion: 'serving' }),
  attribute: ({ startedBy: _earlier, askedBy: _said, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
  isRepeatable: true,
};

export const retrainOnDrift: Runbook<RetrainOnDriftInput> = {
  name: 'retrainOnDrift',
  description: 'Retrain a circuit on recent data where its inputs drifted as expected and gradually, by a reviewed pull request; anything else is investigated, and a person decides',
  schema: z.strictObject({
    target,
    alert: alert.optional(),
    reason: text(1_200).optional(),
    asOf: day.optional(),
    dataUri: datastoreUri.optional(),
    reportUri: datastoreUri.optional(),
    features: features.optional(),
    baseline: z.strictObject({ from: day, until: day }).refine(({ from, until }) => from <= until, { path: ['until'], error: 'must not be before "from"' }).optional(),
    thresholds: z.strictObject(driftThresholds).partial().optional(),
    investigation: said,
    investigationWithinMs: milliseconds.optional(),
    releaseWithinMs: milliseconds.optional(),
    startedBy: text(200).optional(),
  }),
  workflowId: ({ target: { plant, circuit } }) => retrainOnDriftId({ plant, circuit }),
  summary: ({ target, asOf }) => `Drift of ${targetLabel(target)}${asOf === undefined ? '' : ` up to ${asOf}`}`,
  details: ({ alert: fired, reason, startedBy }) => [reason ?? (fired === undefined ? 'Without an alert' : `Alert ${fired.name}`), ...(startedBy === undefined ? [] : [`Started by ${startedBy}`])].join('\n\n'),
  searchAttributes: ({ target: { plant, circuit } }) => searchAttributePairs({ Phase: RetrainOnDriftPhase.Report, Plant: plant, Circuit: circuit, ModelVersion: 'proposed' }),
  attribute: ({ startedBy: _earlier, investigation: _said, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
  isRepeatable: true,
};
