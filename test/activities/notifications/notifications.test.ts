import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { openButtonKeys, readButton } from '../../../activities/notifications/button-token.ts';
import { createNotificationClients } from '../../../activities/notifications/clients.ts';
import { createNotificationActivities, type NotificationDependencies, type NotifyInput } from '../../../activities/notifications/index.ts';
import type { GateEvent } from '../../../workflows/domain/gate-event.ts';
import { messageId } from '../../../workflows/domain/keys.ts';
import { loadOrMintCertificate } from '../../../sandbox/core/certificate.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';
import { gateEvent } from './support/events.ts';
import { headersOf, startMailServer, type MailServer } from './support/mail-server.ts';

const platforms = await Platforms.start({ seed: false });
const clients = createNotificationClients(platforms.settings);
const { url } = platforms.sandbox;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-notifications-'));
const webhookUrl = `${url}/chat/webhook/top-secret-channel`;
const demo = readFileSync('estate/demo.yml', 'utf8');
let mail: MailServer;
let files = 0;

before(async () => {
  mail = await startMailServer();
});
after(async () => {
  await mail.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => mail.mails.splice(0));

/** The demo's estate with this section `notifications`. */
function estateWith(section: string): string {
  files += 1;
  const file = join(directory, `estate-${files}.yml`);
  writeFileSync(file, `${demo}\n${section}`);
  return file;
}

const channels = `
notifications:
  channels:
    releases-slack: { kind: slack, webhook: SLACK_WEBHOOK_URL }
    bot-slack: { kind: slack, token: SLACK_TOKEN, channel: C0RELEASES, buttons: false, api: '${url}/slack/api' }
    ops-teams: { kind: teams, webhook: TEAMS_WEBHOOK_URL }
    board-mail: { kind: mail, smtp: SMTP_URL, from: 'Holdpoint <holdpoint@example.com>', to: [board@example.com] }
    on-call: { kind: pagerDuty, routingKey: PAGERDUTY_ROUTING_KEY, events: '${url}/pagerduty/v2/enqueue' }
  addresses:
    alice: { mail: alice@example.com, slack: U0ALICE }
    releasers: { slack: S0BOARD }
  routes:
`;
const everything = `${channels}    - { channels: [releases-slack, bot-slack, ops-teams, board-mail, on-call] }\n`;

const secretsWith = (given: Record<string, string> = {}): Record<string, string> => ({
  SLACK_WEBHOOK_URL: `${url}/slack/services/T1/B1/slack-secret`,
  SLACK_TOKEN: 'xoxb-sandbox',
  TEAMS_WEBHOOK_URL: `${url}/teams/workflows/w1/triggers/manual/paths/invoke?api-version=1&sig=teams-secret`,
  SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
  PAGERDUTY_ROUTING_KEY: 'pager-secret-key-of-32-characters',
  ...given,
});
const secretWords = ['slack-secret', 'xoxb-sandbox', 'teams-secret', 'pager-secret', 'top-secret', 'hunter2'];

function notifier(given: Partial<NotificationDependencies> = {}) {
  const { PAGERDUTY_ROUTING_KEY, ...secrets } = secretsWith();
  return createNotificationActivities({ estateFile: estateWith(everything), webhookUrl: null, inboxUrl: 'https://holdpoint.example.com', secrets: { ...secrets, PAGERDUTY_ROUTING_KEY: PAGERDUTY_ROUTING_KEY!.slice(0, 32) }, buttonKeysFile: join(directory, 'keys', 'buttons.private.json'), client: null, ...clients, ...given }).notify;
}

const kept = async <T>(path: string): Promise<T> => (await clients.rest.send<T>({ method: 'GET', url: `${url}/_sandbox/${path}` })).body;
interface Block { type: string; text?: { type: string; text: string }; fields?: { text: string }[]; elements?: { type: string; action_id?: string; value?: string; url?: string; text?: string | { text: string } }[] }
const slackMessages = async (key: NotifyInput['key']) => (await kept<{ messages: { channel: string; body: { text: string; blocks: Block[] } }[] }>('slack')).messages.filter(({ body }) => JSON.stringify(body).includes(key.key));
const teamsPosts = async (key: NotifyInput['key']) => (await kept<{ posts: { body: object; problems: string[] }[] }>('teams')).posts.filter(({ body }) => JSON.stringify(body).includes(key.key));
let run = 0;
/** An event of a run of its own. */
const eventOf = (given: Partial<GateEvent> = {}): GateEvent => gateEvent({ runId: `run-${(run += 1)}`, ...given });

/** The attempts until the end, as Temporal makes them, and everything that Temporal would keep of them. */
async function told(notify: ReturnType<typeof notifier>, input: NotifyInput): Promise<{ result: Awaited<ReturnType<typeof notify>>; failures: string[] }> {
  const seen: unknown[] = [];
  const outcome = await platforms.retried(async (given: NotifyInput) => {
    try {
      return await notify(given);
    } catch (error) {
      seen.push(error instanceof ApplicationFailure ? [error.message, error.details, error.cause] : error);
      throw error;
    }
  }, input);
  const leaked = secretWords.filter((word) => JSON.stringify([seen, outcome]).includes(word));
  assert.deepEqual(leaked, [], 'a secret in what Temporal keeps');
  return outcome;
}

describe('without a section "notifications"', () => {
  const plainNotify = (webhook: string | null) => notifier({ estateFile: 'estate/demo.yml', webhookUrl: webhook });

  it('the one webhook gets the text and its id, as before; without a webhook nothing is told', async () => {
    const key = freshKey();
    assert.deepEqual(await platforms.run(plainNotify(webhookUrl), { key, event: eventOf({ text: 'Waiting for Stage 1' }) }), { delivered: ['chat'], failed: [] });
    const { messages } = await kept<{ messages: { body: object }[] }>('chat');
    assert.deepEqual(messages.at(-1)?.body, { text: 'Waiting for Stage 1', message_id: messageId(key) });
    assert.deepEqual(await platforms.run(plainNotify(null), { key, event: eventOf() }), { delivered: [], failed: [] });
  });

  it('a refusal does not tell the webhook\'s address, and is not repeated', async () => {
    platforms.fault({ method: 'POST', path: '/chat/' }, { kind: 'status', status: 500 });
    await assert.rejects(platforms.run(plainNotify(webhookUrl), { key: freshKey(), event: eventOf() }), (error) => failure('Unavailable', false)(error) && !JSON.stringify(error).includes('top-secret'));
    platforms.fault({ method: 'POST', path: '/chat/' }, { kind: 'status', status: 404 });
    assert.deepEqual(await platforms.run(plainNotify(webhookUrl), { key: freshKey(), event: eventOf() }), { delivered: [], failed: ['chat: 404 RequestFailed'] });
  });
});

describe('over all channels', () => {
  it('an escalation reaches each in its own form', async () => {
    const key = freshKey();
    const event = eventOf({ kind: 'escalated' });
    const { result } = await told(notifier(), { key, event });
    assert.deepEqual(result, { delivered: [...result.delivered], failed: [] });
    assert.deepEqual(result.delivered.toSorted(), ['board-mail', 'bot-slack', 'on-call', 'ops-teams', 'releases-slack']);

    const [webhook, bot] = (await slackMessages(key)).sort((one, other) => one.channel.localeCompare(other.channel));
    assert.deepEqual([webhook?.channel, bot?.channel], ['B1', 'C0RELEASES']);
    const shown = JSON.stringify(webhook?.body);
    for (const part of ['Promote P001/C001 42-3f2a91c0?', 'Recommendation: Approve', 'MAE: 1.900 (production 2.100)', '<@U0ALICE> <!subteam^S0BOARD>', `<!date^${Date.parse('2099-11-24T12:18:30.000Z') / 1000}^`, 'https://holdpoint.example.com/inbox/gates/releaseModel%3AP001%3AC001%3A42-3f2a91c0', messageId(key)]) assert.ok(shown.includes(part), part);
    const buttons = webhook?.body.blocks.find(({ type }) => type === 'actions')?.elements ?? [];
    assert.deepEqual(buttons.map(({ action_id }) => action_id), ['holdpoint_approve', 'holdpoint_reject', 'holdpoint_open']);
    const keys = await openButtonKeys(join(directory, 'keys', 'buttons.private.json'));
    const { id: _id, ...pressed } = await readButton(keys, buttons[1]!.value!);
    assert.deepEqual(pressed, { workflowId: event.workflowId, runId: event.runId, gate: 'stage1', generation: 0, evidence: '0123456789ab', verdict: 'reject', expiresAt: '2099-11-24T12:18:30.000Z' });
    assert.deepEqual(bot?.body.blocks.find(({ type }) => type === 'actions')?.elements?.map(({ action_id }) => action_id), ['holdpoint_open']);

    const [post] = await teamsPosts(key);
    assert.deepEqual(post?.problems, []);
    for (const part of ['"version":"1.5"', 'Action.OpenUrl', 'Promote P001/C001', 'inbox/gates/', '1.900 (production 2.100)']) assert.ok(JSON.stringify(post?.body).includes(part), part);

    const [sent] = mail.mails;
    assert.deepEqual(sent?.to, ['board@example.com', 'alice@example.com']);
    const headers = headersOf(sent.raw);
    assert.equal(headers['message-id'], messageId(key));
    assert.match(headers['references'] ?? '', /^<gate-[0-9a-f]{20}@holdpoint>$/);
    assert.equal(headers['in-reply-to'], headers['references']);
    assert.equal(headers['subject'], '[holdpoint P1] Promote P001/C001 42-3f2a91c0?');
    assert.equal(headers['auto-submitted'], 'auto-generated');
    for (const part of ['text/plain', 'text/html', '<strong>Escalated: nobody has decided</strong>']) assert.ok(sent.raw.includes(part), part);
  });

  it('a message of a decision has no buttons; a page is acknowledged by an answer and resolved by the end, under one key', async () => {
    const runId = 'paged-run';
    const page = (kind: GateEvent['kind'], generation = 0) => told(notifier(), { key: freshKey(), event: gateEvent({ runId, kind, generation }) });
    assert.deepEqual((await page('opened')).result.delivered.includes('on-call'), false); // an opening wakes nobody
    await page('escalated');
    await page('escalated');
    await page('answered');
    const key = freshKey();
    await told(notifier(), { key, event: gateEvent({ runId, kind: 'decided', deadline: null, text: 'alice approved: looks good' }) });
    const { alerts } = await kept<{ alerts: { dedupKey: string; status: string; log: string[] }[] }>('pagerduty');
    assert.deepEqual(alerts.filter(({ log }) => log.length === 4).map(({ status, log }) => [status, log]), [['resolved', ['trigger', 'trigger', 'acknowledge', 'resolve']]]);
    const [webhook] = (await slackMessages(key)).filter(({ channel }) => channel === 'B1');
    assert.ok(JSON.stringify(webhook?.body).includes('alice approved: looks good'));
    assert.deepEqual(webhook?.body.blocks.find(({ type }) => type === 'actions')?.elements?.map(({ action_id }) => action_id), ['holdpoint_open']);
  });

  it('all mails of a gate are one conversation, of another gate another', async () => {
    const event = eventOf();
    for (const [kind, gate] of [['opened', 'stage1'], ['reminded', 'stage1'], ['opened', 'stage3']] as const) await told(notifier(), { key: freshKey(), event: { ...event, kind, gate } });
    const [first, second, other] = mail.mails.map(({ raw }) => headersOf(raw));
    assert.equal(first!['references'], second!['references']);
    assert.equal(first!['subject'], second!['subject']);
    assert.notEqual(first!['message-id'], second!['message-id']);
    assert.notEqual(first!['references'], other!['references']);
  });

  it('a second call with the same key carries the same ids, and changes nothing where the platform joins repetitions', async () => {
    const input = { key: freshKey(), event: eventOf({ kind: 'escalated' }) };
    await told(notifier(), input);
    const again = await platforms.changesOf(() => told(notifier(), input));
    assert.deepEqual(again.changes.filter((change) => change.includes('enqueue')), []);
    const messages = (await slackMessages(input.key)).filter(({ channel }) => channel === 'B1');
    assert.deepEqual(messages.map(({ body }) => body.text), Array(2).fill('Escalated: nobody has decided: Promote P001/C001 42-3f2a91c0?'));
    assert.equal((await teamsPosts(input.key)).length, 2);
    assert.deepEqual(mail.mails.map(({ raw }) => headersOf(raw)['message-id']), Array(2).fill(messageId(input.key)));
    const { alerts } = await kept<{ alerts: { log: string[]; dedupKey: string }[] }>('pagerduty');
    assert.deepEqual(alerts.at(-1)?.log, ['trigger', 'trigger']);
  });
});

describe('a channel that is away', () => {
  it('delays and repeats nothing of the others', async () => {
    platforms.fault({ method: 'POST', path: '/slack/services/', times: 2 }, { kind: 'status', status: 503 });
    platforms.fault({ method: 'POST', path: '/teams/', times: 1 }, { kind: 'status', status: 429, retryAfterS: 1 });
    mail.refuse(451, 1);
    const key = freshKey();
    const started = Date.now();
    const { result, failures } = await told(notifier(), { key, event: eventOf({ kind: 'escalated' }) });
    assert.deepEqual([result.delivered.length, result.failed], [5, []]);
    assert.deepEqual(result.delivered.slice(0, 2).toSorted(), ['bot-slack', 'on-call']);
    assert.ok(failures.length >= 2 && failures.every((type) => type === 'Unavailable' || type === 'Throttled'), failures.join());
    assert.ok(Date.now() - started >= 1_000, 'Retry-After was kept');
    const slack = await slackMessages(key);
    assert.deepEqual(slack.map(({ channel }) => channel).toSorted(), ['B1', 'C0RELEASES']);
    assert.equal((await teamsPosts(key)).length, 1);
    assert.equal(mail.mails.length, 1);
  });

  it('is told once more with the same id when its answer was lost', async () => {
    platforms.fault({ method: 'POST', path: '/slack/services/' }, { kind: 'cutAfterAccept' });
    const key = freshKey();
    const { failures } = await told(notifier(), { key, event: eventOf() });
    assert.deepEqual(failures, ['Unavailable']);
    assert.deepEqual((await slackMessages(key)).map(({ channel }) => channel).toSorted(), ['B1', 'B1', 'C0RELEASES']);
    assert.equal((await teamsPosts(key)).length, 1);
  });

  it('a mail server that is not there is waited for', async () => {
    const notify = notifier({ secrets: { ...secretsWith({ SMTP_URL: 'smtp://127.0.0.1:1' }), PAGERDUTY_ROUTING_KEY: 'p'.repeat(32) } });
    await assert.rejects(platforms.run(notify, { key: freshKey(), event: eventOf() }), failure('Unavailable', false, /not told yet: board-mail \(Unavailable\); told: /));
  });
});

describe('a channel that refuses for good', () => {
  it('is reported with the platform\'s word and not repeated, and keeps nobody else from being told', async () => {
    const { SLACK_TOKEN: _unset, ...secrets } = secretsWith({ SLACK_WEBHOOK_URL: `${url}/slack/services/T1/B1/revoked`, TEAMS_WEBHOOK_URL: `${url}/teams/workflows/w1/triggers/manual/paths/invoke?api-version=1`, PAGERDUTY_ROUTING_KEY: 'too-short' });
    mail.refuse(550, 1);
    const { result, failures } = await told(notifier({ secrets }), { key: freshKey(), event: eventOf({ kind: 'escalated' }) });
    assert.deepEqual(failures, []);
    assert.deepEqual(result.delivered, []);
    assert.deepEqual(result.failed.toSorted(), [
      'board-mail: 550 EMESSAGE',
      'bot-slack: SLACK_TOKEN is not set in the environment of the worker; set it and start the worker again',
      'on-call: 400 Event object is invalid',
      'ops-teams: 401 DirectApiAuthorizationRequired',
      'releases-slack: 404 no_service',
    ]);
  });

  it('chat.postMessage says so with status 200', async () => {
    const { result } = await told(notifier({ secrets: { ...secretsWith({ SLACK_TOKEN: 'xoxb-revoked' }), PAGERDUTY_ROUTING_KEY: 'p'.repeat(32) } }), { key: freshKey(), event: eventOf() });
    assert.deepEqual(result.failed, ['bot-slack: 200 invalid_auth']);
  });

  it('nobody with an address is a refusal, not a silence', async () => {
    const section = `notifications:\n  channels:\n    board-mail: { kind: mail, smtp: SMTP_URL, from: holdpoint@example.com }\n  routes:\n    - { channels: [board-mail] }\n`;
    const notify = notifier({ estateFile: estateWith(section) });
    assert.deepEqual((await told(notify, { key: freshKey(), event: eventOf({ to: ['seattle-engineers'] }) })).result, { delivered: [], failed: ['board-mail: nobody whom it is for has a mail address in the estate'] });
    assert.deepEqual((await told(notify, { key: freshKey(), event: eventOf({ to: ['dana'] }) })).result.delivered, ['board-mail']); // her alias is one
    assert.deepEqual(mail.mails[0]?.to, ['dana@example.com']);
  });
});

describe('a mail server with a password', () => {
  let server: MailServer;
  before(async () => {
    const { key, cert } = await loadOrMintCertificate(join(platforms.sandbox.caFile, '..'));
    server = await startMailServer({ key, cert, authMethods: ['PLAIN'], authOptional: false, onAuth: ({ username, password }, _session, callback) => (password === 'hunter2' ? callback(null, { user: username }) : callback(Object.assign(new Error('wrong'), { responseCode: 535 }))) });
  });
  after(() => server.close());
  const tell = (smtp: string) => told(notifier({ secrets: { ...secretsWith({ SMTP_URL: smtp }), PAGERDUTY_ROUTING_KEY: 'p'.repeat(32) } }), { key: freshKey(), event: eventOf() });

  it('is signed in to over TLS only', async () => {
    assert.deepEqual((await tell(`smtp://holdpoint:hunter2@127.0.0.1:${server.port}`)).result.failed, []);
    assert.equal(server.mails[0]?.user, 'holdpoint');
    assert.deepEqual((await tell(`smtp://holdpoint:wrong@127.0.0.1:${server.port}`)).result.failed, ['board-mail: 535 EAUTH']);
    assert.deepEqual((await tell(`smtp://holdpoint:hunter2@127.0.0.1:${mail.port}`)).result.failed, ['board-mail: 500 ETLS']);
  });
});

describe('what people and platforms wrote', () => {
  it('is shown as text on every channel', async () => {
    const key = freshKey();
    const hostile = '<!channel> <https://evil.example|click> *bold* [pay](https://evil.example) <script>alert(1)</script> & "x"\r\nBcc: victim@example.com\u202egnp.exe\u0007';
    const { result } = await told(notifier(), { key, event: eventOf({ kind: 'escalated', question: hostile, recommendation: hostile.repeat(60), text: hostile }) });
    assert.deepEqual(result.failed, []);
    const [webhook] = await slackMessages(key);
    const foreign = webhook!.body.blocks.flatMap(({ text, fields = [], elements = [] }) => [text, ...fields, ...elements]).filter((part) => JSON.stringify(part ?? '').includes('evil')) as { type: string }[];
    assert.deepEqual([...new Set(foreign.map(({ type }) => type))], ['plain_text']);
    assert.ok(webhook!.body.text.includes('&lt;!channel&gt;') && !webhook!.body.text.includes('<'));
    const [post] = await teamsPosts(key);
    assert.deepEqual(post?.problems, []);
    assert.ok(!JSON.stringify(post?.body).includes('"TextBlock"') && !JSON.stringify(post?.body).includes('\u202e'));
    const { raw } = mail.mails[0]!;
    assert.deepEqual(mail.mails[0]!.to, ['board@example.com', 'alice@example.com']);
    assert.equal(headersOf(raw)['bcc'], undefined);
    const [, html = ''] = raw.split('text/html');
    assert.ok(!html.includes('<script>') && html.includes('&lt;script&gt;'));
  });
});

describe('a wrong estate', () => {
  it('is read again until a person has repaired it', async () => {
    const estateFile = estateWith('notifications: { channels: {}, routes: [{ channels: [nowhere] }] }\n');
    await assert.rejects(platforms.run(notifier({ estateFile }), { key: freshKey(), event: eventOf() }), failure('EstateInvalid', false, /notifications\.routes\.0\.channels\.0: there is no channel "nowhere"/));
    writeFileSync(estateFile, demo);
    assert.deepEqual(await platforms.run(notifier({ estateFile }), { key: freshKey(), event: eventOf() }), { delivered: [], failed: [] });
  });

  for (const [what, section, complaint] of [
    ['a secret in place of its name', 'channels: { s: { kind: slack, webhook: "https://hooks.slack.com/services/T/B/x" } }', /notifications\.channels\.s\.webhook: must be the name of an environment variable.*never the secret itself/],
    ['another platform\'s secret', 'channels: { p: { kind: pagerDuty, routingKey: AZURE_CLIENT_SECRET } }', /channels\.p\.routingKey: names a variable that belongs to the platforms/],
    ['Slack without a way in', 'channels: { s: { kind: slack, token: SLACK_TOKEN } }', /channels\.s: needs either "webhook", or "token" and "channel"/],
    ['an address of nobody', 'channels: { s: { kind: teams, webhook: T_URL } }\n  addresses: { alcie: { mail: alice@example.com } }', /notifications\.addresses\.alcie: is nobody in people/],
    ['an event that does not exist', 'channels: { s: { kind: teams, webhook: T_URL } }\n  routes: [{ events: [opend], channels: [s] }]', /routes\.0\.events\.0: /],
  ] as const) {
    it(`is told with its line: ${what}`, async () => {
      const routes = section.includes('routes') ? '' : '\n  routes: [{ channels: [s] }]';
      const estateFile = estateWith(`notifications:\n  ${section}${routes}\n`);
      await assert.rejects(platforms.run(notifier({ estateFile }), { key: freshKey(), event: eventOf() }), (error) => error instanceof ApplicationFailure && complaint.test(error.message) && /estate-\d+\.yml:\d{3}: /.test(error.message));
    });
  }
});
