import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { heartbeat, sleep } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { readStops } from '../../../activities/runs/emergency-stop.ts';
import type { GateEvent } from '../../../workflows/domain/gate-event.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { AppendToRecordInput } from '../../../workflows/domain/record.ts';
import { interruptionSeverity, type ReportInterruptionResult, type SweepRunsResult } from '../../../workflows/domain/sweep-runs.ts';
import type { sweepRuns } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import type { IncidentView } from '../../../workflows/incidents/incident-desk.ts';
import { releaseActivities, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

let sweeps = 0;
const sweep = async (): Promise<SweepRunsResult> => {
  sweeps += 1;
  return await temporal.client.workflow.execute<typeof sweepRuns>('sweepRuns', { taskQueue: TaskQueue.Runbooks, workflowId: `sweepRuns:${sweeps}`, args: [{}] });
};

function world() {
  const told: GateEvent[] = [];
  const recorded: AppendToRecordInput[] = [];
  const items: { title: string; descriptionHtml: string }[] = [];
  const activities: Partial<ReleaseActivities> = {
    notify: async ({ event }) => { if (event.kind === 'finding') told.push(event); return { delivered: ['chat'], failed: [] }; },
    appendToRecord: async (entries) => { if (entries.entries.some(({ kind }) => kind === 'finding')) recorded.push(entries); return { block: 1, digest: '0'.repeat(64) }; },
    createWorkItem: async ({ title, descriptionHtml }) => { items.push({ title, descriptionHtml }); return { id: 7, url: 'https://example.com/workitems/7', uncertain: false }; },
  };
  return { told, recorded, items, activities };
}

describe('sweepRuns', () => {
  it('reports a terminated run once: on its record, as an incident, to people', async () => {
    const { told, recorded, items, activities } = world();
    await withReleaseWorkers(temporal, activities, async () => {
      const run = await startRelease(temporal.client, releaseInput('P1', 'C1', '1'));
      await visible(temporal.client, `Gate = 'stage1' AND Plant = 'P1'`, 1);
      await run.terminate('in a hurry');
      await visible(temporal.client, `ExecutionStatus = 'Terminated' AND Plant = 'P1'`, 1);

      const first = await sweep();
      assert.deepEqual(first.reported, [`reportInterruption:${run.workflowId}:${run.firstExecutionRunId}`]);
      const report = await temporal.client.workflow.getHandle(first.reported[0]!).result() as { reason: string };
      assert.match(report.reason, /^releaseModel:P1:C1:1 was terminated from outside at gate stage1 by .* "in a hurry"\. Nothing was undone; production had not been touched by it\.$/);
      assert.deepEqual([recorded.length, items.length, told.length], [1, 1, 1]);
      assert.deepEqual(recorded[0]!.run, { workflowId: run.workflowId, runId: run.firstExecutionRunId, runbook: 'releaseModel', target: { plant: 'P1', circuit: 'C1', version: '1' } });
      assert.equal(items[0]!.title, 'P3: run for P1/C1 1 was interrupted from outside (terminated)');
      assert.match(told[0]!.text, /It held no lock\. Incident https:\/\/example\.com\/workitems\/7$/);

      const again = await sweep();
      assert.deepEqual([again.reported, again.reason], [[], 'no run was interrupted from outside']);
      assert.deepEqual([recorded.length, items.length, told.length], [1, 1, 1]);
    });
  });

  it('reports a reset as one interruption, also after another reset, and not the run that Temporal ended for it', async () => {
    const { told, recorded, activities } = world();
    await withReleaseWorkers(temporal, activities, async () => {
      const run = await startRelease(temporal.client, releaseInput('P2', 'C1', '1'));
      await visible(temporal.client, `Gate = 'stage1' AND Plant = 'P2'`, 1);
      const reset = async (reason: string, attempt: string) => {
        const { runId } = await run.describe();
        const { events } = await temporal.client.workflow.getHandle(run.workflowId, runId).fetchHistory();
        const task = events!.filter((event) => event.workflowTaskCompletedEventAttributes)[0]!;
        const made = await temporal.client.workflowService.resetWorkflowExecution({ namespace: 'default', workflowExecution: { workflowId: run.workflowId, runId }, reason, workflowTaskFinishEventId: task.eventId!, requestId: attempt });
        return made.runId;
      };
      const second = await reset('wrong data', 'one');
      await visible(temporal.client, `ExecutionStatus = 'Terminated' AND Plant = 'P2'`, 1);
      const first = await sweep();
      assert.deepEqual(first.reported, [`reportInterruption:${run.workflowId}:${second}`]);
      await eventually(() => assert.equal(told.length, 1));
      assert.match(told[0]!.text, /^releaseModel:P2:C1:1 was reset from outside .* by .*"wrong data"\. It goes on from an earlier point/);
      assert.equal(recorded[0]!.run.runId, run.firstExecutionRunId);

      await visible(temporal.client, `Gate = 'stage1' AND Plant = 'P2' AND ExecutionStatus = 'Running'`, 1);
      const third = await reset('once more', 'two');
      await visible(temporal.client, `ExecutionStatus = 'Terminated' AND Plant = 'P2'`, 2);
      assert.deepEqual((await sweep()).reported, [`reportInterruption:${run.workflowId}:${third}`]);
      assert.deepEqual((await sweep()).reported, []);
      await temporal.client.workflow.getHandle(run.workflowId).cancel();
    });
  });

  it('opens an incident of one that is as grave as the estate says, and of none that is less', async () => {
    const { activities } = world();
    for (const [circuit, interrupted, incident] of [['C1', 'P3', 'coordinateIncident:P5.C1'], ['C2', 'P2', null]] as const) {
      const loadIncidentPolicy = async () => ({ ...(await releaseActivities().loadIncidentPolicy({})), interrupted });
      await withReleaseWorkers(temporal, { ...activities, loadIncidentPolicy }, async () => {
        const run = await startRelease(temporal.client, releaseInput('P5', circuit, '1'));
        await visible(temporal.client, `Gate = 'stage1' AND Plant = 'P5' AND Circuit = '${circuit}'`, 1);
        await run.terminate('in a hurry');
        await visible(temporal.client, `ExecutionStatus = 'Terminated' AND Plant = 'P5' AND Circuit = '${circuit}'`, 1);
        const report = (await temporal.client.workflow.getHandle((await sweep()).reported[0]!).result()) as ReportInterruptionResult;
        assert.equal(report.incident, incident);
        if (incident === null) return;
        const { timeline, severity } = await temporal.client.workflow.getHandle(incident).query<IncidentView>('incident');
        assert.equal(severity, 'P3');
        assert.deepEqual(timeline.map(({ text }) => text).slice(-1), [report.reason]);
      });
    }
  });

  it('opens one incident for a runbook whose runs have no target, however many were interrupted', async () => {
    const { activities } = world();
    const loadIncidentPolicy = async () => ({ ...(await releaseActivities().loadIncidentPolicy({})), interrupted: 'P3' as const });
    const readChange = async (): Promise<never> => { for (;;) { heartbeat(); await sleep(100); } };
    await withReleaseWorkers(temporal, { ...activities, loadIncidentPolicy, readChange }, async () => {
      const incidents: (string | null)[] = [];
      for (const pullRequestId of [901, 902]) {
        const run = await temporal.client.workflow.start('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseChange:b1a7:${pullRequestId}`, args: [{ repositoryId: 'b1a7', pullRequestId }] });
        await run.terminate('in a hurry');
        await visible(temporal.client, `ExecutionStatus = 'Terminated' AND WorkflowId = '${run.workflowId}'`, 1);
        const reported = (await sweep()).reported.filter((id) => id.includes(run.workflowId));
        assert.equal(reported.length, 1);
        incidents.push(((await temporal.client.workflow.getHandle(reported[0]!).result()) as ReportInterruptionResult).incident);
      }
      assert.deepEqual(incidents, ['coordinateIncident:_service.releaseChange', 'coordinateIncident:_service.releaseChange']);
      await eventually(async () => {
        const { timeline, releases } = await temporal.client.workflow.getHandle(incidents[0]!).query<IncidentView>('incident');
        assert.ok(['901', '902'].every((id) => timeline.some(({ text }) => text.includes(`releaseChange:b1a7:${id} was terminated from outside`))), JSON.stringify(timeline));
        assert.equal(releases, 'none');
      });
    });
  });

  it('lets the releases go on that a terminated incident of a whole plant has paused', async () => {
    const { activities } = world();
    const production = { subscriptionId: '0', resourceGroup: 'ml-platform', workspace: 'prod-ml-workspace' };
    await withReleaseWorkers(temporal, { ...activities, namedCircuits: async () => ({ named: { scope: { plant: 'P7' }, count: 0, circuits: [], production } }) }, async () => {
      const incident = await temporal.client.workflow.start('coordinateIncident', { taskQueue: TaskQueue.Runbooks, workflowId: 'coordinateIncident:p7', args: [{ incident: 'p7', title: 'All of it', severity: 'P1', service: 'P7' }] });
      const held = async () => (await readStops(temporal.client, { target: { plant: 'P7', circuit: 'C1' } })).holds.map(({ by }) => by);
      await eventually(async () => assert.deepEqual(await held(), [incident.workflowId]));
      await visible(temporal.client, `WorkflowType = 'stopReleases' AND ExecutionStatus = 'Running'`, 1);
      await incident.terminate('in a hurry');
      await visible(temporal.client, `ExecutionStatus = 'Terminated' AND WorkflowId = '${incident.workflowId}'`, 1);
      const { reported } = await sweep();
      // To its end: what it tells belongs to this test's workers.
      for (const report of reported) await temporal.client.workflow.getHandle(report).result();
      await eventually(async () => assert.deepEqual(await held(), []));
    });
  });

  it('leaves production in doubt where a run was stopped while it wrote, whichever runbook it is of', () => {
    const severities = ['updating all deployments', 'fixing the issue', 'production deployment', 'executing the rollback', 'rollback', 'monitoring', 'Stage 3 approval', null].map((phase) => interruptionSeverity({ phase }));
    assert.deepEqual(severities, ['P1', 'P1', 'P1', 'P1', 'P1', 'P2', 'P3', 'P3']);
  });

  it('says nothing of runs that ended by themselves, failed or were cancelled', async () => {
    const { activities, told } = world();
    await withReleaseWorkers(temporal, { ...activities, readRunMetrics: async () => { throw new Error('never'); } }, async () => {
      const run = await startRelease(temporal.client, releaseInput('P3', 'C1', '1'));
      await run.cancel();
      await run.result().catch(() => undefined);
      await visible(temporal.client, `ExecutionStatus = 'Canceled' AND Plant = 'P3'`, 1);
      assert.deepEqual((await sweep()).reported, []);
      assert.equal(told.length, 0);
    });
  });

  it('reports a run that ran out of time', async () => {
    const { activities, told } = world();
    await withReleaseWorkers(temporal, activities, async () => {
      await temporal.client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: 'releaseModel:P4:C1:1', args: [releaseInput('P4', 'C1', '1')], workflowExecutionTimeout: 2_000 });
      await visible(temporal.client, `ExecutionStatus = 'TimedOut' AND Plant = 'P4'`, 1);
      assert.equal((await sweep()).reported.length, 1);
      await eventually(() => assert.match(told[0]!.text, /^releaseModel:P4:C1:1 ran out of time from outside/));
    });
  });
});
