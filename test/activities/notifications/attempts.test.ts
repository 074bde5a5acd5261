import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { withHeartbeat } from '../../../activities/heartbeat.ts';
import { createNotificationClients } from '../../../activities/notifications/clients.ts';
import { createNotificationActivities, type Notified } from '../../../activities/notifications/index.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { freshKey, Platforms } from '../support/platforms.ts';
import { gateEvent } from './support/events.ts';

const platforms = await Platforms.start({ seed: false });
const temporal = await startTemporal();
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-notifications-'));
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true, force: true });
});

void test('on a real server an attempt knows which channels the one before has told, and no secret is in the history', async () => {
  const { url } = platforms.sandbox;
  const estateFile = join(directory, 'estate.yml');
  writeFileSync(estateFile, `${readFileSync('estate/demo.yml', 'utf8')}
notifications:
  channels:
    first: { kind: slack, webhook: FIRST_URL }
    second: { kind: slack, webhook: SECOND_URL }
    pager: { kind: pagerDuty, routingKey: PAGER_KEY, events: '${url}/pagerduty/v2/enqueue' }
  routes:
    - { channels: [first, second, pager] }
`);
  const clients = createNotificationClients(platforms.settings);
  const secrets = { FIRST_URL: `${url}/slack/services/T1/BFIRST/hidden-1`, SECOND_URL: `${url}/slack/services/T1/BSECOND/hidden-2`, PAGER_KEY: 'hidden-key-of-exactly-32-letters' };
  const activities = withHeartbeat(createNotificationActivities({ estateFile, webhookUrl: null, inboxUrl: null, secrets, buttonKeysFile: null, client: null, ...clients }));
  platforms.fault({ method: 'POST', path: 'BSECOND', times: 3 }, { kind: 'status', status: 503 });

  const taskQueue = 'notifications-attempts';
  const worker = await Worker.create({ connection: temporal.nativeConnection, taskQueue, workflowsPath: fileURLToPath(new URL('./support/tell.ts', import.meta.url)), activities });
  const handle = await temporal.client.workflow.start('tell', { taskQueue, workflowId: 'tell-1', args: [{ key: freshKey(), event: gateEvent({ kind: 'escalated' }) }] });
  const result = (await worker.runUntil(handle.result())) as Notified;

  assert.deepEqual([result.delivered.toSorted(), result.failed], [['first', 'pager', 'second'], []]);
  const { body } = await clients.rest.send<{ messages: { channel: string }[] }>({ method: 'GET', url: `${url}/_sandbox/slack` });
  assert.deepEqual(body.messages.map(({ channel }) => channel), ['BFIRST', 'BSECOND']);
  const { body: pager } = await clients.rest.send<{ alerts: { log: string[] }[] }>({ method: 'GET', url: `${url}/_sandbox/pagerduty` });
  assert.deepEqual(pager.alerts.map(({ log }) => log), [['trigger']]);
  const history = JSON.stringify((await handle.fetchHistory()).events).replace(/"data":"([^"]*)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());
  assert.ok(history.includes('"delivered":["first"'));
  assert.ok(history.includes('not told yet: second (Unavailable)'));
  assert.ok(!history.includes('hidden'));
});
