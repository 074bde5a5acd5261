/** Runs that open an incident by themselves: one for each cause, whoever finds it, and never in their way. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { findIncident } from '../../../activities/runs/incidents.ts';
import { startFollowAlert } from '../../../activities/runs/alert-runs.ts';
import { bundlePath } from '../../../workers/bundle.ts';
import { alertOrder } from '../../../workflows/domain/alert-runbooks.ts';
import type { AlertRouting, FollowAlertResult } from '../../../workflows/domain/alert.ts';
import type { RecoverBatchJobResult } from '../../../workflows/domain/batch-recovery.ts';
import type { InvestigateDegradationResult } from '../../../workflows/domain/degradation.ts';
import type { OpenedIncidents } from '../../../workflows/domain/incident-report.ts';
import { coordinateIncidentId } from '../../../workflows/domain/incident.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { RollBackModelResult } from '../../../workflows/domain/rollback.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import type { IncidentView } from '../../../workflows/incidents/incident-desk.ts';
import { freshAlert } from '../../support/alerts.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, steadyStatistics, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { details } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { visible } from '../../support/waiting-releases.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const wanted: OpenedIncidents = { rollBackModel: 'P2', recoverBatchJob: 'P2', investigateDegradation: 'P1' };
const serving = { definition: {}, model: 'model-2', tags: { model_version: '2', previous_version: '1' }, provisioningState: 'Succeeded' };

/** Version 2 serves until it is rolled back; the estate wants these incidents. */
function world(incidents: OpenedIncidents = wanted, replaced: object = {}): Partial<ReleaseActivities> {
  let now = serving;
  return {
    loadPolicy: async ({ target }) => ({ ...testPolicy(target), incidents }),
    readBatchDeployment: async () => now,
    readRegisteredModels: async () => ({ versions: ['1', '2'].map((version) => ({ version, assetId: `azureml:${version}`, verdict: 'good' as const, problem: null })) }),
    switchBatchDeployment: async ({ model }) => { now = { ...serving, model, tags: { model_version: '1', previous_version: '' } }; return { writes: 1, found: now }; },
    ...replaced,
  };
}

let circuits = 0;
const circuit = (): Target => ({ plant: 'P900', circuit: `C${(circuits += 1)}` });
const handleOf = (workflowId: string) => temporal.client.workflow.getHandle(workflowId);
const run = async <R>(type: string, workflowId: string, input: object): Promise<R> => (await temporal.client.workflow.execute(type, { taskQueue: TaskQueue.Runbooks, workflowId, args: [input] })) as R;
const rollBack = (target: Target, more: object = {}) => run<RollBackModelResult>('rollBackModel', `rollBackModel:${target.plant}:${target.circuit}`, { target, reason: 'far off', ...more });
const view = (workflowId: string) => handleOf(workflowId).query<IncidentView>('incident');
const lines = async (workflowId: string): Promise<string[]> => (await view(workflowId)).timeline.map(({ text }) => text);
const act = (workflowId: string, message: object) => handleOf(workflowId).executeUpdate('incident', { args: [{ by: 'alice', ...message }] });
const incidentsOf = ({ plant, circuit: name }: Target, count: number) => visible(temporal.client, `WorkflowType = 'coordinateIncident' AND Plant = '${plant}' AND Circuit = '${name}'`, count);

async function replays(...handles: WorkflowHandle[]): Promise<void> {
  const histories = await Promise.all(handles.map(async (handle) => ({ workflowId: handle.workflowId, history: await handle.fetchHistory() })));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, histories)) assert.equal(error, undefined, `${workflowId} does not replay`);
}

/** A route to the incident of a circuit. */
const toIncident = (target: Target) => ({ routeAlert: async ({ alert }: { alert: Parameters<typeof alertOrder>[2] }): Promise<AlertRouting> => {
  const place = { workspace: testPolicy(target).workspaces.production, endpoint: 'e', deployment: 'd' };
  return { kind: 'mapped', route: 'alerts.routes.0', target, onResolved: 'tell', joinForMs: 600_000, order: alertOrder('coordinateIncident', { target, severity: 'P2', place, jobName: null }, alert) };
} });

describe('a run that finds an incident', () => {
  it('opens it, and tells its timeline what follows; whatever finds the same joins, and may raise it as long as nobody has assessed', async () => {
    const target = circuit();
    const unknown = { readBatchJob: async (input: Parameters<ReleaseActivities['readBatchJob']>[0]) => ({ ...(await releaseActivities().readBatchJob(input))!, deployment: `deployment-circuit-${target.circuit}` }), readJobFailure: async () => ({ cause: 'unknown', evidence: null, tail: [], hasLog: true, logUri: '' }), measurePredictionErrors: async (input: Parameters<typeof steadyStatistics.measurePredictionErrors>[0]) => ({ ...(await steadyStatistics.measurePredictionErrors(input)), state: 'no actuals' as const }) };
    await withReleaseWorkers(temporal, world(wanted, unknown), async () => {
      const rolledBack = await rollBack(target, { alert: { name: 'mae-high', id: 'a1' } });
      const incident = coordinateIncidentId({ incident: `P900.${target.circuit}` });
      assert.deepEqual([rolledBack.outcome, rolledBack.incident], ['succeeded', incident]);
      await eventually(async () => assert.deepEqual((await lines(incident)).map((line) => line.replace(/\d+\.\d s/, 'n s')), [
        `opened as P2, reported by rollBackModel:P900:${target.circuit}, by alert mae-high; bridge: https://meet.example.com/incident`, 'rolled back from 2 to 1 in n s',
        'report with timeline, batch job log and the questions for the root cause: https://example.com/workitems/7', 'rolled back from 2 to 1; no new alert',
      ]));

      const recovery = temporal.client.workflow.start('recoverBatchJob', { taskQueue: TaskQueue.Runbooks, workflowId: `recoverBatchJob:P900:${target.circuit}:nightly-1`, args: [{ target, jobName: 'nightly-1' }] });
      await eventually(async () => assert.ok((await lines(incident)).includes(`recoverBatchJob:P900:${target.circuit}:nightly-1: batch job nightly-1 failed and is not recovered: the cause is unknown`)));
      await (await recovery).signal('reject', { gate: 'recovery', by: 'carol', comment: 'a bigger compute is needed' });
      assert.equal(((await (await recovery).result()) as RecoverBatchJobResult).incident, incident);

      const investigation = await temporal.client.workflow.start('investigateDegradation', { taskQueue: TaskQueue.Runbooks, workflowId: `investigateDegradation:P900:${target.circuit}`, args: [{ target, asOf: '2015-12-31' }] });
      await eventually(async () => assert.equal((await investigation.query<RunStatus>('status')).gate?.id, 'cause'));
      await investigation.signal('reject', { gate: 'cause', by: 'carol', comment: 'nobody knows' });
      assert.equal(((await investigation.result()) as InvestigateDegradationResult).incident, incident);
      await eventually(async () => assert.ok((await lines(incident)).some((line) => /^investigateDegradation:.*the cause is not known: carol: nobody knows; severity raised from P2 to P1$/.test(line))));
      assert.equal((await view(incident)).severity, 'P1');
      await incidentsOf(target, 1);
      await replays(handleOf(incident), handleOf(`rollBackModel:P900:${target.circuit}`), await recovery, investigation);
    });
  });

  it('opens another one once the former is resolved, and joins one that a person opened; an assessment stands', async () => {
    const target = circuit();
    const other = circuit();
    await withReleaseWorkers(temporal, world({ rollBackModel: 'P0' }), async () => {
      const own = coordinateIncidentId({ incident: 'called-in' });
      await temporal.client.workflow.start('coordinateIncident', { taskQueue: TaskQueue.Runbooks, workflowId: own, args: [{ incident: 'called-in', title: 'a customer called', severity: 'P3', target }] });
      await incidentsOf(target, 1);
      await eventually(() => act(own, { action: 'assess', severity: 'P3', comment: 'one page' }));
      assert.equal((await rollBack(target)).incident, own);
      assert.equal((await view(own)).severity, 'P3', 'for people to say');
      assert.ok((await lines(own)).some((line) => /^rollBackModel:.*: rolled back from 2 to 1/.test(line)));

      await act(own, { action: 'resolve', comment: 'gone' });
      await eventually(async () => assert.deepEqual(await findIncident(temporal.client, { target }), { incident: `P900.${target.circuit}`, runId: null }));
      for (const expected of [`P900.${other.circuit}`, `P900.${other.circuit}.2`]) {
        const { incident } = await rollBack(other, { from: '9', to: '1' }); // refused or not, it is an incident
        assert.equal(incident, coordinateIncidentId({ incident: expected }));
        await act(incident, { action: 'resolve', comment: 'gone' });
        await eventually(async () => assert.equal((await findIncident(temporal.client, { target: other })).runId, null));
      }
    });
  });

  it('is one of many that find it in the same moment', async () => {
    const target = circuit();
    await withReleaseWorkers(temporal, { ...world(), ...toIncident(target) }, async () => {
      const alerts = Array.from({ length: 6 }, (_, n) => freshAlert({ severity: n === 0 ? 'P1' : 'P2' }));
      const followed = await Promise.all(alerts.map((alert) => startFollowAlert(temporal.client, alert)));
      const incident = coordinateIncidentId({ incident: `P900.${target.circuit}` });
      await eventually(async () => assert.equal((await lines(incident)).filter((line) => line.includes('fires too')).length, 5));
      assert.equal((await view(incident)).severity, 'P1', 'as grave as the gravest');
      await incidentsOf(target, 1);
      for (const { workflowId } of followed) await handleOf(workflowId).signal('alertResolved', {});
      const results = (await Promise.all(followed.map(({ workflowId }) => handleOf(workflowId).result()))) as FollowAlertResult[];
      assert.deepEqual(results.map(({ effect }) => effect?.kind).sort(), ['joined', 'joined', 'joined', 'joined', 'joined', 'started']);
      assert.ok(results.every(({ effect, reason }) => effect?.workflowId === incident && reason.endsWith(`${incident} was told`)));
      assert.equal((await lines(incident)).filter((line) => line === 'alert BatchErrors has ended').length, 6);
      assert.equal((await handleOf(incident).describe()).status.name, 'RUNNING', 'people close it');
      await replays(handleOf(incident), ...followed.map(({ workflowId }) => handleOf(workflowId)));
    });
  });

  it('goes on where none can be opened, and says so; opens none where the estate wants none', async () => {
    const target = circuit();
    const broken = { findIncident: async () => { throw ApplicationFailure.nonRetryable('Temporal is away', 'Unavailable'); } };
    await withReleaseWorkers(temporal, world(wanted, broken), async () => {
      const { outcome, incident } = await rollBack(target);
      assert.deepEqual([outcome, incident], ['succeeded', null]);
      assert.match(await details(handleOf(`rollBackModel:P900:${target.circuit}`)), /The incident could not be opened: Temporal is away/);
    });
    await withReleaseWorkers(temporal, world({}), async () => assert.equal((await rollBack(target)).incident, null));
    await incidentsOf(target, 0);
  });
});
