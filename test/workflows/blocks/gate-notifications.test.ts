import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { withHeartbeat } from '../../../activities/heartbeat.ts';
import { createNotificationClients } from '../../../activities/notifications/clients.ts';
import { createNotificationActivities } from '../../../activities/notifications/index.ts';
import { Platforms } from '../../activities/support/platforms.ts';
import { eventually } from '../../support/eventually.ts';
import { answer, openGate, witnessed } from '../../support/gate-runs.ts';
import { failureOf, releaseRuns } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

const platforms = await Platforms.start({ seed: false });
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-gate-notifications-'));
let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true, force: true });
});
const { start, run } = releaseRuns(() => temporal);

interface Alert { status: string; log: string[] }
interface Message { body: { blocks: { type: string; text?: { text: string }; fields?: { text: string }[] }[] } }

void test('a gate that nobody decides pages; the first decision acknowledges, the last resolves; a channel that is away keeps neither waiting', async () => {
  const { url } = platforms.sandbox;
  const estateFile = join(directory, 'estate.yml');
  writeFileSync(estateFile, `${readFileSync('estate/demo.yml', 'utf8')}
notifications:
  channels:
    chat: { kind: slack, webhook: CHAT_URL }
    away: { kind: slack, webhook: AWAY_URL }
    pager: { kind: pagerDuty, routingKey: PAGER_KEY, events: '${url}/pagerduty/v2/enqueue' }
  routes:
    - { channels: [chat, pager] }
    - { events: [opened], channels: [away] }
`);
  platforms.fault({ method: 'POST', path: '/slack/services/T1/BAWAY', times: 1_000 }, { kind: 'status', status: 503, retryAfterS: 60 });
  const clients = createNotificationClients(platforms.settings);
  const secrets = { CHAT_URL: `${url}/slack/services/T1/BCHAT/s`, AWAY_URL: `${url}/slack/services/T1/BAWAY/s`, PAGER_KEY: 'k'.repeat(32) };
  const { notify } = withHeartbeat(createNotificationActivities({ estateFile, webhookUrl: null, inboxUrl: 'https://holdpoint.example.com', secrets, buttonKeysFile: join(directory, 'buttons.private.json'), client: temporal.client, ...clients }));
  const elapsed = (afterMs: number) => ({ afterMs, hours: 'elapsed' as const });
  const { activities } = witnessed({ quorum: 2, severity: 'P1', clock: { remind: [], escalate: [{ ...elapsed(300), to: 'manager' }], widen: [], decide: elapsed(3_600_000) } }, { notify });
  const alerts = async () => (await clients.rest.send<{ alerts: Alert[] }>({ method: 'GET', url: `${url}/_sandbox/pagerduty` })).body.alerts.map(({ status, log }) => [status, log]);
  const approve = (by: string) => ({ gate: 'stage1', verdict: 'approve', by });

  await run(activities, async () => {
    const handle = await start();
    await openGate(handle, 'stage1');
    await eventually(async () => assert.deepEqual(await alerts(), [['triggered', ['trigger']]]));
    await answer(handle, approve('alice'));
    await eventually(async () => assert.deepEqual(await alerts(), [['acknowledged', ['trigger', 'acknowledge']]]));
    await answer(handle, approve('bob'));
    await openGate(handle, 'stage3');
    await eventually(async () => assert.deepEqual(await alerts(), [['resolved', ['trigger', 'acknowledge', 'resolve']]]));

    const { messages } = (await clients.rest.send<{ messages: Message[] }>({ method: 'GET', url: `${url}/_sandbox/slack?channel=BCHAT` })).body;
    const shown = messages.map(({ body: { blocks } }) => [blocks[0]?.text?.text, blocks.some(({ type }) => type === 'input'), JSON.stringify(blocks)] as const);
    assert.deepEqual(shown.slice(0, 4).map(([heading, hasButtons]) => [heading, hasButtons]), [['A decision is wanted', true], ['Escalated: nobody has decided', true], ['A decision came in', true], ['Decided', false]]);
    assert.match(shown[0]![2], /"MAE: [^"]*\(production 2\.100\)"/);
    assert.match(shown[2]![2], /Approved by alice; 1 more approval is wanted\./);
    assert.match(shown[3]![2], /approved by alice, bob/);
    await handle.cancel();
    await failureOf(handle.result());
  });
});
