/** A page and its resolve come from different activities: whichever is late, no page stays open for a gate that is over. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createNotificationClients } from '../../../activities/notifications/clients.ts';
import { gateStanding } from '../../../activities/notifications/gate-standing.ts';
import { createNotificationActivities } from '../../../activities/notifications/index.ts';
import type { GateEvent } from '../../../workflows/domain/gate-event.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { eventually } from '../../support/eventually.ts';
import { answer, openGate, witnessed } from '../../support/gate-runs.ts';
import { failureOf, releaseRuns, type Handle } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { freshKey, Platforms } from '../support/platforms.ts';
import { gateEvent } from './support/events.ts';

const platforms = await Platforms.start({ seed: false });
const clients = createNotificationClients(platforms.settings);
const { url } = platforms.sandbox;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-pager-order-'));
const estateFile = join(directory, 'estate.yml');
writeFileSync(estateFile, `${readFileSync('estate/demo.yml', 'utf8')}
notifications:
  channels:
    pager: { kind: pagerDuty, routingKey: PAGER_KEY, events: '${url}/pagerduty/v2/enqueue' }
  routes:
    - { channels: [pager] }
`);
let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(async () => {
  await temporal?.teardown();
  rmSync(directory, { recursive: true, force: true });
});
const { start, run } = releaseRuns(() => temporal);
const notifier = () => createNotificationActivities({ estateFile, webhookUrl: null, inboxUrl: null, secrets: { PAGER_KEY: 'k'.repeat(32) }, buttonKeysFile: null, client: temporal.client, ...clients }).notify;

interface Alert { status: string; log: string[]; dedupKey: string }
/** Status and events of the alerts that came after these. */
const alerts = async (former: number): Promise<[string, string[]][]> => (await clients.rest.send<{ alerts: Alert[] }>({ method: 'GET', url: `${url}/_sandbox/pagerduty` })).body.alerts.slice(former).map(({ status, log }) => [status, log]);
const known = async (): Promise<number> => (await alerts(0)).length;
const elapsed = (afterMs: number) => ({ afterMs, hours: 'elapsed' as const });
const escalating = { severity: 'P1' as const, clock: { remind: [], escalate: [{ ...elapsed(300), to: 'manager' }], widen: [], decide: elapsed(3_600_000) } };
const approve = { gate: 'stage1', verdict: 'approve', by: 'alice' };
const end = async (handle: Handle): Promise<void> => {
  await handle.cancel();
  await failureOf(handle.result());
};
const enqueue = { method: 'POST', path: '/pagerduty/v2/enqueue' };

/** The page for the gate that a run waits at. */
const pageOf = ({ workflowId, runId }: GateView): GateEvent => gateEvent({ kind: 'escalated', workflowId, runId });

describe('a page for a gate', () => {
  it('that arrives after the resolve is resolved once more', async () => {
    const former = await known();
    const { activities } = witnessed(escalating, { notify: notifier() });
    await run(activities, async () => {
      // PagerDuty has the trigger, and takes it only when the gate is long decided; the answer is lost.
      platforms.fault(enqueue, { kind: 'delayAccept', ms: 3_000 });
      const handle = await start();
      await openGate(handle, 'stage1');
      await eventually(() => assert.equal(platforms.sandbox.context.faults.list().at(-1)?.hits, 1));
      await answer(handle, approve);
      await openGate(handle, 'stage3');
      await eventually(async () => assert.deepEqual(await alerts(former), [['resolved', ['trigger', 'resolve']]]));
      await end(handle);
    });
  });

  it('is not repeated when the gate is over', async () => {
    const former = await known();
    const { activities } = witnessed({ severity: 'P1' }, { notify: async () => ({ delivered: [], failed: [] }) });
    await run(activities, async () => {
      const handle = await start();
      const event = pageOf(await openGate(handle, 'stage1'));
      assert.equal(await gateStanding(temporal.client, event), 'open');
      platforms.fault(enqueue, { kind: 'status', status: 503 });
      const attempts = platforms.retried(notifier(), { key: freshKey(), event });
      await answer(handle, approve);
      await openGate(handle, 'stage3');
      assert.equal(await gateStanding(temporal.client, event), 'over');
      await attempts;
      assert.ok((await alerts(former)).every(([status]) => status === 'resolved'));
      // Whoever pages for it only now wakes nobody for longer than a moment.
      await platforms.run(notifier(), { key: freshKey(), event });
      assert.deepEqual((await alerts(former)).map(([status]) => status).filter((status) => status !== 'resolved'), []);
      const before = await known();
      platforms.fault(enqueue, { kind: 'status', status: 503 });
      const { result, failures } = await platforms.retried(notifier(), { key: freshKey(), event });
      assert.deepEqual([result, failures, await known()], [{ delivered: ['pager'], failed: [] }, [], before], 'the failed trigger is not sent again: a resolve is');
      await end(handle);
      assert.equal(await gateStanding(temporal.client, { ...event, gate: 'stage3' }), 'over', 'a run that has ended has no open gate');
    });
  });

  it('goes out while no worker says whether it is still open, once, and is asked about later', async () => {
    const former = await known();
    const { activities } = witnessed({ severity: 'P1' }, { notify: async () => ({ delivered: [], failed: [] }) });
    let handle!: Handle;
    let event!: GateEvent;
    await run(activities, async () => {
      handle = await start();
      event = pageOf(await openGate(handle, 'stage1'));
    });
    const attempts = platforms.retried(notifier(), { key: freshKey(), event });
    await eventually(async () => assert.deepEqual(await alerts(former), [['triggered', ['trigger']]]));
    await handle.terminate();
    const { result, failures } = await attempts;
    assert.deepEqual(result, { delivered: ['pager'], failed: [] });
    assert.ok(failures.every((type) => type === 'Unavailable'));
    assert.deepEqual(await alerts(former), [['resolved', ['trigger', 'resolve']]]);
  });

  it('of a finding, which no gate’s end resolves, is sent as it is', async () => {
    const former = await known();
    await platforms.run(notifier(), { key: freshKey(), event: gateEvent({ kind: 'finding', workflowId: 'no such run' }) });
    assert.deepEqual(await alerts(former), [['triggered', ['trigger']]]);
  });
});
