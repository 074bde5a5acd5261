/** Buttons in Slack's messages: what Slack sends, signed as Slack signs it, to a real receiver and a real run. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { mintButton, openButtonKeys, readButton, type ButtonClaims, type ButtonKey } from '../../activities/notifications/button-token.ts';
import { slackSignature } from '../../starters/receiver/chat-actions/slack-signature.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { eventually } from '../support/eventually.ts';
import { InboxStage, people } from './inbox-stage.ts';

const secret = '8f742231b10e8888abcd99yyyzzz85a5';
let stage: InboxStage;
let address: string;
let keys: [ButtonKey, ...ButtonKey[]];
let slack: FastifyInstance;
let slackAddress: string;
/** What arrived at the response URLs. */
const told: { path: string; body: SlackText }[] = [];

interface SlackText {
  text: string;
  replace_original: boolean;
  response_type?: string;
  blocks?: { type: string }[];
}

before(async () => {
  stage = await InboxStage.start();
  slack = fastify();
  slack.post('/*', async (request) => void told.push({ path: request.url, body: request.body as SlackText }));
  slackAddress = await slack.listen({ host: '127.0.0.1', port: 0 });
  const file = join(stage.directory, 'keys', 'buttons.private.json');
  // Whoever needs the keys first mints them: at the same time, all get the same.
  const opened = await Promise.all([openButtonKeys(file), openButtonKeys(file), openButtonKeys(file)]);
  assert.equal(new Set(opened.map(([{ kid }]) => kid)).size, 1);
  keys = opened[0];
  address = await stage.listen({}, { slack: { signingSecret: secret, buttonKeys: async () => keys, people: async () => people, gates: stage.gates, inboxUrl: 'https://holdpoint.example.com', responseOrigin: slackAddress } });
});
after(async () => {
  await slack?.close();
  await stage?.stop();
});

const claimsOf = ({ workflowId, runId, gate, generation, evidence, deadline }: GateView, verdict: 'approve' | 'reject' = 'approve'): ButtonClaims => ({ workflowId, runId, gate, generation, evidence, verdict, expiresAt: deadline });

interface Press {
  value: string;
  user?: string;
  typed?: string;
  at?: number;
  signedWith?: string;
  responseUrl?: string;
}

let presses = 0;

/** The request of one press, as Slack sends it. */
function pressOf({ value, user = 'U0ALICE', typed, at = Date.now(), signedWith = secret, responseUrl }: Press): { init: RequestInit; path: string } {
  presses += 1;
  const path = `/actions/T01/${presses}`;
  const payload = {
    type: 'block_actions', user: { id: user, username: 'carol', name: 'carol', team_id: 'T01' }, team: { id: 'T01', domain: 'example' }, response_url: responseUrl ?? `${slackAddress}${path}`,
    message: { blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'Promote?' } }, { type: 'actions', elements: [] }] },
    state: { values: typed === undefined ? {} : { why: { reason: { type: 'plain_text_input', value: typed } } } },
    actions: [{ type: 'button', action_id: 'holdpoint_approve', block_id: 'b', value, action_ts: '1.1' }],
  };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const timestamp = String(Math.floor(at / 1000));
  return { path, init: { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': timestamp, 'x-slack-signature': slackSignature(signedWith, timestamp, body) } } };
}

async function send({ init }: { init: RequestInit }): Promise<{ status: number; said: SlackText }> {
  const response = await fetch(`${address}/chat/slack`, init);
  const text = await response.text();
  return { status: response.status, said: (text === '' ? {} : JSON.parse(text)) as SlackText };
}

const press = (order: Press) => send(pressOf(order));

describe('a button in Slack', () => {
  it('signs as Slack does', () => {
    // The example of Slack's documentation.
    const body = 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    assert.equal(slackSignature(secret, '1531420618', body), 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503');
  });

  it('decides in the name of whoever pressed it, within 3 s, and the message says so', async () => {
    const view = await stage.openGate('C001');
    const value = await mintButton(keys[0], claimsOf(view));
    assert.ok(value.length < 2_000, `Slack takes 2,000 characters, not ${value.length}`);
    const order = pressOf({ value });
    const began = performance.now();
    const { status, said } = await send(order);
    assert.ok(performance.now() - began < 3_000);
    assert.deepEqual([status, said.text, said.replace_original], [200, 'alice: Your approval counts, and the gate is approved.', true]);
    await eventually(() => assert.deepEqual(told.find(({ path }) => path === order.path)?.body.blocks?.map(({ type }) => type), ['section', 'context']));
    await stage.waiting(view.workflowId, 'stage3');
    const { events } = await stage.temporal.client.workflow.getHandle(view.workflowId).fetchHistory();
    const [payload] = events?.flatMap((event) => event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.args?.payloads ?? []) ?? [];
    const { signature, ...answer } = JSON.parse(Buffer.from(payload!.data!).toString()) as Record<string, string>;
    assert.deepEqual(answer, { gate: 'stage1', verdict: 'approve', by: 'alice', evidence: view.evidence });
    assert.equal((JSON.parse(Buffer.from(signature!.split('.')[1]!, 'base64url').toString()) as { via: string }).via, 'slack');
  });

  it('keeps the buttons for the others while more approvals are needed', async () => {
    const view = await stage.openGate('C002', { policy: { quorum: 2 } });
    const { said } = await press({ value: await mintButton(keys[0], claimsOf(view)), user: 'U0BOB' });
    assert.deepEqual([said.text, said.replace_original, said.response_type], ['bob: Your approval counts; 1 more is needed.', false, 'in_channel']);
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions.map(({ by, level }) => [by, level]), [['bob', 'authenticated']]);
  });

  it('has no effect when it is sent again, by Slack or by somebody who overheard it', async () => {
    const view = await stage.openGate('C003', { policy: { quorum: 2 } });
    const value = await mintButton(keys[0], claimsOf(view));
    const order = pressOf({ value });
    await send(order);
    await send(order);
    await press({ value });
    const { decisions } = (await stage.gate(view.workflowId))!;
    assert.equal(decisions.length, 1);
    // Also after the decision was taken back: an old press does not bring it back.
    await stage.gates.decide({ workflowId: view.workflowId, runId: view.runId, by: 'alice', via: 'inbox', answer: { gate: 'stage1', verdict: 'withdraw', by: 'alice' }, updateId: 'withdrawal' });
    await send(order);
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
    assert.equal((await send(pressOf({ value, at: Date.now() - 6 * 60_000 }))).status, 401, 'too old');
  });

  it('says how the decision stands now: taken back, decided by others, asked anew, or ended', async () => {
    const withdrawn = await stage.openGate('C010', { policy: { quorum: 2 } });
    const value = await mintButton(keys[0], claimsOf(withdrawn));
    await press({ value });
    await stage.gates.decide({ workflowId: withdrawn.workflowId, runId: withdrawn.runId, by: 'alice', via: 'inbox', answer: { gate: 'stage1', verdict: 'withdraw', by: 'alice' }, updateId: 'taken back' });
    const back = await press({ value });
    assert.match(back.said.text, /^alice: Not counted: it was taken back since\. .* https:\/\/holdpoint\.example\.com\/inbox\/gates\//);
    assert.deepEqual([back.said.response_type, back.said.replace_original], ['ephemeral', false]);
    // Others may still press theirs, and are told how many are missing now, not then.
    assert.equal((await press({ value: await mintButton(keys[0], claimsOf(withdrawn)), user: 'U0BOB' })).said.text, 'bob: Your approval counts; 1 more is needed.');

    const decided = await stage.openGate('C011', { policy: { quorum: 2 } });
    const first = await mintButton(keys[0], claimsOf(decided));
    assert.equal((await press({ value: first, user: 'U0BOB' })).said.text, 'bob: Your approval counts; 1 more is needed.');
    assert.equal((await press({ value: await mintButton(keys[0], claimsOf(decided)) })).said.text, 'alice: Your approval counts, and the gate is approved.');
    await stage.waiting(decided.workflowId, 'stage3');
    const late = await press({ value: first, user: 'U0BOB' });
    assert.deepEqual([late.said.text, late.said.replace_original, late.said.blocks?.map(({ type }) => type)], ['bob: Your approval was taken, but stage1 is closed meanwhile: the run now waits at stage3.', true, ['section', 'context']]);

    const ended = await stage.openGate('C012', { policy: { quorum: 2 } });
    const before = await mintButton(keys[0], claimsOf(ended));
    await press({ value: before, user: 'U0BOB' });
    await press({ value: await mintButton(keys[0], claimsOf(ended, 'reject')) });
    await stage.temporal.client.workflow.getHandle(ended.workflowId).result();
    assert.equal((await press({ value: before, user: 'U0BOB' })).said.text, 'bob: Your approval was taken, but stage1 is closed meanwhile: the run has ended, rejected.');

    const changed = await stage.openGate('C013', { policy: { quorum: 2 } });
    const seen = await mintButton(keys[0], claimsOf(changed));
    await press({ value: seen });
    await stage.remeasure(changed, 2.7);
    assert.match((await press({ value: seen })).said.text, /^alice: Not counted: the evidence has changed since, and stage1 was opened again\./);
    assert.deepEqual((await stage.gate(changed.workflowId))?.decisions, []);
  });

  it('says that nobody knows how it stands while no worker answers', async () => {
    const view = await stage.openGate('C014', { policy: { quorum: 2 } });
    const order = pressOf({ value: await mintButton(keys[0], claimsOf(view)) });
    await send(order);
    await eventually(() => assert.equal(told.filter(({ path }) => path === order.path).length, 1));
    await stage.stopWorkers();
    try {
      const again = await send(order); // Temporal itself has the outcome of the update
      assert.match(again.said.text, /on its way|no worker says/);
      await eventually(() => assert.match(told.filter(({ path }) => path === order.path).at(-1)!.body.text, /^alice: Your approval was taken; where the gate stands now, no worker says\. https:/));
    } finally {
      stage.startWorkers();
    }
  });

  it('is refused when Slack did not send it', async () => {
    const view = await stage.openGate('C004');
    const value = await mintButton(keys[0], claimsOf(view));
    assert.equal((await press({ value, signedWith: 'another secret' })).status, 401);
    const { init } = pressOf({ value });
    assert.equal((await send({ init: { ...init, body: `${init.body as string}&x=1` } })).status, 401, 'the body was changed');
    const { 'x-slack-signature': _signature, ...unsigned } = init.headers as Record<string, string>;
    assert.equal((await send({ init: { ...init, headers: unsigned } })).status, 401);
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
  });

  it('is refused when we did not make it, or its time is over', async () => {
    const view = await stage.openGate('C005');
    const claims = claimsOf(view);
    const [stranger] = await openButtonKeys(join(stage.directory, 'other', 'buttons.private.json'));
    const good = await mintButton(keys[0], claims);
    const [head, , tail] = good.split('.');
    const changed = [head, Buffer.from(JSON.stringify({ ...claims, verdict: 'reject', exp: 4_000_000_000, jti: 'x' })).toString('base64url'), tail].join('.');
    const unsigned = [Buffer.from('{"alg":"none","typ":"holdpoint-button+jwt"}').toString('base64url'), good.split('.')[1], ''].join('.');
    for (const value of [await mintButton(stranger, claims), changed, unsigned, 'approve']) {
      const { status, said } = await press({ value });
      assert.deepEqual([status, said.text, said.response_type], [200, 'Not counted: this button is not one of ours.', 'ephemeral']);
    }
    const expired = await mintButton(keys[0], { ...claims, expiresAt: new Date(Date.now() - 1_000).toISOString() });
    assert.equal((await press({ value: expired })).said.text, 'Not counted: the time for this decision is over.');
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
    // After a rotation of the keys, what the older one has signed is still read.
    const { id: _id, ...read } = await readButton([stranger, keys[0]], good);
    assert.deepEqual({ ...read, expiresAt: '' }, { ...claims, expiresAt: '' });
  });

  it('is refused to whoever asked, to strangers, and on evidence that has changed; a name in Slack names nobody', async () => {
    const view = await stage.openGate('C006', { policy: { approvers: ['alice', 'bob', 'dana'] } });
    const value = await mintButton(keys[0], claimsOf(view));
    assert.match((await press({ value, user: 'U0DANA' })).said.text, /^Not counted: dana asked for this change and may not decide it\. https:\/\/holdpoint\.example\.com\/inbox\/gates\//);
    assert.match((await press({ value, user: 'U0CAROL' })).said.text, /the estate knows nobody by your Slack id/);
    await stage.remeasure(view, 2.9);
    assert.match((await press({ value })).said.text, /^Not counted: it was made on other evidence than is shown/);
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
  });

  it('rejects, with what was typed as the reason', async () => {
    const [typed, plain] = [await stage.openGate('C007'), await stage.openGate('C008')];
    await press({ value: await mintButton(keys[0], claimsOf(typed, 'reject')), typed: 'too few rows' });
    await press({ value: await mintButton(keys[0], claimsOf(plain, 'reject')) });
    const reasons = await Promise.all([typed, plain].map(async ({ workflowId }) => ((await stage.temporal.client.workflow.getHandle(workflowId).result()) as { reason: string }).reason));
    assert.deepEqual(reasons, ['alice: too few rows', 'alice: rejected by the button in Slack, without a reason']);
  });

  it('answers nowhere but at Slack, whatever a payload says', async () => {
    const view = await stage.openGate('C009');
    const count = told.length;
    const other = fastify();
    let asked = 0;
    other.post('/*', async () => void (asked += 1));
    const elsewhere = await other.listen({ host: '127.0.0.1', port: 0 });
    const { status } = await press({ value: await mintButton(keys[0], claimsOf(view)), responseUrl: `${elsewhere}/x` });
    await stage.waiting(view.workflowId, 'stage3');
    await other.close();
    assert.deepEqual([status, asked, told.length - count], [200, 0, 0]);
  });

  it('takes the press of a link, and refuses what is no interaction', async () => {
    const sent = async (payload: unknown): Promise<number> => {
      const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
      const timestamp = String(Math.floor(Date.now() / 1000));
      return (await send({ init: { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': timestamp, 'x-slack-signature': slackSignature(secret, timestamp, body) } } })).status;
    };
    assert.equal(await sent({ type: 'block_actions', user: { id: 'U0ALICE' }, actions: [{ type: 'button', action_id: 'holdpoint_open', url: 'https://example.com' }] }), 200);
    assert.deepEqual([await sent(null), await sent({ type: 'block_actions' })], [400, 400]);
  });
});
