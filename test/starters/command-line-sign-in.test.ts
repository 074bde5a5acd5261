/** A command line that is signed in at the receiver, and what its decisions are worth then. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SessionStore } from '../../starters/receiver/inbox/session-store.ts';
import type { BulkResult } from '../../starters/bulk/decide-all.ts';
import { InboxStage, people } from './inbox-stage.ts';
import { fieldOf, newVisitor, textOf, visitor } from './inbox-visitor.ts';
import { assertRefused as refused, type Ended } from './run-holdpoint.ts';
import { commandLineUser, signIn, typeCode, type CommandLineUser } from './support/command-line-user.ts';

let stage: InboxStage;
let address: string;
let away = '';
const users: CommandLineUser[] = [];

before(async () => {
  stage = await InboxStage.start();
  address = await stage.listen({ people: async () => people.filter(({ id }) => id !== away) });
});
after(async () => {
  await stage?.stop();
  for (const { stateHome } of users) rmSync(stateHome, { recursive: true, force: true });
});

const newUser = (receiver = address): CommandLineUser => {
  const user = commandLineUser(stage.temporal.address, receiver);
  users.push(user);
  return user;
};
const signedIn = async (name: string): Promise<CommandLineUser> => {
  const user = newUser();
  const { ended } = await signIn(user, await visitor(address, name));
  assert.equal(ended.code, 0, ended.stderr);
  return user;
};
const token = ({ file }: CommandLineUser): string => (JSON.parse(readFileSync(file, 'utf8')) as { token: string }).token;
const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> => {
  const response = await fetch(`${address}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  return { status: response.status, body: await response.text() };
};
const results = ({ stdout, stderr }: Ended): BulkResult[] => {
  assert.notEqual(stdout, '', stderr);
  return (JSON.parse(stdout) as { results: BulkResult[] }).results;
};

describe('holdpoint sign-in', () => {
  it('signs in by a code that the person types in the browser, and keeps it for its owner alone', async () => {
    const user = newUser();
    const { ended, shown } = await signIn(user, await visitor(address, 'alice'), 'allow', ['--json']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(shown, /Your command line is signed in .* as alice/);
    const { person, receiver, expiresAt } = JSON.parse(ended.stdout) as Record<string, string>;
    assert.deepEqual([person, receiver], ['alice', address]);
    assert.ok(Math.abs(Date.parse(expiresAt!) - Date.now() - 36_000_000) < 60_000);
    assert.equal(statSync(user.file).mode & 0o777, 0o600);
    assert.equal(statSync(join(user.stateHome, 'holdpoint')).mode & 0o777, 0o700);
    assert.ok(!`${ended.stdout}${ended.stderr}${stage.log.join('')}`.includes(token(user)));
  });

  it('is not signed in by a no, by a wrong code, or by a code that was used', async () => {
    const denied = newUser();
    const { ended } = await signIn(denied, await visitor(address, 'alice'), 'deny');
    refused(ended, 1, /denied in the browser/);
    assert.equal(existsSync(denied.file), false);
    const browser = await visitor(address, 'alice');
    const wrong = await typeCode(browser, 'BBBB-CCCC');
    assert.deepEqual([wrong.status, /No command line waits with this code/.test(textOf(wrong.html))], [404, true]);
  });

  it('shows who asks before anything is allowed, and takes neither form nor token from elsewhere', async () => {
    const begun = await fetch(`${address}/inbox/api/device-authorization`, { method: 'POST', body: new URLSearchParams({ client_id: 'holdpoint-cli', machine: '<b>laptop</b>' }) });
    const { user_code: code, device_code: device } = (await begun.json()) as { user_code: string; device_code: string };
    const ask = async () => await (await fetch(`${address}/inbox/api/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device, client_id: 'holdpoint-cli' }) })).json() as { error?: string; access_token?: string };
    assert.equal((await ask()).error, 'authorization_pending');
    const browser = await newVisitor(address, 'bob');
    const page = await browser.get('/inbox/command-line');
    const csrf = fieldOf(page.html, 'csrf');
    assert.equal((await browser.post('/inbox/command-line', [['csrf', csrf], ['code', code], ['verdict', 'allow']], { origin: 'https://evil.example' })).status, 403);
    assert.equal((await browser.post('/inbox/command-line', [['csrf', 'x'], ['code', code], ['verdict', 'allow']])).status, 403);
    const asked = await browser.post('/inbox/command-line', [['csrf', csrf], ['code', code]]);
    assert.match(textOf(asked.html), /A command line on <b>laptop<\/b> , at the address 127\.0\.0\.1 , shows the code [A-Z-]+ \. It wants to decide as bob/);
    assert.ok((await Promise.all([ask(), ask()])).some(({ error }) => error === 'slow_down'), 'whoever asks twice at once');
    await browser.post('/inbox/command-line', [['csrf', csrf], ['code', code], ['verdict', 'allow']]);
    const { access_token: bearer = '' } = await ask();
    assert.ok(bearer.length > 20);
    assert.equal((await ask()).error, 'expired_token', 'a code is worth something once');

    // A token of a command line opens no page, and a browser's cookie signs nothing.
    browser.cookies.set('holdpoint-session', bearer);
    assert.equal((await browser.get('/inbox')).status, 303);
    const cookie = (await visitor(address, 'bob')).cookies.get('holdpoint-session')!;
    const decision = { decisions: [{ workflowId: 'w', runId: 'r', answer: { gate: 'stage1', verdict: 'approve' } }] };
    for (const headers of [{}, { authorization: `Bearer ${cookie}` }, { cookie: `holdpoint-session=${cookie}` }, { cookie: `holdpoint-session=${bearer}` }] as Record<string, string>[]) assert.equal((await post('/inbox/api/decisions', decision, headers)).status, 401);
    const own = { authorization: `Bearer ${bearer}` };
    assert.equal((await post('/inbox/api/decisions', decision, own)).status, 200);
    assert.equal((await post('/inbox/api/decisions', { decisions: [{ ...decision.decisions[0], answer: { gate: 'stage1', verdict: 'approve', by: 'alice' } }] }, own)).status, 403);
    assert.equal((await post('/inbox/api/decisions', { decisions: [{ ...decision.decisions[0], answer: { gate: 'stage1' } }] }, own)).status, 400);
    assert.equal((await post('/inbox/api/decisions', { decisions: Array.from({ length: 501 }, () => decision.decisions[0]) }, own)).status, 400);
  });

  it('says where it looked when no receiver is there, and sends no token in the clear', async () => {
    refused(await newUser('http://127.0.0.1:1').holdpoint(['sign-in']), 4, /receiver does not answer at http:\/\/127\.0\.0\.1:1[^]*--receiver/);
    refused(await newUser().holdpoint(['sign-in', '--receiver', 'http://holdpoint.example.com']), 2, /is not HTTPS/);
  });
});

describe('a decision from the command line', () => {
  it('is a proposal without sign-in, says how to sign in, and counts with it', async () => {
    const view = await stage.openGate('C101');
    const approve = ['approve', view.workflowId, '--gate', 'stage1', '--evidence', view.evidence];
    const unsigned = await newUser().holdpoint([...approve, '--as', 'alice']);
    assert.equal(unsigned.code, 1);
    assert.match(unsigned.stdout, /^Kept as a proposal, not counted: .*identity is only claimed[^]*sign in with `.*holdpoint -- sign-in`/);

    const user = await signedIn('alice');
    refused(await user.holdpoint([...approve, '--as', 'bob']), 1, /You are signed in as alice, and do not decide as bob/);
    const signed = await user.holdpoint(approve);
    assert.equal(signed.code, 0, signed.stderr);
    assert.match(signed.stdout, /Approved stage1 of .* as alice\. Identity level: authenticated, signed for alice, who is signed in\.\nstage1 is passed/);
    const next = await stage.waiting(view.workflowId, 'stage3');
    assert.equal(next.gate, 'stage3');
  });

  it('counts many at once, after they were proposals only, with one request for all signatures', async () => {
    const views = await Promise.all(['C110', 'C111', 'C112'].map((circuit) => stage.openGate(circuit)));
    const all = ['approve', '--all', '--target', 'P001:C11*', '--gate', 'stage1', '--yes'];
    const proposed = await newUser().holdpoint([...all, '--as', 'bob']);
    assert.equal(proposed.code, 1, proposed.stderr);
    assert.match(proposed.stdout, /3 are kept as proposals only\. Identity level: claimed[^]*sign-in/);
    const before = stage.log.filter((line) => line.includes('signed decisions')).length;
    const user = await signedIn('bob');
    const counted = await user.holdpoint([...all, '--json']);
    assert.equal(counted.code, 0, counted.stderr);
    assert.deepEqual(results(counted).map(({ result, state }) => [result, state]), views.map(() => ['counted', 'approved']));
    assert.equal(stage.log.filter((line) => line.includes('signed decisions')).length, before + 1);
    await Promise.all(views.map(({ workflowId }) => stage.waiting(workflowId, 'stage3')));
  });

  it('counts from a file, and a withdrawn one counts again', async () => {
    const view = await stage.openGate('C120', { policy: { quorum: 2 } });
    const user = await signedIn('carol');
    const file = JSON.stringify([{ run: view.workflowId, gate: 'stage1', verdict: 'approve', evidence: view.evidence }]);
    const decideBy = async () => results(await user.holdpoint(['decide', '--file', '-', '--yes', '--json'], { input: file }));
    assert.deepEqual((await decideBy()).map(({ result, missing }) => [result, missing]), [['counted', 1]]);
    assert.deepEqual((await decideBy()).map(({ result }) => result), ['already']);
    const withdrawn = await user.holdpoint(['withdraw', view.workflowId, '--gate', 'stage1']);
    assert.equal(withdrawn.code, 0, `${withdrawn.stdout}${withdrawn.stderr}`);
    assert.deepEqual((await stage.gate(view.workflowId))!.decisions, []);
    assert.deepEqual((await decideBy()).map(({ result }) => result), ['counted']);
    assert.deepEqual((await stage.gate(view.workflowId))!.decisions.map(({ by, level }) => [by, level]), [['carol', 'authenticated']]);
  });

  it('is never sent as a mere claim when the sign-in has ended, was taken away, or lies open', async () => {
    const view = await stage.openGate('C130', { policy: { identity: 'claimed' } });
    const approve = ['approve', view.workflowId, '--gate', 'stage1', '--evidence', view.evidence];
    const open = await signedIn('erin');
    chmodSync(open.file, 0o644);
    refused(await open.holdpoint(approve), 1, /Others may read .*sign-in\.json/);
    chmodSync(open.file, 0o600);
    const kept = JSON.parse(readFileSync(open.file, 'utf8')) as object;
    writeFileSync(open.file, JSON.stringify({ ...kept, expiresAt: new Date(Date.now() - 1_000).toISOString() }));
    refused(await open.holdpoint(approve), 1, /Your sign-in as erin has ended[^]*sign-in[^]*sign-out/);
    writeFileSync(open.file, JSON.stringify(kept));
    away = 'erin';
    try {
      refused(await open.holdpoint(approve), 1, /Your sign-in as erin has ended: nothing was sent/);
      refused(await open.holdpoint(['approve', '--all', '--target', 'P001:C130', '--gate', 'stage1', '--yes', '--json']), 1, /nothing was sent/);
    } finally {
      away = '';
    }
    assert.deepEqual([(await stage.gate(view.workflowId))!.decisions, (await stage.gate(view.workflowId))!.proposals], [[], []]);
  });

  it('needs a name where nobody is signed in', async () => refused(await newUser().holdpoint(['approve', 'x', '--gate', 'stage1']), 2, /--as <person> is missing/));
});

describe('holdpoint sign-out', () => {
  it('ends it here and at the receiver', async () => {
    const user = await signedIn('alice');
    const bearer = token(user);
    const ended = await user.holdpoint(['sign-out']);
    assert.deepEqual([ended.code, existsSync(user.file)], [0, false], ended.stderr);
    assert.match(ended.stdout, /alice's sign-in has ended at the receiver too/);
    assert.equal((await post('/inbox/api/sign-out', {}, { authorization: `Bearer ${bearer}` })).status, 401);
    assert.match((await user.holdpoint(['sign-out'])).stdout, /Nobody was signed in here/);
  });

  it('of one that has been idle says that it had ended', async () => {
    let now = Date.now();
    const port = await stage.listen({ sessions: new SessionStore(':memory:', { idleMs: 60_000, absoluteMs: 36_000_000 }, () => now) });
    const user = newUser(port);
    const { ended } = await signIn(user, await newVisitor(port, 'alice'));
    assert.equal(ended.code, 0, ended.stderr);
    now += 61_000;
    assert.match((await user.holdpoint(['sign-out'])).stdout, /had ended at the receiver already/);
  });
});
