/** Activities of a release that answer at once with plain data, for tests and benchmarks of the workflows alone; each can be replaced. No platform is behind them. */
import type { createAzureDevOpsActivities } from '../../activities/azure-devops/index.ts';
import type { createAttachmentActivities } from '../../activities/azure-devops/pull-request-attachment.ts';
import type { BatchDeploymentRef } from '../../activities/azure-ml/batch-deployment.ts';
import type { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import type { createAzureMonitorActivities } from '../../activities/azure-monitor/index.ts';
import type { createIncidentPolicyActivities } from '../../activities/estate/incident-policy.ts';
import type { createChangeRuleActivities } from '../../activities/estate/change-rules.ts';
import type { createFreezeActivities } from '../../activities/estate/freezes.ts';
import type { createFailureRuleActivities } from '../../activities/estate/failure-rules.ts';
import type { createDriftRuleActivities } from '../../activities/estate/drift-rules.ts';
import type { createEstateActivities } from '../../activities/estate/index.ts';
import type { createMlflowActivities } from '../../activities/mlflow/index.ts';
import type { createNotificationActivities } from '../../activities/notifications/index.ts';
import type { createRecordActivities } from '../../activities/record/index.ts';
import type { createRunsActivities } from '../../activities/runs/index.ts';
import type { ChangeRules } from '../../workflows/domain/configuration-change.ts';
import type { createStatisticsActivities } from '../../activities/statistics/index.ts';
import { elapsedTicks } from '../../workflows/domain/gate-clock.ts';
import { defaultFailureRules } from '../../workflows/domain/failure-count.ts';
import { defaultIncidentTerms } from '../../workflows/domain/incident.ts';
import { trainingJobName } from '../../workflows/domain/keys.ts';
import type { GateClock, GatePolicy, TargetPolicy } from '../../workflows/domain/policy.ts';
import type { DeploymentSnapshot, ReleaseModelInput } from '../../workflows/domain/release.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';

export type ReleaseActivities = ReturnType<typeof createAzureDevOpsActivities> &
  ReturnType<typeof createAttachmentActivities> &
  ReturnType<typeof createAzureMlActivities> &
  ReturnType<typeof createAzureMonitorActivities> &
  ReturnType<typeof createChangeRuleActivities> &
  ReturnType<typeof createDriftRuleActivities> &
  ReturnType<typeof createEstateActivities> &
  ReturnType<typeof createFreezeActivities> &
  ReturnType<typeof createFailureRuleActivities> &
  ReturnType<typeof createIncidentPolicyActivities> &
  ReturnType<typeof createMlflowActivities> &
  ReturnType<typeof createNotificationActivities> &
  ReturnType<typeof createStatisticsActivities> &
  Pick<ReturnType<typeof createRecordActivities>, 'appendToRecord' | 'verifyAnswers'> &
  Pick<ReturnType<typeof createRunsActivities>, 'awaitRelease' | 'findOlderRuns' | 'supersedeRun' | 'tellFailureCount'>;

const hour = 3_600_000;
const workspace = (name: string) => ({ subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'ml-platform', workspace: `${name}-ml-workspace` });
/** A clock that reminds once and then decides, in elapsed time. */
export const gateClock = (deadlineMs: number, remindAfterMs: number): GateClock => ({ remind: [{ afterMs: remindAfterMs, hours: 'elapsed' }], escalate: [], widen: [], decide: { afterMs: deadlineMs, hours: 'elapsed' } });

export const gatePolicy: GatePolicy = {
  quorum: 1, approvers: ['alice', 'bob', 'carol'], groups: [], mandatoryGroups: [], delegations: [], fourEyes: true, rejection: 'any', bindEvidence: false, identity: 'claimed', clock: gateClock(72 * hour, 4 * hour),
  onSilence: 'expire', evidence: { lifetimeMs: null, tolerance: {} }, opening: null, checklist: [], breakGlass: [], severity: 'P2',
};
const person = (id: string, aliases: string[] = []) => ({ id, aliases, calendar: null });

export function testPolicy(target: Target): TargetPolicy {
  return {
    digest: 'e'.repeat(64),
    target,
    people: [person('alice'), person('bob'), person('carol'), person('dana', ['dana@example.com'])],
    workspaces: { dev: workspace('dev'), test: workspace('test'), production: workspace('prod') },
    location: 'westeurope',
    registry: { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'ml-platform', registry: 'ml-registry' },
    endpoint: `batch-endpoint-plant-${target.plant}`,
    deployment: `deployment-circuit-${target.circuit}`,
    sensor: { station: 'Seattle', column: 'temp_max' },
    training: { command: 'node train.ts', code: 'sensor-training:1', environment: 'sensor-env:1', compute: 'cpu-cluster', dataUri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv', maxParallel: 5, pollMs: 1000, timeoutMs: hour },
    inference: { code: 'sensor-scoring:1', scoringScript: 'score.ts', environment: 'sensor-env:1', compute: 'cpu-cluster', dataUri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv', pollMs: 1000, timeoutMs: hour, minimumRows: 1 },
    severity: 'P2',
    gates: { stage1: gatePolicy, stage3: gatePolicy, rollback: { ...gatePolicy, fourEyes: false, clock: gateClock(hour / 2, hour / 6), onSilence: 'rollBack' } },
    approvalPer: 'circuit',
    supersede: 'keep', // the time-skipping server has no list of runs
    execution: { training: 'native' },
    inboxUrl: null,
    monitoring: { forMs: 1000, everyMs: 1000, runbookForMs: 24 * hour, rollbackForMs: 1000, breachSeverity: 3, onBreach: 'gate' },
    recovery: { miniBatchDivisor: 2, smallestMiniBatch: 1, timeoutFactor: 2, longestTimeoutMs: 600_000, maxRetries: 4, nextJobWithinMs: 26 * hour, pollMs: 1000 },
    settleMs: 1000,
  };
}

/** Who reviews a change: two people, reminded once, with an escalation. */
export const testChangeRules: ChangeRules = {
  repository: 'sensor-predictions', branch: 'refs/heads/main', people: testPolicy({ plant: 'P001', circuit: 'C001' }).people, severity: 'P2', reviewers: ['dana', 'carol'], groups: [],
  clock: { ...gateClock(72 * hour, 4 * hour), escalate: [{ to: 'manager', afterMs: 8 * hour, hours: 'elapsed' }] }, pollMs: 1000, mergeBy: 'holdpoint', settleMs: 1000, digest: 'c'.repeat(64),
};

export const testInput: ReleaseModelInput = {
  target: { plant: 'P001', circuit: 'C001' },
  model: 'P001-C001',
  version: '42-3f2a91c0',
  trainingJob: 'train-P001-C001-0a1b2c3d4e5f60718293',
  pullRequest: { id: 42, title: 'Tune hyperparameters for P001/C001', url: 'https://example.com/pr/42', createdBy: 'dana@example.com', repositoryId: 'b1a7' },
  requestedBy: ['dana@example.com'],
};

const serving: DeploymentSnapshot = { definition: { properties: { model: { assetId: 'model-1' } } }, model: 'model-1', tags: { model_version: '1' }, provisioningState: 'Succeeded' };
const metrics = { candidate: { mae: 1.9, rmse: 2.4, r2: 0.88 }, production: { mae: 2.1, rmse: 2.7, r2: 0.85 }, holdoutRows: 365 };

const errors = { rows: 30, mae: 2, rmse: 2.5, mape: 0.1, mapeRows: 30 };
const distance = { rows: 90, ks: 0.1, ksP: 0.5, psi: 0.1, psiByChance: 0.6, drifted: false };

/** A circuit with which nothing is wrong. */
export const steadyStatistics: ReturnType<typeof createStatisticsActivities> = {
  findPredictions: async () => ({ found: { jobName: 'batchjob-1', uri: 'azureml://datastores/workspaceblobstore/paths/predictions.csv', scoredAt: '2026-01-01T00:00:00.000Z' }, jobs: 1 }),
  measurePredictionErrors: async ({ asOf }) => ({ state: 'measured', detail: '30 days', current: { from: asOf, until: asOf, ...errors }, baseline: { ...errors, rows: 330 }, season: errors, trend: [{ from: asOf, until: asOf, ...errors }] }),
  checkCircuitData: async ({ asOf }) => ({ from: asOf, until: asOf, rows: 90, newest: asOf, findings: [] }),
  measureCircuitDrift: async ({ asOf }) => ({ state: 'measured', detail: '1 features', from: asOf, until: asOf, features: [{ feature: 'temp_max', baseline: distance, season: distance, magnitude: 0.1, change: null }] }),
  readPlatformDriftReport: async ({ uri }) => ({ problem: `there is no drift report ${uri}` }),
  readDriftBaseline: async () => ({ baseline: null, remark: null }),
  analyseDrift: async (input) => ({ ...(await steadyStatistics.measureCircuitDrift(input)), newest: input.asOf, baseline: { from: '2014-10-01', until: '2015-09-30', source: 'year before' } }),
  writeDriftReport: async ({ key }) => ({ reportUri: `azureml://datastores/workspaceblobstore/paths/reports/${key.key}/drift.html`, plotUri: `azureml://datastores/workspaceblobstore/paths/reports/${key.key}/distributions.svg` }),
  moveDriftBaseline: async ({ target: { plant, circuit }, dataUri, station, until, modelVersion }) => ({ asset: `drift-baseline-${plant}-${circuit}:${until}`, dataUri, station, from: '2015-01-01', until, trackedSince: until, modelVersion }),
  writeDegradationReport: async ({ key }) => ({ reportUri: `azureml://datastores/workspaceblobstore/paths/reports/${key.key}/report.html`, plotUri: `azureml://datastores/workspaceblobstore/paths/reports/${key.key}/trend.svg` }),
};

const placeOf = ({ workspace, endpoint, deployment }: BatchDeploymentRef) => `${workspace.workspace}/${endpoint}/${deployment}`;

/** All activities of a release; `replaced` are the ones that a test is about. */
export function releaseActivities(replaced: Partial<ReleaseActivities> = {}): ReleaseActivities {
  /** What the test workspace serves; production is as it always was. */
  const deployed = new Map<string, DeploymentSnapshot>();
  return {
    loadPolicy: async ({ target }) => testPolicy(target),
    loadIncidentPolicy: async () => ({ digest: 'e'.repeat(64), people: testPolicy(testInput.target).people, settleMs: 1000, terms: { ...defaultIncidentTerms, bridge: 'https://meet.example.com/incident', escalate: [{ afterMs: 5 * 60_000, to: 'on-call' }, { afterMs: 15 * 60_000, to: 'manager' }], leadership: { afterMs: hour / 2, to: 'leadership' } } }),
    namedCircuits: async () => ({ named: null }),
    findLastChanges: async () => ({ changes: [] }),
    loadCircuits: async ({ targets }) => {
      const policies = targets.map(testPolicy);
      return { circuits: policies.map(({ target, severity, sensor: { column }, endpoint, deployment }) => ({ target, severity, column, endpoint, deployment, terms: {} })), production: policies[0]?.workspaces.production ?? null };
    },
    loadFleet: async () => ({ circuits: [], production: null }),
    readEnvironmentChange: async ({ repositoryId, pullRequestId }) => ({
      pullRequest: { id: pullRequestId, title: 'Fix logging', url: 'https://example.com/pr/43', createdBy: 'dana@example.com', repository: 'sensor-predictions', repositoryId, targetRefName: 'refs/heads/main', mergeCommit: 'c0ffee' },
      environment: { name: 'custom-tf-env', version: '1.5.1', image: 'example.com/tf:2', conda: null, description: '', tags: { backward_compatible: 'true', requires_retrain: 'false', change_summary: 'Fixed logging bug' } },
      previous: { name: 'custom-tf-env', version: '1.5.0' },
      refused: [],
    }),
    registerEnvironment: async ({ workspace: { workspace: name }, environment }) => ({ environmentId: `${name}/environments/${environment.name}/versions/${environment.version}`, state: 'registered' }),
    checkNotebook: async ({ notebook }) => ({ ...notebook, isRead: true, findings: [], cells: 4, executed: 4 }),
    keepReport: async ({ name }) => ({ uri: `azureml://datastores/workspaceblobstore/paths/holdpoint/1/${name}`, sha256: '0'.repeat(64) }),
    readBatchSuccess: async () => ({ before: { ended: 70, failed: 1 }, after: { ended: 10, failed: 0 } }),
    watchAlertRates: async () => ({ kind: 'healthy', poll: 1, alerts: 0, expected: 0, rules: [] }),
    readFreeze: async () => ({ standing: null }),
    awaitFreezeChange: async () => ({ digest: '' }),
    loadReleaseRules: async () => ({ releaseBranch: 'refs/heads/main', maxParallel: 5, settleMs: 1000, digest: 'e'.repeat(64) }),
    readChange: async ({ repositoryId, pullRequestId }) => ({
      pullRequest: { id: pullRequestId, title: 'Tune hyperparameters for P001/C001', url: 'https://example.com/pr/42', createdBy: 'dana@example.com', repository: 'sensor-predictions', repositoryId, targetRefName: 'refs/heads/main', mergeCommit: 'c0ffee' },
      circuits: [{ target: testInput.target, path: 'config/plants/P001/C001.yml', config: { cutoffDate: '2015-06-30', hyperparameters: { learning_rate: 0.01 } }, digest: '3f2a91c0'.padEnd(64, '0') }],
      refused: [],
      notes: [],
    }),
    loadFailureRules: async () => defaultFailureRules,
    findFailedTrainings: async () => ({ jobs: [], complete: true }),
    readTrainingFailure: async ({ jobName }) => ({ cause: 'unknown', evidence: null, details: { path: null, file: null, line: null, field: null, needed: null }, tail: [`${jobName} ended`], logUri: `https://example.com/${jobName}`, inputs: [], environmentId: null, computeId: null }),
    retryTrainingJob: async ({ jobName }) => ({ jobName }),
    readComputeQuota: async () => null,
    planEnvironmentRebuild: async ({ environmentId }) => ({ kind: 'none', reason: `${environmentId} cannot be read` }),
    locateConfigError: async ({ target: { plant, circuit } }) => ({ author: 'dana@example.com', url: 'https://example.com/pr/42', found: { path: `config/plants/${plant}/${circuit}.yml`, line: 4, reason: 'its training refused it' } }),
    tellFailureCount: async ({ failures = [] }) => ({ told: failures.length }),
    commentOnPullRequest: async () => ({ threadId: 1, uncertain: false }),
    closeDuplicateComments: async () => ({ closed: [] }),
    loadChangeRules: async () => testChangeRules,
    loadDriftRules: async () => ({ reportUri: null, changes: [], digest: 'd'.repeat(64) }),
    awaitRelease: async ({ target: { plant, circuit } }) => ({ kind: 'closed', workflowId: `releaseModel:${plant}:${circuit}:1`, version: '1', outcome: 'succeeded', reason: 'in production' }),
    planConfigurationChange: async ({ target: { plant, circuit } }) => ({
      kind: 'planned', repositoryId: 'b1a7', path: `config/plants/${plant}/${circuit}.yml`, baseCommit: 'ba5e', notes: [],
      changes: [{ field: 'training.hyperparameters.learning_rate', line: 4, before: '0.001', after: '0.0005' }],
      difference: ['-     learning_rate: 0.001', '+     learning_rate: 0.0005'],
    }),
    pushConfigurationChange: async () => ({ kind: 'pushed', commit: 'f00d', uncertain: false }),
    attachPicture: async () => ({ url: 'https://example.com/picture', linked: true }),
    openPullRequest: async () => ({ pullRequestId: 42, url: 'https://example.com/pr/42' }),
    awaitReview: async () => ({ standing: { status: 'completed', mergeStatus: 'succeeded', sourceCommit: 'f00d', votes: [{ by: 'dana@example.com', vote: 10, comment: '' }], closedBy: 'dana@example.com' }, digest: 'd1' }),
    completePullRequest: async () => ({ state: 'asked', reason: '' }),
    findCompletedChanges: async () => ({ changes: [], complete: true }),
    findEndedBuilds: async () => ({ builds: [] }),
    findMissedApprovals: async () => ({ answers: [] }),
    withdrawChange: async () => ({ withdrawn: [], merged: null, left: null }),
    findDeployedRelease: async () => ({ release: null }),
    startRedeploy: async () => ({ attempt: 2 }),
    awaitRedeploy: async ({ attempt }) => ({ state: 'succeeded', detail: `attempt ${attempt}` }),
    cancelRedeploy: async () => ({ cancelled: false }),
    createWorkItem: async () => ({ id: 7, url: 'https://example.com/workitems/7', uncertain: false }),
    closeDuplicateWorkItems: async () => ({ closed: [] }),
    fixModelVersion: async ({ base, again }) => ({ version: again ? `${base}-r1` : base, releasedBy: null }),
    submitTrainingJob: async ({ policy, key }) => ({ jobName: trainingJobName(policy.target, key) }),
    awaitJob: async ({ jobName }) => ({ jobName, status: 'Completed', error: null, durationMs: 2000 }),
    cancelJob: async () => ({ status: 'Canceled' }),
    awaitBuilds: async () => [{ id: 12, number: '20261121.1', pipeline: 'train', result: 'succeeded', url: null }],
    awaitBuildOrigin: async ({ buildId }) => ({ kind: 'change', repositoryId: 'b1a7', pullRequestId: 42, buildId, result: 'succeeded' }),
    readPublishedVersion: async () => ({ found: { version: '7', trainingJob: testInput.trainingJob } }),
    registerModel: async ({ version }) => ({ assetId: `azureml:P001-C001:${version}` }),
    readModelHistory: async () => [{ version: '1', mae: 2.1, trainingMs: 1900 }],
    readTrainingEvidence: async () => ({ anomalies: [], lines: 43, uri: 'https://example.com/log' }),
    promoteModel: async ({ model, version }) => ({ assetId: `azureml://registries/ml-registry/models/${model}/versions/${version}` }),
    readBatchDeployment: async (ref) => deployed.get(placeOf(ref)) ?? serving,
    deployBatchModel: async ({ model, tags, ...ref }) => {
      const snapshot = { ...serving, model, tags };
      if (ref.workspace.workspace === 'test-ml-workspace') deployed.set(placeOf(ref), snapshot);
      return snapshot;
    },
    switchBatchDeployment: async ({ model, tags }) => ({ writes: 1, found: { ...serving, model, tags: Object.fromEntries(Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null)) } }),
    readRegisteredModels: async () => ({ versions: [{ version: '1', assetId: 'azureml://registries/ml-registry/models/P001-C001/versions/1', verdict: 'good', problem: null }] }),
    recordVerdict: async ({ verdict }) => ({ verdict }),
    readBatchJobLog: async () => null,
    restoreBatchDeployment: async () => ({ state: 'restored', found: serving }),
    invokeBatchEndpoint: async () => ({ jobName: 'batchjob-1', outputUri: 'azureml://datastores/workspaceblobstore/paths/inference/1/predictions.csv', uncertain: false }),
    cancelDuplicateInvocations: async () => ({ cancelled: [] }),
    deployTrial: async () => ({ model: serving.model }),
    checkTrial: async ({ jobName, outputUri }) => ({ jobName, passed: true, findings: [], rows: 365, minimum: -2, maximum: 31, outputUri, logUri: 'https://example.com/log' }),
    checkInference: async ({ jobName, outputUri }) => ({ jobName, passed: true, findings: [], rows: 365, minimum: -2, maximum: 31, outputUri, logUri: 'https://example.com/log' }),
    readBatchJob: async ({ jobName }) => ({ jobName, status: 'Failed', deployment: 'deployment-circuit-C001', dataUri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv', outputUri: null, experimentName: 'scheduled', createdAt: '2026-11-21T06:00:00.000Z', key: null }),
    readJobFailure: async () => ({ cause: 'memory', evidence: { source: 'log', line: 'FATAL ERROR: JavaScript heap out of memory', number: 3 }, tail: ['FATAL ERROR: JavaScript heap out of memory'], hasLog: true, logUri: 'https://example.com/log' }),
    findFailedJob: async () => ({ jobName: 'nightly-1' }),
    findLaterJobs: async () => ({ jobs: [] }),
    awaitNextJob: async ({ deployment }) => ({ jobName: 'nightly-2', status: 'Completed', deployment, dataUri: null, outputUri: null, experimentName: 'scheduled', createdAt: '2026-11-22T06:00:00.000Z', key: null, end: { jobName: 'nightly-2', status: 'Completed', error: null, durationMs: 2000 } }),
    checkBatchData: async ({ uris }) => ({ data: uris.map((uri) => ({ uri, isThere: true })) }),
    checkEnvironment: async ({ environment }) => ({ id: environment, isThere: true }),
    readFiringAlerts: async () => ({ ids: [], rules: [] }),
    readModelVersion: async () => ({ found: true, isArchived: false, provisioningState: 'Succeeded' }),
    readModelFiles: async () => ({ files: 2, bytes: 14_000, unreadable: [] }),
    readPullRequest: async () => ({ status: 'completed', targetRefName: 'refs/heads/main', mergeCommit: 'c0ffee' }),
    readAlertRules: async () => ({ alerts: [] }),
    watchAlerts: async () => ({ kind: 'healthy', polls: 1, alerts: 0 }),
    readRunMetrics: async () => ({ metrics, rows: 1000, droppedRows: 0 }),
    notify: async () => ({ delivered: ['chat'], failed: [] }),
    appendToRecord: async () => ({ block: 1, digest: '0'.repeat(64) }),
    verifyAnswers: async ({ answers }) => ({ answers: answers.map(({ id }) => ({ id, level: 'claimed', by: null, via: null, problem: 'no key is known here' })) }),
    planGateClock: async ({ clock, openedAt }) => ({ ticks: elapsedTicks(clock, openedAt) }),
    findOlderRuns: async () => ({ runs: [] }),
    supersedeRun: async () => ({ sent: true }),
    ...steadyStatistics,
    nextOpening: async ({ from }) => ({ from, until: '9999-12-31T00:00:00.000Z' }),
    ...replaced,
  };
}
