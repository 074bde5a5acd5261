/** The runbooks as their starters see them: what goes in, what a run is called, what Temporal Web UI shows of it from the first moment. */
import type { SearchAttributePair } from '@temporalio/common';
import { z } from 'zod';
import { searchAttributePairs } from '../workflows/blocks/search-attribute-pairs.ts';
import { coordinateIncidentId, IncidentPhase, type CoordinateIncidentInput } from '../workflows/domain/incident.ts';
import { updateTrainingConfigId, type UpdateTrainingConfigInput } from '../workflows/domain/configuration-change.ts';
import { isTargetName, modelName, releaseChangeId, releaseModelId, rollBackModelId, targetLabel, updateEnvironmentId, investigateDegradationId } from '../workflows/domain/ids.ts';
import { mostFailures, type UpdateEnvironmentInput } from '../workflows/domain/environment.ts';
import { ReleaseChangePhase, ReleaseModelPhase, RollBackModelPhase, StageApprovalPhase, UpdateEnvironmentPhase, UpdateTrainingConfigPhase, RecoverBatchJobPhase, InvestigateDegradationPhase } from '../workflows/domain/phases.ts';
import { recoverBatchJobId, type RecoverBatchJobInput } from '../workflows/domain/batch-recovery.ts';
import { degradationDefaults, type InvestigateDegradationInput } from '../workflows/domain/degradation.ts';
import type { ReleaseChangeInput, ReleaseModelInput } from '../workflows/domain/release.ts';
import { approvePipelineStageId, checkForms, checkModes, type ApprovePipelineStageInput } from '../workflows/domain/stage-check.ts';
import type { RollBackModelInput } from '../workflows/domain/rollback.ts';
import { ReviewPhase, type ReviewPendingReleasesInput } from '../workflows/domain/review-releases.ts';
import { unblockPhase, type UnblockReleaseInput } from '../workflows/domain/review-stuck.ts';
import { sweepPhase, type SweepRunsInput } from '../workflows/domain/sweep-runs.ts';
import { reconcilePhase, type ReconcileAlertsInput } from '../workflows/domain/alert.ts';
import { reconcileHooksPhase, type ReconcileHooksInput } from '../workflows/domain/hook-reconciliation.ts';
import { severities } from '../workflows/domain/vocabulary.ts';
import { startCommand } from './command-line.ts';

/** Why a closed or running workflow of the same id may be run once more. */
export interface Again {
  reason: string;
}

export interface StartOptions {
  /** Who starts the run: may not approve what it releases. Left out by hooks, which start on nobody's wish but the author's. */
  startedBy?: string;
  again?: Again;
}

export interface Runbook<I extends object = object> {
  /** The workflow type. */
  name: string;
  /** One line for a list. */
  description: string;
  /** What `input` must look like; a complaint names the field. */
  schema: z.ZodType<I>;
  workflowId(input: I): string;
  /** One line, and markdown, shown by Temporal Web UI before any worker has taken the run up. */
  summary(input: I): string;
  details(input: I): string;
  searchAttributes(input: I): SearchAttributePair[];
  /** Puts into the input who starts the run and why again. Neither is taken from the input: it may be that of an earlier run. */
  attribute(input: I, options: StartOptions): I;
  /** Set where the same input means something new each time: an id that has ended may be started again without a reason. */
  isRepeatable?: true;
  /** Set where the same run must not be started again by itself: the way that leads to the same end. */
  insteadOfAgain?(input: I, again: Again): string;
}

const text = (most: number) => z.string('must be a text').trim().min(1, 'must not be empty').max(most, `must have at most ${most} characters`);
const positive = z.int('must be a whole number').positive('must be 1 or more');
const name = z.string('must be a text').refine(isTargetName, 'must be letters, digits and "-", at most 32, beginning with a letter or digit');
const label = z.string('must be a text').refine(isLabel, 'must be <plant>/<circuit>, such as P001/C001');
const target = z.strictObject({ plant: name, circuit: name });
const people = z.array(text(200), 'must be a list of names');

const releaseChange: Runbook<ReleaseChangeInput> = {
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

const releaseModel: Runbook<ReleaseModelInput> = {
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

const updateTrainingConfig: Runbook<UpdateTrainingConfigInput> = {
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

const guid = z.guid('must be a GUID');

/** Started by the receiver alone, when a check of Azure Pipelines comes in: by hand there would be no check to answer. */
export const approvePipelineStage: Runbook<ApprovePipelineStageInput> = {
  name: 'approvePipelineStage',
  description: 'Hold a stage of an Azure pipeline until people have decided',
  schema: z.strictObject({
    check: z.strictObject({ projectId: guid, hub: text(64), planId: guid, timelineId: guid, jobId: guid, taskInstanceId: guid }),
    buildId: positive,
    stage: text(200).nullable(),
    attempt: positive,
    environment: z.strictObject({ id: positive, name: text(200) }),
    mode: z.enum(checkModes),
    form: z.enum(checkForms),
    secret: text(127).nullable(),
  }),
  workflowId: approvePipelineStageId,
  summary: ({ stage, environment, buildId, mode }) => `${mode === 'observe' ? 'Observe' : 'Hold'} stage ${stage ?? '(unnamed)'} of run ${buildId} before ${environment.name}`,
  details: ({ buildId, stage, environment, mode }) => `Azure pipeline run ${buildId}, stage ${stage ?? '(unnamed)'}, environment ${environment.name}\n\nMode: ${mode}`,
  searchAttributes: () => searchAttributePairs({ Phase: StageApprovalPhase.Reading }),
  attribute: (input) => input,
};

const milliseconds = z.int('must be a whole number of milliseconds').positive('must be 1 or more');

const reviewPendingReleases: Runbook<ReviewPendingReleasesInput> = {
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

const unblockRelease: Runbook<UnblockReleaseInput> = {
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

const sweepRuns: Runbook<SweepRunsInput> = {
  name: 'sweepRuns',
  description: 'Find runs that were terminated, reset or timed out from outside, and report each once',
  schema: z.strictObject({ lookBackMs: milliseconds.optional() }),
  workflowId: () => 'sweepRuns:all',
  summary: () => 'Find runs that were ended from outside',
  details: () => 'Looks back 26 hours by default. Run by a schedule.',
  searchAttributes: () => searchAttributePairs({ Phase: sweepPhase }),
  attribute: (input) => input,
  isRepeatable: true,
};

const recoverBatchJob: Runbook<RecoverBatchJobInput> = {
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

const rollBackModel: Runbook<RollBackModelInput> = {
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

const share = z.number('must be a number').positive('must be more than 0').max(100, 'must be at most 100');
const day = z.iso.date('must be a date such as "2015-12-31"');
const datastoreUri = text(2_000).regex(/^azureml:\/\/datastores\/[^/]+\/paths\/.+/, 'must be azureml://datastores/<datastore>/paths/<path>');

const investigateDegradation: Runbook<InvestigateDegradationInput> = {
  name: 'investigateDegradation',
  description: 'Find out why a circuit\'s predictions became worse: its data, drift, or the model; and start what mends it',
  schema: z
    .strictObject({
      target,
      alert: z.strictObject({ name: text(200), id: text(1000).optional() }).optional(),
      window: z.enum(['week', 'month'], 'must be week or month').optional(),
      windows: positive.max(60, 'must be at most 60').optional(),
      asOf: day.optional(),
      predictionsUri: datastoreUri.optional(),
      dataUri: datastoreUri.optional(),
      features: z.array(text(100), 'must be a list of columns').min(1, 'must name at least one column, or be left out').max(20, 'must be at most 20').optional(),
      thresholds: z.strictObject({ worseBy: share, farWorseBy: share, minimumRows: positive.max(10_000), psi: share, ksP: share.max(1, 'must be at most 1'), driftDays: positive.min(7, 'must be at least 7').max(366, 'must be at most 366'), lateDays: z.int().min(0).max(366), faultyShare: share.max(1, 'must be at most 1') }).partial().optional(),
      recheckEveryMs: milliseconds.optional(),
      waitForDataMs: z.int('must be a whole number of milliseconds').min(0, 'must be 0 or more').optional(),
      outcomeWithinMs: milliseconds.optional(),
      startedBy: text(200).optional(),
    })
    .refine(({ recheckEveryMs: every = degradationDefaults.recheckEveryMs, waitForDataMs: wait = degradationDefaults.waitForDataMs }) => wait <= 50 * every, { path: ['recheckEveryMs'], error: 'must be at least a fiftieth of waitForDataMs' }),
  workflowId: ({ target: { plant, circuit } }) => investigateDegradationId({ plant, circuit }),
  summary: ({ target }) => `Investigate the predictions of ${targetLabel(target)}`,
  details: ({ alert, asOf, startedBy }) => [alert === undefined ? 'Without an alert' : `Alert ${alert.name}`, ...(asOf === undefined ? [] : [`As of ${asOf}`]), ...(startedBy === undefined ? [] : [`Started by ${startedBy}`])].join('\n\n'),
  searchAttributes: ({ target: { plant, circuit } }) => searchAttributePairs({ Phase: InvestigateDegradationPhase.Alert, Plant: plant, Circuit: circuit, ModelVersion: 'serving' }),
  attribute: ({ startedBy: _earlier, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
  isRepeatable: true,
};

const reconcileAlerts: Runbook<ReconcileAlertsInput> = {
  name: 'reconcileAlerts',
  description: 'Read the active alerts of every source, take up those that no webhook told of, and close those that fire no more',
  schema: z.strictObject({ graceMs: milliseconds.optional() }),
  workflowId: () => 'reconcileAlerts:all',
  summary: () => 'Reconcile the active alerts',
  details: () => 'Run when the receiver starts, and by a schedule.',
  searchAttributes: () => searchAttributePairs({ Phase: reconcilePhase }),
  attribute: (input) => input,
  isRepeatable: true,
};

const reconcileHooks: Runbook<ReconcileHooksInput> = {
  name: 'reconcileHooks',
  description: 'Read in Azure DevOps what was merged and built, and start or wake what no service hook has told',
  schema: z.strictObject({ lookBackMs: milliseconds.optional() }),
  workflowId: () => 'reconcileHooks:all',
  summary: () => 'Make up for missed service hooks',
  details: () => 'Looks back 72 hours by default. Run by a schedule.',
  searchAttributes: () => searchAttributePairs({ Phase: reconcileHooksPhase }),
  attribute: (input) => input,
  isRepeatable: true,
};

const coordinateIncident: Runbook<CoordinateIncidentInput> = {
  name: 'coordinateIncident',
  description: 'Coordinate an incident: acknowledgement, assessment, roles, updates on the clock, escalation, resolution, post-mortem',
  schema: z.strictObject({
    incident: text(200),
    title: text(200),
    severity: z.enum(severities, `must be one of ${severities.join(', ')}`),
    target: target.optional(),
    service: text(100).optional(),
    reportedBy: text(200).optional(),
    startedBy: text(200).optional(),
  }),
  workflowId: coordinateIncidentId,
  summary: ({ severity, title }) => `${severity} incident: ${title}`,
  details: ({ target, service, reportedBy, startedBy }) => [`Affected: ${target ? targetLabel(target) : (service ?? 'not said')}`, ...(reportedBy === undefined ? [] : [`Reported by ${reportedBy}`]), ...(startedBy === undefined ? [] : [`Started by ${startedBy}`])].join('\n\n'),
  searchAttributes: ({ target }) => searchAttributePairs({ Phase: IncidentPhase.Alert, ...(target && { Plant: target.plant, Circuit: target.circuit }) }),
  attribute: ({ startedBy: _earlier, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
  insteadOfAgain: ({ incident, ...input }) => `An incident is coordinated once. If it is back, it is a new one, with a key of its own:\n  ${startCommand('coordinateIncident', { ...input, incident: `${incident}-2` })}`,
};

/** All runbooks that can be started, in the order in which they are listed. */
export const runbooks: readonly Runbook[] = [releaseChange, releaseModel, rollBackModel, reviewPendingReleases, unblockRelease, sweepRuns, updateEnvironment, coordinateIncident, reconcileAlerts, reconcileHooks, updateTrainingConfig, recoverBatchJob, investigateDegradation];

export { coordinateIncident, investigateDegradation, reconcileAlerts, reconcileHooks, recoverBatchJob, releaseChange, releaseModel, reviewPendingReleases, rollBackModel, sweepRuns, unblockRelease, updateTrainingConfig };

/** An input that does not fit its runbook; the message names each wrong field on a line of its own. */
export class InputError extends Error {}

/** Checks a value against a runbook's schema. What was printed as the input of a run passes as it is. */
export function parseInput<I extends object>(runbook: Runbook<I>, value: unknown): I {
  const parsed = runbook.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${[...issue.path, key].join('.')}: is not a field of this input`);
    const isMissing = issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined;
    return [`${path || 'the input'}: ${isMissing ? 'is missing' : issue.message}`];
  });
  throw new InputError(`The input does not fit ${runbook.name}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined), value);
}

function isLabel(value: string): boolean {
  const parts = value.split('/');
  return parts.length === 2 && parts.every(isTargetName);
}

/** Web UI shows 200 bytes of a summary. */
function shortList(labels: readonly string[]): string {
  return labels.length > 3 ? `${labels.slice(0, 3).join(', ')} and ${labels.length - 3} more` : labels.join(', ');
}
