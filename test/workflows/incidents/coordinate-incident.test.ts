import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { startRunbook } from '../../../starters/start-runbook.ts';
import { coordinateIncident as runbook } from '../../../starters/runbooks.ts';
import { bundlePath } from '../../../workers/bundle.ts';
import { readStops } from '../../../activities/runs/emergency-stop.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import type { GateEvent } from '../../../workflows/domain/gate-event.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { coordinateIncidentId, type CoordinateIncidentInput, type CoordinateIncidentResult } from '../../../workflows/domain/incident.ts';
import type { IncidentMessage } from '../../../workflows/domain/incident-message.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { RecordEntry } from '../../../workflows/domain/record.ts';
import type { RollBackModelResult } from '../../../workflows/domain/rollback.ts';
import type { coordinateIncident } from '../../../workflows/index.ts';
import type { IncidentView } from '../../../workflows/incidents/incident-desk.ts';
import { eventually } from '../../support/eventually.ts';
import { details } from '../../support/release-model-runs.ts';
import { releaseActivities, testInput, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

type Handle = WorkflowHandle<typeof coordinateIncident>;

let temporal: TestWorkflowEnvironment;
// One for each test: locks and stops outlive a test's workers, and this server leaves a workflow's task to the worker that had it last. While a task waits no time is skipped.
beforeEach(async () => {
  temporal = await startTimeSkipping();
});
afterEach(() => temporal.teardown());

const minute = 60_000;
const hour = 60 * minute;
const { target } = testInput;
const second = { definition: {}, model: 'model-2', tags: { model_version: '2', previous_version: '1', released_by: 'alice', run: 'releaseModel:P001:C001:2/r1' }, provisioningState: 'Succeeded' };

/** What an outsider sees. */
interface Seen {
  told: GateEvent[];
  entries: RecordEntry[];
  workItems: { key: string; type: string; title: string; descriptionHtml: string; tags: string[] }[];
}

function witnessed(replaced: Partial<ReleaseActivities> = {}): { seen: Seen; activities: Partial<ReleaseActivities> } {
  let serves = '2';
  const seen: Seen = { told: [], entries: [], workItems: [] };
  return {
    seen,
    activities: {
      notify: async ({ event }) => { seen.told.push(event); return { delivered: ['chat'], failed: [] }; },
      appendToRecord: async ({ entries }) => { seen.entries.push(...entries); return { block: 1, digest: '0'.repeat(64) }; },
      createWorkItem: async ({ key, ...item }) => { seen.workItems.push({ key: key.key, ...item }); return { id: seen.workItems.length, url: `https://example.com/workitems/${seen.workItems.length}`, uncertain: false }; },
      readBatchDeployment: async () => (serves === '2' ? second : { ...second, model: 'model-1', tags: { model_version: '1' } }),
      switchBatchDeployment: async ({ model, tags, ...rest }) => { serves = '1'; return await releaseActivities().switchBatchDeployment({ model, tags, ...rest }); },
      readRegisteredModels: async () => ({ versions: ['1', '2'].map((version) => ({ version, assetId: `azureml:${version}`, verdict: version === '1' ? ('good' as const) : null, problem: null })) }),
      ...replaced,
    },
  };
}

const started: Handle[] = [];
async function start(incident: string, change: Partial<CoordinateIncidentInput> = {}): Promise<Handle> {
  const input: CoordinateIncidentInput = { incident, title: 'Predictions are far off', severity: 'P1', ...(change.service === undefined && { target }), reportedBy: 'alert mae-high', ...change };
  const handle = (await temporal.client.workflow.start('coordinateIncident', { taskQueue: TaskQueue.Runbooks, workflowId: coordinateIncidentId(input), args: [input] })) as Handle;
  started.push(handle);
  await eventually(async () => assert.equal((await view(handle)).bridge, 'https://meet.example.com/incident'));
  return handle;
}
const view = (handle: Handle) => handle.query<IncidentView>('incident');
const act = (handle: Handle, message: Partial<IncidentMessage>) => handle.executeUpdate<IncidentView, [object]>('incident', { args: [message] });
const refused = (handle: Handle, message: object, reason: RegExp) => assert.rejects(act(handle, message), (error: Error) => reason.test(String(error.cause)));
const stops = () => readStops(temporal.client, { target });
const paused = (isPaused: boolean) => eventually(async () => assert.equal((await stops()).holds.length > 0, isPaused));

/** Runs workers, and afterwards replays each incident from its first event. */
async function run<T>(activities: Partial<ReleaseActivities>, body: () => Promise<T>): Promise<T> {
  const result = await withReleaseWorkers(temporal, activities, body);
  const histories = await Promise.all(started.splice(0).map(async (handle) => ({ workflowId: handle.workflowId, history: await handle.fetchHistory() })));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, histories)) assert.equal(error, undefined, `${workflowId} does not replay`);
  return result;
}

/** Takes an incident to its end. */
async function finish(handle: Handle, { isResolved = false } = {}): Promise<CoordinateIncidentResult> {
  if (!isResolved) await act(handle, { action: 'resolve', by: 'bob', comment: 'back to normal' });
  await act(handle, { action: 'postMortem', by: 'alice', comment: 'a bad learning rate' });
  return await handle.result();
}

describe('coordinateIncident', () => {
  it('goes its way: acknowledged, assessed, roles, updates, resolved, post-mortem with timeline and action items', async () => {
    const { seen, activities } = witnessed();
    await run(activities, async () => {
      const handle = await start('whole', { severity: 'P0' });
      await paused(true);
      await temporal.sleep(2 * minute);
      await act(handle, { action: 'acknowledge', by: 'alice' });
      await refused(handle, { action: 'acknowledge', by: 'bob' }, /alice has acknowledged it already/);
      await temporal.sleep(2 * minute);
      await act(handle, { action: 'assess', by: 'alice', severity: 'P0', comment: 'all predictions of the circuit' });
      await act(handle, { action: 'takeRole', by: 'alice', role: 'commander' });
      await act(handle, { action: 'takeRole', by: 'alice', role: 'scribe', person: 'dana@example.com' });
      await temporal.sleep(14 * minute);
      await act(handle, { action: 'update', by: 'alice', comment: 'we look at the data' });
      const card = await details(handle);
      assert.match(card, /### P0: Predictions are far off/);
      assert.match(card, /https:\/\/meet\.example\.com\/incident/);
      assert.match(card, /commander alice, communications nobody, scribe dana/);
      assert.match(card, /```json\n\{\n {2}"action": "update"/);
      assert.ok(new TextEncoder().encode(card).length < 3_000);
      await temporal.sleep(5 * minute);
      await act(handle, { action: 'resolve', by: 'alice', comment: 'data of the sensor is back' });
      await paused(false);
      await act(handle, { action: 'addAction', by: 'alice', person: 'bob', comment: 'watch the lateness of the data' });
      await refused(handle, { action: 'addAction', by: 'carol', comment: 'Watch the lateness of the data' }, /there is such an action item already/);
      const result = await finish(handle, { isResolved: true });
      assert.equal(result.outcome, 'succeeded');
      assert.deepEqual([result.breaches, result.updates, result.roles], [[], 1, { commander: 'alice', scribe: 'dana' }]);
      assert.ok(Math.abs(result.secondsToAcknowledge! - 120) < 20 && Math.abs(result.secondsToResolve! - 23 * 60) < 60);
      assert.deepEqual(result.actions.map(({ title, owner, workItem }) => [title, owner, workItem?.id]), [['watch the lateness of the data', 'bob', 2]]);
      assert.equal(result.postMortem?.workItem?.id, 1);
    });
    const [postMortem, action] = seen.workItems;
    assert.match(postMortem!.descriptionHtml, /acknowledged by alice<\/li>.*assessed as P0 by alice.*update by alice: we look at the data.*resolved by alice/);
    assert.notEqual(postMortem!.key, action!.key);
    // The timeline is what the record has.
    const recorded = seen.entries.flatMap((entry) => (entry.kind === 'finding' ? [entry.what] : []));
    for (const line of ['opened as P0, reported by alert mae-high; bridge: https://meet.example.com/incident', 'acknowledged by alice', 'dana is scribe (says alice)', 'update by alice: we look at the data']) assert.ok(recorded.includes(`incident: ${line}`), line);
    assert.deepEqual(seen.told.map(({ kind }) => kind).filter((kind) => kind !== 'incidentNews' && kind.startsWith('incident')), ['incident', 'incidentTaken', 'incidentClosed']);
    assert.ok(!seen.told.some(({ gate }) => gate === 'rollback') || seen.told.some(({ gate, kind }) => gate === 'rollback' && kind === 'decided'));
  });

  it('shows and tells what is missed when nobody acknowledges: each clock, escalation by the path, leadership', async () => {
    const { seen, activities } = witnessed();
    await run(activities, async () => {
      const handle = await start('silence', { severity: 'P0' });
      await temporal.sleep(46 * minute);
      const { breaches } = await eventually(async () => {
        const seenNow = await view(handle);
        assert.equal(seenNow.breaches.length, 6);
        return seenNow;
      });
      assert.deepEqual(breaches.map(({ clock }) => clock), ['acknowledge', 'respond', 'assess', 'update', 'update', 'update']);
      assert.match(await details(handle), /\*\*Missed:\*\* .*and 3 before/);
      await finish(handle);
    });
    const incident = seen.told.filter(({ gate }) => gate === 'incident');
    assert.deepEqual(incident.filter(({ kind, to }) => kind === 'incident' && to.length > 0).map(({ to, text }) => `${to.join()}: ${text.split(':')[0]}`).sort(), ['manager: escalated to manager', 'on-call: escalated to on-call', 'on-call: missed']); // those of one moment in any order
    assert.deepEqual(incident.filter(({ to }) => to.includes('leadership')).map(({ text }) => text), ['leadership is told, 30 min after the opening']);
  });

  it('keeps a late assessment as a breach, and stops escalating once somebody is at it', async () => {
    const { seen, activities } = witnessed();
    await run(activities, async () => {
      const handle = await start('late', { severity: 'P2' });
      await temporal.sleep(4 * minute);
      await act(handle, { action: 'acknowledge', by: 'bob' });
      await temporal.sleep(8 * minute);
      await act(handle, { action: 'assess', by: 'bob', severity: 'P2', comment: 'slow, not wrong' });
      await temporal.sleep(20 * minute);
      const result = await finish(handle);
      assert.deepEqual(result.breaches.map(({ clock }) => clock), ['assess']);
      assert.ok(result.secondsToAssess! > 600);
    });
    assert.deepEqual(seen.told.filter(({ text }) => text.startsWith('escalated')).map(({ to }) => to.join()), ['on-call']);
    assert.ok(!seen.told.some(({ to }) => to.includes('leadership')));
  });

  it('follows the severity: raised mid-way it pauses and offers at once, lowered it lets go', async () => {
    const { activities } = witnessed();
    await run(activities, async () => {
      const handle = await start('raised', { severity: 'P3' });
      await temporal.sleep(3 * minute);
      assert.deepEqual((await stops()).holds, []);
      await act(handle, { action: 'assess', by: 'bob', severity: 'P3', comment: 'noise?' });
      await temporal.sleep(40 * minute);
      const before = (await view(handle)).due.find(({ clock }) => clock === 'update')!.at;
      await act(handle, { action: 'assess', by: 'bob', severity: 'P0', comment: 'not noise' });
      await paused(true);
      await eventually(async () => assert.equal((await handle.query<GateView | null>('gate'))?.gate, 'rollback'));
      const after = (await view(handle)).due.find(({ clock }) => clock === 'update')!.at;
      assert.ok(after < before);
      await act(handle, { action: 'assess', by: 'bob', severity: 'P2', comment: 'one page only' });
      await paused(false);
      await eventually(async () => assert.equal(await handle.query<GateView | null>('gate'), null));
      await finish(handle);
    });
  });

  it('reminds of a missing post-mortem for as long as it takes, and is late with it once', async () => {
    const { seen, activities } = witnessed();
    await run(activities, async () => {
      const handle = await start('no-post-mortem', { severity: 'P3' });
      await act(handle, { action: 'resolve', by: 'bob', comment: 'went away' });
      await refused(handle, { action: 'update', by: 'bob', comment: 'again' }, /bob has resolved it already; if it is back, report a new incident/);
      await temporal.sleep(6 * 24 * hour + hour);
      const { breaches } = await eventually(async () => {
        const seenNow = await view(handle);
        assert.equal(seen.told.filter(({ text }) => text.startsWith('the post-mortem is still missing')).length, 6);
        return seenNow;
      });
      assert.deepEqual(breaches.map(({ clock }) => clock), ['postMortem']);
      assert.equal((await finish(handle, { isResolved: true })).outcome, 'succeeded');
    });
  });

  it('is one run for each incident, however often it is reported', async () => {
    await run(witnessed().activities, async () => {
      const handle = await start('twice/ö', { severity: 'P3' });
      assert.equal(handle.workflowId, 'coordinateIncident:twice%2F%C3%B6');
      const again = { incident: 'twice/ö', title: 'The same', severity: 'P0' };
      await assert.rejects(startRunbook(temporal.client, runbook, again), /coordinateIncident:twice%2F%C3%B6 was started before/);
      await finish(handle);
      await assert.rejects(startRunbook(temporal.client, runbook, again), /was started before/);
      await assert.rejects(startRunbook(temporal.client, runbook, again, { again: { reason: 'back' } }), /it is a new one, with a key of its own/);
      await assert.rejects(temporal.client.workflow.start('coordinateIncident', { taskQueue: TaskQueue.Runbooks, workflowId: handle.workflowId, workflowIdReusePolicy: 'REJECT_DUPLICATE', args: [{ ...again, severity: 'P0' }] }), WorkflowExecutionAlreadyStartedError);
    });
  });

  it('lets the releases go on when it is cancelled', async () => {
    await run(witnessed().activities, async () => {
      const handle = await start('cancelled', { severity: 'P0' });
      await paused(true);
      await temporal.sleep(11 * minute);
      await handle.cancel();
      await assert.rejects(handle.result(), (error: Error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure);
      await paused(false);
      const { memo } = await handle.describe();
      const result = memo?.['result'] as CoordinateIncidentResult;
      assert.equal(result.outcome, 'aborted');
      assert.deepEqual(result.compensations, [{ step: 'pause of the releases', state: 'done', detail: 'releases go on' }]);
    });
  });

  it('goes on while the channel is away, the estate is wrong and no work item can be made', async () => {
    const away = async (): Promise<never> => { throw ApplicationFailure.nonRetryable('away', FailureType.Unavailable); };
    const { activities } = witnessed({ notify: away, createWorkItem: away, loadIncidentPolicy: away });
    await run(activities, async () => {
      const handle = (await temporal.client.workflow.start('coordinateIncident', { taskQueue: TaskQueue.Runbooks, workflowId: 'coordinateIncident:away', args: [{ incident: 'away', title: 'Everything is away', severity: 'P2', service: 'model-server' }] })) as Handle;
      started.push(handle);
      await eventually(async () => assert.match((await view(handle)).timeline[0]?.text ?? '', /^opened as P2; bridge: none is named/));
      await eventually(async () => assert.match(await details(handle), /The channel could not be told/));
      await temporal.sleep(6 * minute);
      // Nobody is known without the estate: a name is taken as it is.
      await act(handle, { action: 'acknowledge', by: 'erin' });
      await act(handle, { action: 'addAction', by: 'erin', comment: 'repair the channel' });
      const result = await finish(handle);
      assert.deepEqual([result.outcome, result.breaches.map(({ clock }) => clock), result.postMortem?.workItem, result.actions], ['succeeded', ['acknowledge'], null, [{ title: 'repair the channel', owner: 'erin', workItem: null }]]);
    });
  });

  it('takes the same messages as signals, and shows those that it does not take', async () => {
    await run(witnessed().activities, async () => {
      const handle = await start('signals', { severity: 'P3' });
      await handle.signal('incident', { action: 'acknowledge', by: 'mallory' });
      await eventually(async () => assert.match(await details(handle), /\*\*Last message not taken:\*\* not taken: "mallory" is nobody/));
      await handle.signal('incident', 'help');
      await eventually(async () => assert.match(await details(handle), /it is not one JSON object/));
      await handle.signal('incident', { action: 'acknowledge', by: 'Dana@Example.com', comment: 'on it' });
      await eventually(async () => assert.equal((await view(handle)).acknowledged?.by, 'dana'));
      assert.doesNotMatch(await details(handle), /not taken/);
      for (const [message, reason] of [[{ action: 'fix', by: 'bob' }, /its "action" is none of/], [{ action: 'assess', by: 'bob', severity: 'P9', comment: 'x' }, /its "severity" is none of P0/], [{ action: 'update', by: 'bob' }, /does not say what is new/], [{ action: 'takeRole', by: 'bob', role: 'king' }, /its "role" is none of/], [{ action: 'postMortem', by: 'bob', comment: 'x' }, /it is not resolved yet/], [{ action: 'acknowledge' }, /does not say who you are/]] as const) await refused(handle, message, reason);
      await finish(handle);
    });
  });

  it('of a plant pauses all its circuits and offers the newest change among them that is no rollback', async () => {
    const { activities } = witnessed({
      namedCircuits: async ({ name }) => ({ named: { scope: { plant: name }, count: 3, circuits: ['C001', 'C002', 'C003'].map((circuit) => ({ target: { plant: name, circuit }, endpoint: `batch-endpoint-plant-${name}`, deployment: `deployment-circuit-${circuit}` })), production: testPolicy(target).workspaces.production } }),
      findLastChanges: async ({ places }) => ({ changes: [['C002', { model_version: '3', run: 'rollBackModel:P001:C002/r' }], ['C003', { model_version: '5', previous_version: '4' }]].map(([circuit, tags]) => ({ target: places.find((place) => place.target.circuit === circuit)!.target, tags: tags as Record<string, string>, changedAt: '2026-11-21T03:00:00Z' })) }),
    });
    await run(activities, async () => {
      const handle = await start('plant', { severity: 'P1', service: 'P001' });
      await paused(true);
      const stopped = async (plant: string) => (await readStops(temporal.client, { target: { plant, circuit: 'C003' } })).holds.length;
      assert.deepEqual([await stopped('P001'), await stopped('P002')], [1, 0]);
      await temporal.sleep(11 * minute);
      const { question, facts } = await eventually(async () => (await handle.query<GateView | null>('gate'))!.card);
      assert.deepEqual([question, facts[1]], ['Roll P001/C003 back from 5 to 4?', 'the newest change of 3 circuits, at 2026-11-21T03:00:00Z']);
      await handle.executeUpdate('decide', { args: [{ gate: 'rollback', verdict: 'reject', by: 'carol', comment: 'that is not it' }] });
      await finish(handle);
      await paused(false);
      const { timeline } = await view(handle);
      for (const line of ['releases of plant P001 are paused', 'rollback of the last change is offered: from 5 to 4 of P001/C003', 'releases of plant P001 go on']) assert.ok(timeline.some(({ text }) => text === line), `${line}\n${JSON.stringify(timeline)}`);
    });
  });

  it('of what the estate does not know says plainly, once it is grave, that there is nothing to pause and nothing to roll back', async () => {
    const { seen, activities } = witnessed();
    await run(activities, async () => {
      const handle = await start('words', { severity: 'P3', service: 'model-server' });
      const said = 'no releases are paused, and no rollback will be offered: "model-server" names no circuit of the estate';
      const isSaid = async () => (await view(handle)).timeline.filter(({ text }) => text === said).length;
      assert.equal(await isSaid(), 0);
      await act(handle, { action: 'assess', by: 'bob', severity: 'P0', comment: 'nothing answers' });
      await eventually(async () => assert.equal(await isSaid(), 1));
      assert.match(await details(handle), /\*\*releases:\*\* none to pause, and nothing to roll back/);
      await temporal.sleep(20 * minute);
      assert.deepEqual([(await view(handle)).releases, await handle.query<GateView | null>('gate'), await isSaid()], ['none', null, 1]);
      await finish(handle);
      assert.ok(seen.entries.some((entry) => entry.kind === 'finding' && entry.what === `incident: ${said}`));
    });
  });

  // The last one: the review of the rollback goes on asking, which takes a skipped clock its time.
  it('offers the rollback at minute 10: silence does nothing, an approval starts rollBackModel by name', async () => {
    const { activities, seen } = witnessed();
    await run(activities, async () => {
      const silent = await start('unanswered', { severity: 'P1' });
      await temporal.sleep(11 * minute);
      await eventually(async () => assert.match((await silent.query<GateView | null>('gate'))?.card.question ?? '', /^Roll P001\/C001 back from 2 to 1\?/));
      assert.match(await details(silent), /### Roll P001\/C001 back[\s\S]*---[\s\S]*"action": "acknowledge"/);
      await temporal.sleep(40 * minute);
      await eventually(async () => assert.ok((await view(silent)).timeline.some(({ text }) => text === 'rollback not decided: nothing is rolled back')));
      assert.equal((await finish(silent)).rollback, null);

      const approved = await start('approved', { severity: 'P1' });
      await temporal.sleep(11 * minute);
      await eventually(async () => assert.equal((await approved.query<GateView | null>('gate'))?.gate, 'rollback'));
      await approved.executeUpdate('decide', { args: [{ gate: 'rollback', verdict: 'approve', by: 'carol' }] });
      await eventually(async () => assert.ok((await view(approved)).timeline.some(({ text }) => text.startsWith('rollback approved by carol'))));
      const child = temporal.client.workflow.getHandle('rollBackModel:P001:C001');
      const { type } = await child.describe();
      assert.equal(type, 'rollBackModel');
      const rolledBack = (await child.result()) as RollBackModelResult;
      assert.deepEqual([rolledBack.outcome, rolledBack.from, rolledBack.to], ['succeeded', '2', '1']);
      await eventually(async () => {
        const lines = (await view(approved)).timeline.map(({ text }) => text);
        assert.ok(lines.some((text) => /^rollBackModel:P001:C001: rolled back from 2 to 1 in /.test(text)) && lines.includes('rolled back from 2 to 1; no new alert'), lines.join('\n'));
      });
      assert.equal(rolledBack.incident, approved.workflowId, 'the incident that offered it, and no other');
      assert.deepEqual((await finish(approved)).rollback, { workflowId: 'rollBackModel:P001:C001', by: ['carol'] });
    });
    assert.ok(seen.entries.some((entry) => entry.kind === 'gateClosed' && entry.state === 'approved' && entry.by.includes('carol')));
  });
});
