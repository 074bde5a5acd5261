import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { heartbeat, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { decide } from '../../../starters/decide.ts';
import { investigateDegradation as runbook, InputError } from '../../../starters/runbooks.ts';
import { AlreadyStarted, startRunbook } from '../../../starters/start-runbook.ts';
import { bundlePath } from '../../../workers/bundle.ts';
import type { DataReport, InvestigateDegradationResult } from '../../../workflows/domain/degradation.ts';
import type { RetrainOnDriftResult } from '../../../workflows/domain/drift-retraining.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { RecordEntry } from '../../../workflows/domain/record.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, steadyStatistics as steady, testInput, type ReleaseActivities } from '../../support/release-activities.ts';
import { details } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTimeSkipping();
});
after(() => temporal.teardown());

const hour = 3_600_000;
const asOf = '2015-12-31';
type Activities = Partial<ReleaseActivities>;
type Handle = WorkflowHandle<(input: unknown) => Promise<InvestigateDegradationResult>>;

/** Runs, each of a circuit of its own, and a replay of each afterwards: what is not deterministic fails there. */
let circuits = 100;
const investigate = async (activities: Activities, body: (start: (input?: object) => Promise<Handle>) => Promise<void>, environment = temporal): Promise<void> => {
  const started: Handle[] = [];
  await withReleaseWorkers(environment, activities, () => body(async (input = {}) => {
    circuits += 1;
    const { workflowId } = await startRunbook(environment.client, runbook, { target: { plant: 'P001', circuit: `C${circuits}` }, asOf, ...input }, { startedBy: 'alice' });
    started.push(environment.client.workflow.getHandle(workflowId));
    return started.at(-1)!;
  }));
  const histories = await Promise.all(started.map(async (handle) => ({ workflowId: handle.workflowId, history: await handle.fetchHistory() })));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, histories)) assert.equal(error, undefined, `${workflowId} does not replay`);
};

/** Errors half as great again as they were. */
const worse: Activities = {
  measurePredictionErrors: async (input) => {
    const report = await steady.measurePredictionErrors(input);
    return { ...report, current: { ...report.current, mae: 3, rmse: 3.5 } };
  },
};
const drifted: Activities = {
  measureCircuitDrift: async (input) => {
    const report = await steady.measureCircuitDrift(input);
    return { ...report, features: report.features.map((feature) => ({ ...feature, season: { ...feature.season!, psi: 0.9, ksP: 1e-6, drifted: true }, magnitude: 1.2, change: { at: '2015-11-01', kind: 'sudden' as const } })) };
  },
};
/** A retraining that goes through at once: its own ways are another test's. */
const retrained: Activities = {
  readChange: async (input) => ({ ...(await releaseActivities().readChange(input)), circuits: [] }),
  awaitRelease: async ({ target: { plant, circuit } }) => ({ kind: 'closed', workflowId: `releaseModel:${plant}:${circuit}:1`, version: '1', outcome: 'succeeded', reason: 'in production' }),
};
const late = (report: DataReport): DataReport => ({ ...report, findings: [{ fault: 'late', detail: 'the newest reading is of 2015-12-01: 30 days late at 2015-12-31', days: 30, grave: true }] });
const unmeasured: Activities = {
  measurePredictionErrors: async (input) => ({ ...(await steady.measurePredictionErrors(input)), state: 'no actuals' as const, detail: '30 days were predicted and none of them has been measured yet' }),
};

const phases = async (handle: Handle): Promise<string[]> => (await handle.query<RunStatus>('status')).phases.map(({ name }) => name);
const gate = (handle: Handle) => eventually(async () => {
  const view = await handle.query<GateView | null>('gate');
  assert.equal(view?.gate, 'cause');
  return view;
});
const failed = async (handle: Handle): Promise<{ type: string | null | undefined; message: string; result: InvestigateDegradationResult | undefined }> => {
  const error: unknown = await handle.result().then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure);
  return { type: error.cause.type, message: error.cause.message, result: error.cause.details?.[0] as InvestigateDegradationResult | undefined };
};

describe('investigateDegradation', () => {
  it('finds nothing wrong, and leaves a report and an entry on record', async () => {
    const entries: RecordEntry[] = [];
    await investigate({ appendToRecord: async (block) => { entries.push(...block.entries); return { block: 1, digest: '0'.repeat(64) }; } }, async (start) => {
      const handle = await start();
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.finding, result.next, result.workItem], ['succeeded', 'nothing', null, null]);
      assert.match(result.report!.plotUri, /^azureml:.*trend\.svg$/);
      assert.equal(result.reasoning.length, 9);
      assert.match(result.reasoning.at(-1)!, /^Nothing is wrong: yes\. the errors have not grown\.$/);
      assert.deepEqual(await phases(handle), ['investigating the alert', 'analysing data quality', 'checking for drift', 'deciding on the cause']);
    });
    assert.deepEqual(entries.map(({ kind }) => kind), ['finding', 'closed']);
  });

  it('waits for faulty data, looks again each day, and decides anew once they are fixed', async () => {
    let looks = 0;
    const items: string[] = [];
    await investigate({
      checkCircuitData: async (input) => { looks += 1; return looks < 3 ? late(await steady.checkCircuitData(input)) : await steady.checkCircuitData(input); },
      createWorkItem: async ({ title, descriptionHtml }) => { items.push(`${title}: ${descriptionHtml}`); return { id: 7, url: 'https://example.com/7', uncertain: false }; },
    }, async (start) => {
      const result = await (await start({ recheckEveryMs: 24 * hour })).result();
      assert.deepEqual([result.outcome, result.finding, result.workItem?.id], ['succeeded', 'nothing', 7]);
    });
    assert.equal(looks, 3);
    assert.equal(items.length, 1);
    assert.match(items[0]!, /^Faulty data of P001\/C\d+: .*30 days late at 2015-12-31.*report\.html/);
  });

  it('expires where the data stay at fault, and ends at once where nobody wants to wait', () => investigate({ checkCircuitData: async (input) => late(await steady.checkCircuitData(input)) }, async (start) => {
    const patient = await (await start({ recheckEveryMs: 24 * hour, waitForDataMs: 3 * 24 * hour })).result();
    assert.deepEqual([patient.outcome, patient.finding], ['expired', 'data']);
    assert.match(patient.reason, /^the data were not fixed in time: the newest reading/);
    const hasty = await (await start({ waitForDataMs: 0 })).result();
    assert.deepEqual([hasty.outcome, hasty.workItem?.id], ['succeeded', 7]);
  }));

  it('starts a retraining for drift, really, which judges the same days and investigates no second time', () => investigate({ ...worse, ...drifted, ...retrained }, async (start) => {
    const handle = await start();
    const result = await handle.result();
    assert.deepEqual([result.outcome, result.finding, result.next?.runbook, result.next?.state, result.next?.outcome], ['succeeded', 'drift', 'retrainOnDrift', 'started', 'succeeded'], result.reason);
    assert.match(result.reasoning.at(-1)!, /temp_max moved by 1\.2 standard deviations, suddenly on 2015-11-01/);
    const retraining = (await temporal.client.workflow.getHandle(result.next!.workflowId).result()) as RetrainOnDriftResult;
    assert.deepEqual([retraining.newCutoff, retraining.investigation], [asOf, { workflowId: handle.workflowId, finding: 'drift', by: [] }]);
  }));

  it('asks a person where the evidence is inconclusive, with the figures; an approval starts what is most likely', () => investigate({ ...drifted, ...retrained }, async (start) => {
    const handle = await start();
    const view = await gate(handle);
    assert.match(view.card.question, /^Start retrainOnDrift for P001\/C\d+\?$/);
    const card = await details(handle);
    for (const shown of [/MAE 2, RMSE 2\.5, MAPE 10\.0 % over 30 rows/, /drift: temp_max PSI 0\.9/, /nothing is started, and the investigation expires/, /report\.html/]) assert.match(card, shown);
    await decide(temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'cause', verdict: 'approve', by: 'alice' });
    const result = await handle.result();
    assert.deepEqual([result.outcome, result.finding, result.next?.runbook, result.next?.state, result.decidedBy], ['succeeded', 'inconclusive', 'retrainOnDrift', 'started', ['alice']]);
    const retraining = (await temporal.client.workflow.getHandle(result.next!.workflowId).result()) as RetrainOnDriftResult;
    assert.deepEqual([retraining.outcome, retraining.investigation?.by], ['succeeded', ['alice']], retraining.reason);
  }));

  it('asks also where nothing has been measured yet; a rejection files a work item, a silence expires', () => investigate(unmeasured, async (start) => {
    const [asked, silent] = [await start(), await start()];
    const view = await gate(asked);
    assert.match(view.card.question, /^Leave P001\/C\d+ as it is until the next window\?$/);
    assert.match(view.card.recommendation, /none of them has been measured yet/);
    await decide(temporal.client.workflow, { workflowId: asked.workflowId }, { gate: 'cause', verdict: 'reject', by: 'bob', comment: 'the pipeline is broken' });
    const rejected = await asked.result();
    assert.deepEqual([rejected.outcome, rejected.reason, rejected.workItem?.id], ['rejected', 'bob: the pipeline is broken', 7]);
    const expired = await silent.result();
    assert.deepEqual([expired.outcome, expired.reason, expired.next], ['expired', 'nobody answered in time, and nothing was started', null]);
  }));

  it('opens the gate anew when the figures have changed, and goes by the newer ones', async () => {
    let looks = 0;
    await investigate({ ...drifted, ...retrained, measurePredictionErrors: async (input) => { looks += 1; const report = await steady.measurePredictionErrors(input); return looks === 1 ? report : { ...report, current: { ...report.current, mae: 2.1 } }; } }, async (start) => {
      const handle = await start();
      await gate(handle);
      await decide(temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'cause', verdict: 'approve', by: 'alice' });
      await eventually(async () => assert.equal((await handle.query<GateView | null>('gate'))?.generation, 1));
      await decide(temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'cause', verdict: 'approve', by: 'bob' });
      assert.equal((await handle.result()).current?.mae, 2.1);
    });
  });

  it('is aborted at its gate, having started nothing', () => investigate(unmeasured, async (start) => {
    const handle = await start();
    await gate(handle);
    await handle.cancel();
    await assert.rejects(handle.result(), (error: Error) => error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure');
    const { status, memo } = await handle.describe();
    assert.equal(status.name, 'CANCELLED');
    assert.deepEqual([(memo?.['result'] as InvestigateDegradationResult).outcome, (memo?.['result'] as InvestigateDegradationResult).next], ['aborted', null]);
  }));

  it('fails with what the platform said where nothing can be read, and goes on without a report or a work item', async () => {
    const refused = (): never => { throw ApplicationFailure.nonRetryable('datastore x is no blob storage', FailureType.InvalidRequest); };
    await investigate({ checkCircuitData: async () => refused() }, async (start) => {
      const { type, message, result } = await failed(await start());
      assert.deepEqual([type, message, result?.outcome], [FailureType.RunbookFailed, 'datastore x is no blob storage', 'failed']);
    });
    await investigate({ checkCircuitData: async (input) => late(await steady.checkCircuitData(input)), writeDegradationReport: async () => refused(), createWorkItem: async () => refused() }, async (start) => {
      const handle = await start({ waitForDataMs: 0 });
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.finding, result.report, result.workItem], ['succeeded', 'data', null, null]);
      assert.match(await details(handle), /The report could not be written: datastore x/);
    });
  });

  it('refuses inputs that do not fit, naming each field', async () => {
    const refusal = (input: object) => startRunbook(temporal.client, runbook, { target: testInput.target, ...input }).then(() => '', (error: unknown) => (error instanceof InputError ? error.message : String(error)));
    for (const [input, complaint] of [
      [{ asOf: '2015-02-30' }, /asOf: must be a date/], [{ window: 'day' }, /window: must be week or month/], [{ windows: 0 }, /windows: must be 1 or more/], [{ dataUri: 'https://x' }, /dataUri: must be azureml:\/\/datastores/],
      [{ thresholds: { psi: -1 } }, /thresholds\.psi: must be more than 0/], [{ thresholds: { ps: 1 } }, /thresholds\.ps: is not a field/], [{ recheckEveryMs: 1 }, /recheckEveryMs: must be at least a fiftieth/], [{ target: { plant: 'P/1', circuit: 'C001' } }, /target\.plant: must be letters/],
    ] as const) assert.match(await refusal(input), complaint);
    await investigate({}, async () => {
      const handle = await temporal.client.workflow.start('investigateDegradation', { taskQueue: 'holdpoint-runbooks', workflowId: 'investigateDegradation:bare', args: [{}] });
      await assert.rejects(handle.result(), (error: Error) => /target\.plant: is missing/.test(String(error.cause)));
    });
  });
});

describe('investigateDegradation and rollBackModel', () => {
  let real: TestWorkflowEnvironment;
  before(async () => {
    real = await startTemporal();
  });
  after(() => real.teardown());

  /** Production with a version that is bad, one that was recorded good, and a watch that lasts as long as `watching`. */
  const production = (watching = { on: false }) => {
    const state = { serving: '2' };
    const snapshot = () => ({ definition: { properties: {} }, model: 'm', tags: { model_version: state.serving, previous_version: '1' }, provisioningState: 'Succeeded' });
    const activities: Activities = {
      ...worse,
      readBatchDeployment: async () => snapshot(),
      switchBatchDeployment: async ({ tags }) => { state.serving = tags['model_version']!; return { writes: 1, found: snapshot() }; },
      readRegisteredModels: async () => ({ versions: ['1', '2'].map((version) => ({ version, assetId: `azureml://registries/r/models/m/versions/${version}`, verdict: version === '1' ? 'good' as const : null, problem: null })) }),
      readModelHistory: async () => [{ version: '2', mae: 2.1, trainingMs: 1900 }],
      watchAlerts: async () => { while (watching.on) { heartbeat(); await sleep(50); } return { kind: 'healthy', polls: 1, alerts: 0 }; },
    };
    return { state, activities };
  };

  it('rolls a bad model back by the runbook for it, and records its outcome', async () => {
    const { state, activities } = production();
    await investigate(activities, async (start) => {
      const handle = await start({ alert: { name: 'mae-high' } });
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.finding, result.serving], ['succeeded', 'model', '2'], result.reason);
      assert.deepEqual([result.next?.runbook, result.next?.state, result.next?.outcome], ['rollBackModel', 'started', 'succeeded'], result.reason);
      const rollback = (await real.client.workflow.getHandle(result.next!.workflowId).result()) as { from: string; to: string };
      assert.deepEqual([rollback.from, rollback.to, state.serving], ['2', '1', '1']);
      assert.equal((await phases(handle)).at(-1), 'following the runbook that was started');
    }, real);
  });

  it('waits no longer than it was told to, leaves one that runs already alone, and does not take it along when it is cancelled', async () => {
    const watching = { on: true };
    const { activities, state } = production(watching);
    const target = { plant: 'P001', circuit: 'C900' };
    await investigate(activities, async (start) => {
      const first = await (await start({ target, outcomeWithinMs: 500 })).result();
      assert.deepEqual([first.next?.state, first.next?.outcome, first.next?.reason], ['started', null, 'it still runs']);
      const rollback = real.client.workflow.getHandle(first.next!.workflowId);
      await eventually(async () => assert.equal((await rollback.query<RunStatus>('status')).phase, 'monitoring')); // it has switched: what serves next is this test's to say
      state.serving = '2';
      const second = await (await start({ target })).result();
      assert.deepEqual([second.outcome, second.next?.state], ['succeeded', 'already running']);

      const third = await start();
      await eventually(async () => assert.equal((await phases(third)).at(-1), 'following the runbook that was started'));
      const other = real.client.workflow.getHandle(`rollBackModel:P001:C${circuits}`);
      await eventually(async () => assert.equal((await other.describe()).status.name, 'RUNNING'));
      await third.cancel();
      await assert.rejects(third.result(), (error: Error) => error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure');
      const { memo } = await third.describe();
      const said = memo?.['result'] as InvestigateDegradationResult;
      assert.deepEqual([said.outcome, said.next?.state], ['aborted', 'started']);
      await eventually(async () => assert.equal((await other.query<RunStatus>('status')).phase, 'monitoring')); // the first one ends by what serves then
      watching.on = false;
      assert.deepEqual([((await rollback.result()) as { outcome: string }).outcome, ((await other.result()) as { outcome: string }).outcome], ['succeeded', 'succeeded']);
    }, real);
  });

  it('runs once at a time for a circuit, and again afterwards', () => investigate(unmeasured, async (start) => {
    const target = { plant: 'P001', circuit: 'C700' };
    const first = await start({ target });
    await gate(first);
    await assert.rejects(start({ target }), AlreadyStarted);
    await decide(real.client.workflow, { workflowId: first.workflowId }, { gate: 'cause', verdict: 'approve', by: 'alice' });
    assert.equal((await first.result()).reason, 'no cause was found, and nothing was started');
    const again = await start({ target });
    await gate(again);
    await again.cancel();
    await assert.rejects(again.result());
  }, real));
});
