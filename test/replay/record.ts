/**
 * Records the histories that CI replays and that are not there yet: `node test/replay/record.ts`. Histories are added when a runbook gains a path and kept when its code changes: that a
 * kept one still replays is what lets a release that waits for days survive a new version of the worker. Remove a file to have it recorded anew.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Verdict } from '../../workflows/domain/answer.ts';
import type { FailureCount } from '../../workflows/domain/failure-count.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { stepKey } from '../../workflows/domain/keys.ts';
import { AlertPhase, type AlertRouting } from '../../workflows/domain/alert.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import { freshAlert } from '../support/alerts.ts';
import { eventually } from '../support/eventually.ts';
import type { ReviewBypassInput } from '../../workflows/domain/review-bypass.ts';
import { fleetOf } from '../support/fleet.ts';
import { witnessed } from '../support/gate-runs.ts';
import { gatePolicy, releaseActivities, steadyStatistics, testInput, testPolicy, type ReleaseActivities } from '../support/release-activities.ts';
import { withReleaseWorkers } from '../support/release-worker.ts';
import { StageChecks } from '../support/stage-checks.ts';
import { startTemporal } from '../support/temporal-server.ts';
import { failedTrainings, trainedIn } from '../support/training-failures.ts';
import { releaseInput, startRelease, visible } from '../support/waiting-releases.ts';

const directory = fileURLToPath(new URL('./histories/', import.meta.url));

interface Path {
  name: string;
  activities?: Partial<ReleaseActivities>;
  runbook?: 'coordinateIncident' | 'countTrainingFailures' | 'finishRetraining' | 'followAlert' | 'investigateDegradation' | 'reconcileAlerts' | 'reconcileHooks' | 'recoverBatchJob' | 'releaseChange' | 'releaseModel' | 'resolveTrainingFailures' | 'retrainOnDrift' | 'reviewBypass' | 'reviewPendingReleases' | 'rollBackModel' | 'startForTargets' | 'unblockRelease' | 'updateEnvironment' | 'updateTrainingConfig';
  /** By default made of the name. */
  workflowId?: string;
  /** The input; by default that of a release, or of a change. */
  input?: object;
  /** What there must be before the run starts. */
  before?: (client: Client) => Promise<void>;
  /** What people do, in order, at the gates they do it at. */
  conduct: (handle: WorkflowHandle) => Promise<void>;
}

const atGate = async (handle: WorkflowHandle, gate: string, act: () => Promise<unknown>, generation = 0): Promise<void> => {
  await eventually(async () => {
    const open = await handle.query<GateView | null>('gate');
    if (open?.gate !== gate || open.generation !== generation) throw new Error(`${gate} is not open yet`);
  });
  await act();
};
const decide = (handle: WorkflowHandle, gate: string, by: string, more: { verdict?: Verdict; except?: string[]; generation?: number } = {}) => {
  const { generation, ...answer } = more;
  return atGate(handle, gate, () => handle.executeUpdate('decide', { args: [{ gate, verdict: 'approve', by, ...answer }] }), generation);
};
const breached = async () => ({ kind: 'breached' as const, poll: 2, alert: { id: 'a1', rule: 'mae-high', severity: 1, description: '' } });

/** Figures that change once the gate has shown them. */
function changingFigures(): Partial<ReleaseActivities> {
  let readings = 0;
  return {
    readRunMetrics: async (input) => {
      const read = await releaseActivities().readRunMetrics(input);
      readings += 1;
      return { ...read, metrics: { ...read.metrics, candidate: { ...read.metrics.candidate, mae: readings === 1 ? 1.9 : 2 } } };
    },
  };
}

/** Production serves version 2; before that it served version 1. */
const servingSecond: ReleaseActivities['readBatchDeployment'] = async () => ({ definition: {}, model: 'model-2', tags: { model_version: '2', previous_version: '1' }, provisioningState: 'Succeeded' });
const twoVersions: ReleaseActivities['readRegisteredModels'] = async () => ({ versions: ['1', '2'].map((version) => ({ version, assetId: `azureml:${version}`, verdict: version === '1' ? 'good' : null, problem: null })) });

/** Readings that are late at first; then a drift that the errors do not show yet. */
function lateData(): Partial<ReleaseActivities> {
  let looks = 0;
  return {
    checkCircuitData: async (input) => {
      looks += 1;
      const report = await steadyStatistics.checkCircuitData(input);
      return looks > 1 ? report : { ...report, findings: [{ fault: 'late', detail: 'the newest reading is 30 days late', days: 30, grave: true }] };
    },
    measureCircuitDrift: async (input) => {
      const report = await steadyStatistics.measureCircuitDrift(input);
      return { ...report, features: report.features.map((feature) => ({ ...feature, season: { ...feature.season!, drifted: true } })) };
    },
  };
}

/** Errors that grew, and nothing else. */
const badModel: Partial<ReleaseActivities> = {
  measurePredictionErrors: async (input) => {
    const report = await steadyStatistics.measurePredictionErrors(input);
    return { ...report, current: { ...report.current, mae: 3 } };
  },
};

/** A change of two circuits that is decided once for both. */
function jointChange(): Partial<ReleaseActivities> {
  const { activities, estate } = witnessed({}, {
    readChange: async (input) => {
      const change = await releaseActivities().readChange(input);
      return { ...change, circuits: change.circuits.flatMap((circuit) => ['C001', 'C002'].map((name, index) => ({ ...circuit, target: { ...circuit.target, circuit: name }, digest: `${index}`.padEnd(64, '0') }))) };
    },
  });
  estate.target = { approvalPer: 'change' };
  return activities;
}

/** A pull request that is approved when it is looked at first, and then merged; its release is another history's matter. */
function reviewedPullRequest(): Partial<ReleaseActivities> {
  let looks = 0;
  return {
    readChange: async (input) => ({ ...(await releaseActivities().readChange(input)), circuits: [] }),
    awaitReview: async (input) => {
      const { standing, digest } = await releaseActivities().awaitReview(input);
      looks += 1;
      return looks === 1 ? { standing: { ...standing, status: 'active', closedBy: null }, digest: 'd0' } : { standing, digest };
    },
  };
}

/** One feature drifted: as in the same season a year ago, or not. */
const moved = (season: boolean): Partial<ReleaseActivities> => ({
  ...reviewedPullRequest(),
  analyseDrift: async (input) => {
    const { features, ...analysis } = await steadyStatistics.analyseDrift(input);
    return { ...analysis, features: features.map((feature) => ({ ...feature, baseline: { ...feature.baseline!, drifted: true }, season: { ...feature.season!, drifted: !season } })) };
  },
  awaitRelease: async ({ target: { plant, circuit } }) => ({ kind: 'closed', workflowId: `releaseModel:${plant}:${circuit}:1`, version: '1', outcome: 'succeeded', reason: 'in production' }),
});

/** Releases of a plant of their own that wait at Stage 1. */
const waitingReleases = (plant: string, circuits: string[]) => async (client: Client): Promise<void> => {
  await Promise.all(circuits.map((circuit) => startRelease(client, releaseInput(plant, circuit, '1-aaaa'))));
  await visible(client, `Gate = 'stage1' AND Plant = '${plant}'`, circuits.length);
};

const bypass: ReviewBypassInput = {
  run: { workflowId: 'releaseModel:P001:C001:42', runId: 'r1', runbook: 'releaseModel', target: { ...testInput.target, version: '42' } },
  gate: 'stage3', by: 'alice', reason: 'production is down', incident: 'INC-7',
  policy: { ...gatePolicy, breakGlass: ['alice'] },
  people: testPolicy(testInput.target).people,
  requestedBy: ['dana@example.com'],
  inboxUrl: null,
};

/** What alerts need beside the activities of a release. */
const alerts = (more: object): Partial<ReleaseActivities> => Object.assign({} as Partial<ReleaseActivities>, more);
const alert = freshAlert();
const byAlert = releaseInput('P803', 'C001', '1');
const mapped: AlertRouting = { kind: 'mapped', route: 'alerts.routes.0', target: byAlert.target, onResolved: 'cancel', joinForMs: 600_000, order: { runbook: 'releaseModel', workflowId: 'releaseModel:P803:C001:1', input: byAlert, summary: 'by an alert' } };
/** A deployment whose mini-batches can become smaller. */
function recoverable(): Partial<ReleaseActivities> {
  const found = { definition: { properties: { miniBatchSize: 10 } }, model: 'model-1', tags: { model_version: '1' }, provisioningState: 'Succeeded' };
  return { readBatchDeployment: async () => found, deployBatchModel: async ({ settings, tags }) => ({ ...found, definition: { properties: { ...settings } }, tags }) };
}

const paths: Path[] = [
  {
    name: 'release-model-approved',
    conduct: async (handle) => {
      await atGate(handle, 'stage1', () => handle.signal('approve', { gate: 'stage1' }));
      await handle.signal('aprove', {});
      await decide(handle, 'stage1', 'alice');
      await atGate(handle, 'stage3', () => handle.signal('approve', { gate: 'stage3', by: 'bob' }));
    },
  },
  { name: 'release-model-rejected', conduct: (handle) => atGate(handle, 'stage1', () => handle.signal('reject', { gate: 'stage1', by: 'carol', comment: 'R² fell' })) },
  {
    name: 'release-model-cancelled',
    conduct: async (handle) => {
      await decide(handle, 'stage1', 'alice');
      await atGate(handle, 'stage3', () => handle.cancel());
    },
  },
  {
    name: 'release-model-rolled-back',
    activities: { watchAlerts: breached },
    conduct: async (handle) => {
      for (const [gate, by] of [['stage1', 'alice'], ['stage3', 'bob'], ['rollback', 'alice']] as const) await decide(handle, gate, by);
    },
  },
  { name: 'release-change', runbook: 'releaseChange', conduct: async () => undefined },
  {
    name: 'release-model-evidence-changed',
    activities: changingFigures(),
    conduct: async (handle) => {
      await decide(handle, 'stage1', 'alice');
      await decide(handle, 'stage1', 'bob', { generation: 1 });
      await decide(handle, 'stage3', 'alice');
    },
  },
  {
    name: 'release-model-withdrawn',
    activities: witnessed({ quorum: 2 }).activities,
    conduct: async (handle) => {
      await decide(handle, 'stage1', 'alice');
      await decide(handle, 'stage1', 'alice', { verdict: 'withdraw' });
      await decide(handle, 'stage1', 'bob');
      await decide(handle, 'stage1', 'carol');
      await decide(handle, 'stage3', 'alice');
    },
  },
  { name: 'release-change-joint', runbook: 'releaseChange', activities: jointChange(), conduct: (handle) => decide(handle, 'stage1', 'alice', { except: ['P001/C002'] }) },
  { name: 'roll-back-model', runbook: 'rollBackModel', activities: { readBatchDeployment: servingSecond, readRegisteredModels: twoVersions }, input: { target: testInput.target, reason: 'far off', alert: { name: 'mae-high' } }, conduct: async () => undefined },
  { name: 'roll-back-model-refused', runbook: 'rollBackModel', input: { target: { plant: 'P001', circuit: 'C002' }, reason: 'far off' }, conduct: async () => undefined },
  {
    name: 'coordinate-incident', runbook: 'coordinateIncident', activities: { readBatchDeployment: servingSecond, loadIncidentPolicy: async () => { const policy = await releaseActivities().loadIncidentPolicy({}); return { ...policy, terms: { ...policy.terms, acknowledgeMs: 1, assessMs: 1, offerRollbackMs: 1 } }; } },
    input: { incident: 'recorded', title: 'far off', severity: 'P1', target: testInput.target },
    conduct: async (handle) => {
      await atGate(handle, 'rollback', () => handle.signal('incident', { action: 'acknowledge', by: 'alice' }));
      await handle.signal('incident', { action: 'acknowledge', by: 'mallory' });
      for (const message of [{ action: 'takeRole', role: 'commander' }, { action: 'assess', severity: 'P2', comment: 'one page' }, { action: 'update', comment: 'looking' }, { action: 'resolve', comment: 'gone' }, { action: 'addAction', comment: 'watch it' }, { action: 'postMortem', comment: 'a bad rate' }]) await handle.executeUpdate('incident', { args: [{ by: 'alice', ...message }] });
    },
  },
  { name: 'update-training-config', runbook: 'updateTrainingConfig', activities: reviewedPullRequest(), input: { target: testInput.target, hyperparameters: { learning_rate: 0.0005 }, rationale: 'it still learns', startedBy: 'alice' }, conduct: async () => undefined },
  { name: 'recover-batch-job-completed', runbook: 'recoverBatchJob', input: { target: testInput.target, jobName: 'nightly-1' }, activities: recoverable(), conduct: async () => undefined },
  { name: 'recover-batch-job-rejected', runbook: 'recoverBatchJob', input: { target: testInput.target, jobName: 'nightly-1' }, conduct: (handle) => atGate(handle, 'recovery', () => handle.signal('reject', { gate: 'recovery', by: 'carol', comment: 'needs a bigger compute' })) },
  { name: 'review-bypass-closed', runbook: 'reviewBypass', input: bypass, conduct: (handle) => decide(handle, 'review', 'bob') },
  { name: 'review-pending-releases', runbook: 'reviewPendingReleases', before: waitingReleases('P801', ['C001', 'C002']), input: { plant: 'P801', gate: 'stage1' }, conduct: (handle) => decide(handle, 'group-1', 'alice') },
  { name: 'investigate-degradation-asked', runbook: 'investigateDegradation', activities: { ...lateData(), ...moved(true) }, input: { target: { plant: 'P001', circuit: 'C003' }, asOf: '2015-12-31', recheckEveryMs: 1_000 }, conduct: (handle) => decide(handle, 'cause', 'alice') },
  { name: 'investigate-degradation-model', runbook: 'investigateDegradation', activities: badModel, input: { target: { plant: 'P001', circuit: 'C004' }, asOf: '2015-12-31' }, conduct: async () => undefined },
  { name: 'retrain-on-drift', runbook: 'retrainOnDrift', activities: moved(true), input: { target: { plant: 'P001', circuit: 'C005' }, asOf: '2015-09-30', startedBy: 'alice' }, conduct: async () => undefined },
  {
    name: 'retrain-on-drift-investigated', runbook: 'retrainOnDrift', activities: moved(false), input: { target: { plant: 'P001', circuit: 'C006' }, asOf: '2015-09-30' },
    workflowId: 'retrainOnDrift:P001:C006', // by which its investigation knows it again
    conduct: (handle) => decide(handle.client.getHandle('investigateDegradation:P001:C006'), 'cause', 'carol'),
  },
  {
    name: 'finish-retraining', runbook: 'finishRetraining', activities: moved(true), conduct: async () => undefined,
    input: { target: { plant: 'P001', circuit: 'C007' }, repositoryId: 'b1a7', pullRequestId: 44, until: '2015-09-30', recorded: null, key: stepKey({ workflowId: 'retrainOnDrift:P001:C007', firstExecutionRunId: 'r1', step: 'move the drift baseline' }), pollMs: 1_000, insteadOf: 'retrainOnDrift:P001:C007' },
  },
  {
    name: 'follow-alert', runbook: 'followAlert', input: { alert }, activities: alerts({ routeAlert: async () => mapped }),
    conduct: async (handle) => {
      await eventually(async () => {
        if ((await handle.query<RunStatus>('status')).phase !== AlertPhase.Following) throw new Error('it has not acted yet');
      });
      await handle.signal('alertJoined', 'followAlert:alertmanager:other');
      await handle.signal('alertResolved', { by: 'webhook' });
      await handle.signal('alertLeft', 'followAlert:alertmanager:other');
    },
  },
  { name: 'follow-alert-unmapped', runbook: 'followAlert', input: { alert }, activities: alerts({ routeAlert: async (): Promise<AlertRouting> => ({ kind: 'unmapped', reason: 'no route of the estate fits' }) }), conduct: async () => undefined },
  {
    name: 'reconcile-alerts', runbook: 'reconcileAlerts', input: {}, conduct: async () => undefined,
    activities: alerts({ loadAlertSources: async () => ({ sources: ['azureMonitor', 'pagerDuty'], subscriptionId: 's' }), readFiredAlerts: async () => ({ alerts: [], firing: [], scope: 's.', complete: true }), readActiveAlerts: async () => ({ alerts: [], firing: ['Q1'], scope: '', complete: true }) }),
  },
  {
    name: 'resolve-training-failures', runbook: 'resolveTrainingFailures', input: { workspace: trainedIn, startedBy: 'bob' }, activities: failedTrainings('dataAccess', 'config', 'quota', 'environment', 'unknown').activities,
    conduct: async (handle) => {
      await decide(handle, 'environment', 'alice');
      await decide(handle, 'repaired', 'alice', { except: ['P001/C005'] });
    },
  },
  {
    name: 'count-training-failures', runbook: 'countTrainingFailures', input: { workspace: 'dev-recorded' }, activities: failedTrainings('unknown').activities,
    conduct: async (handle) => {
      const failures = Array.from({ length: 7 }, (_, index) => ({ jobName: `job-${index}`, target: testInput.target, failedAt: new Date().toISOString() }));
      const counted = (ready: (count: FailureCount) => boolean) => eventually(async () => {
        const count = await handle.query<FailureCount>('status');
        if (!ready(count)) throw new Error('it has not counted yet');
        return count;
      });
      await handle.signal('trainingFailed', failures.slice(0, 5));
      await counted((count) => count.counted.length === 5);
      await handle.signal('trainingFailed', failures.slice(3, 6));
      const { run } = await counted((count) => count.run !== null);
      await handle.signal('trainingFailed', failures[6]);
      await counted((count) => count.counted.length === 1);
      await handle.signal('failuresResolved', { ...run, jobs: ['job-6'] });
      await counted((count) => count.run === null);
      await handle.cancel();
    },
  },
  {
    name: 'reconcile-hooks', runbook: 'reconcileHooks', input: { lookBackMs: 3_600_000 }, conduct: async () => undefined,
    activities: alerts({
      loadHookRules: async () => ({ repositories: ['b1a7'], releaseBranch: 'refs/heads/main', builds: { releaseBranch: 'refs/heads/main', forMs: 3_600_000, everyMs: 1_000 }, approvals: { releaseBranch: 'refs/heads/main', people: [], accompanied: [{ plant: 'P803', circuit: 'C001' }], sources: null } }),
      findMissedApprovals: async () => ({ answers: [{ approval: 'release:7', where: 'Release-7, Production', workflowId: 'releaseModel:P803:C001:none', gate: 'stage1', by: 'alice', verdict: 'approve', comment: 'approved', repositoryId: 'b1a7', pullRequests: [903], refused: null }] }),
      findCompletedChanges: async () => ({ changes: [new Date(0), new Date()].map((closedAt, index) => ({ repositoryId: 'b1a7', pullRequestId: 901 + index, closedAt: closedAt.toISOString() })), complete: true }),
      findEndedBuilds: async () => ({ builds: [{ buildId: 1, origin: { kind: 'change', repositoryId: 'b1a7', pullRequestId: 903, buildId: 1, result: 'succeeded' } }, { buildId: 2, origin: { kind: 'unknown', reason: 'no pull request made it' } }] }),
      readKnownRuns: async ({ workflowIds }: { workflowIds: string[] }) => ({ runs: workflowIds.map((workflowId) => ({ workflowId, state: workflowId.endsWith('903') ? 'running' : 'none', status: '', phase: 'training', startedAt: null })) }),
      readChange: async (input: Parameters<ReleaseActivities['readChange']>[0]) => ({ ...(await releaseActivities().readChange(input)), circuits: [] }),
    }),
  },
  {
    name: 'start-for-targets', runbook: 'startForTargets', input: { schedule: 'monthly', runbook: 'investigateDegradation', select: { plants: null, severities: null }, oncePer: 'month', timezone: 'UTC', input: { asOf: '2015-12-31' }, maxParallel: 2, slotMs: 20_000 }, conduct: async () => undefined,
    activities: alerts({ selectScheduledTargets: async () => ({ targets: ['C001', 'C002', 'C003'].map((circuit) => ({ plant: 'P804', circuit })), period: '2026-11', periodId: '2026-11', since: '2026-11-01T00:00:00.000Z' }) }),
  },
  { name: 'unblock-release', runbook: 'unblockRelease', before: waitingReleases('P802', ['C001']), input: { plant: 'P802', olderThanMs: 1 }, conduct: async () => undefined },
  {
    name: 'update-environment-rolled-back',
    runbook: 'updateEnvironment',
    activities: { ...fleetOf(3, { failing: ['P001/C002'] }).activities, watchAlertRates: async () => ({ kind: 'breached', poll: 1, alerts: 9, expected: 1, rules: ['batch-failed'] }) },
    input: { repositoryId: 'b1a7', pullRequestId: 43, failureBudget: 1, maxParallel: 2, waveSize: 1 },
    conduct: async (handle) => {
      await eventually(() => handle.executeUpdate('attachNotebook', { args: [{ link: 'azureml://datastores/workspaceblobstore/paths/n.ipynb', sha256: 'a'.repeat(64), by: 'dana' }] }));
      await decide(handle, 'stage1', 'alice');
      await atGate(handle, 'stage3', () => handle.executeUpdate('decide', { args: [{ gate: 'stage3', verdict: 'check', item: 'except-P001-C002', ok: true, by: 'bob' }] }));
      await decide(handle, 'stage3', 'bob');
    },
  },
];

const fileOf = (name: string): string => `${directory}${name}.json`;

/** Waits for the run's end, and keeps its history. */
async function keep(name: string, handle: WorkflowHandle): Promise<void> {
  await handle.result().catch(() => undefined); // a cancelled run throws
  await writeFile(fileOf(name), `${JSON.stringify(JSON.parse(historyToJSON(await handle.fetchHistory())), null, 1)}\n`);
  process.stdout.write(`recorded ${name}\n`);
}

/** Held stages, with the product's own activities and the stand-in. */
async function recordStages(): Promise<void> {
  const modes = (['enforce', 'observe'] as const).map((mode) => ({ mode, name: `approve-pipeline-stage-${mode === 'enforce' ? 'approved' : 'observed'}` })).filter(({ name }) => !existsSync(fileOf(name)));
  if (modes.length === 0) return;
  const checks = await StageChecks.start();
  try {
    for (const { mode, name } of modes) {
      await checks.attach({ mode });
      const run = await checks.startRun({ pullRequestId: await checks.pullRequest(), tests: { total: 120, passed: 120 } });
      await checks.gateOpen(run);
      await checks.decide(run, 'approve', 'alice');
      await keep(name, await checks.handle(run));
    }
  } finally {
    await checks.stop();
  }
}

await mkdir(directory, { recursive: true });
await recordStages();
const temporal = await startTemporal();
try {
  for (const { name, activities = {}, runbook = 'releaseModel', input = runbook === 'releaseModel' ? testInput : { repositoryId: 'b1a7', pullRequestId: 42 }, workflowId = `${runbook}:${name}`, before, conduct } of paths) {
    if (existsSync(fileOf(name))) continue;
    await withReleaseWorkers(temporal, activities, async () => {
      await before?.(temporal.client);
      const handle = await temporal.client.workflow.start(runbook, { taskQueue: TaskQueue.Runbooks, workflowId, args: [input] });
      await conduct(handle);
      await keep(name, handle);
    });
  }
} finally {
  await temporal.teardown();
}
