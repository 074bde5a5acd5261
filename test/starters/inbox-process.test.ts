/** The inbox as the receiver's own process serves it: what its environment makes of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { ConfigurationError, readReceiverConfiguration } from '../../workers/configuration.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { freePort } from '../scripts/free-port.ts';
import { PartProcess } from '../support/part-process.ts';
import { startTemporal } from '../support/temporal-server.ts';
import { newVisitor, textOf, Visitor } from './inbox-visitor.ts';

const state = mkdtempSync(join(tmpdir(), 'holdpoint-inbox-process-'));
let temporal: TestWorkflowEnvironment;

before(async () => {
  [temporal] = await Promise.all([startTemporal(), mintKeys(join(state, 'keys'))]);
});
after(async () => {
  await temporal?.teardown();
  rmSync(state, { recursive: true, force: true });
});

const { AZURE_CA_FILE: _none, ...platforms } = sandboxEnvironment({ url: 'https://127.0.0.1:1', caFile: '' });
const production = { ...platforms, HOLDPOINT_PROFILE: 'production', HOLDPOINT_ESTATE: 'estate/demo.yml', HOLDPOINT_WEBHOOK_USER: 'hooks', HOLDPOINT_WEBHOOK_PASSWORD: 'hooks' };

async function receiver(environment: Record<string, string>): Promise<{ part: PartProcess; address: string }> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const part = await PartProcess.start({
    file: 'starters/receiver/main.ts',
    environment: { ...platforms, HOLDPOINT_STATE: state, TEMPORAL_ADDRESS: temporal.address, HOLDPOINT_PORT: String(port), ...environment },
    logFile: join(state, 'receiver.log'),
    healthUrl: `${address}/readyz`,
  });
  return { part, address };
}

describe('the inbox of the receiver process', () => {
  it('lets the demo’s users in, keeps them signed in over a restart, and keeps no password', async () => {
    const first = await receiver({ HOLDPOINT_PROFILE: 'demo', HOLDPOINT_ESTATE: 'estate/demo.yml' });
    const dana = await newVisitor(first.address, 'dana');
    assert.match(textOf((await dana.get('/inbox')).html), /^Nothing waits for you/);
    assert.equal((await fetch(`${first.address}/chat/slack`, { method: 'POST' })).status, 404, 'without a secret of Slack there are no buttons');
    await first.part.stop();

    const second = await receiver({ HOLDPOINT_PROFILE: 'demo', HOLDPOINT_ESTATE: 'estate/demo.yml', SLACK_SIGNING_SECRET: 'a secret' });
    const back = new Visitor(second.address);
    for (const [name, value] of dana.cookies) back.cookies.set(name, value);
    assert.equal((await back.get('/inbox')).status, 200);
    assert.equal((await fetch(`${second.address}/chat/slack`, { method: 'POST' })).status, 401);
    await second.part.stop();

    const users = readFileSync(join(state, 'inbox', 'local-users.json'), 'utf8');
    assert.deepEqual((JSON.parse(users) as { users: { name: string }[] }).users.map((user) => Object.keys(user).join()), Array(4).fill('name,salt,hash'));
    assert.equal(statSync(join(state, 'inbox', 'local-users.json')).mode & 0o077, 0);
    const kept = readFileSync(join(state, 'inbox', 'sessions.sqlite'), 'latin1');
    for (const value of dana.cookies.values()) assert.ok(!kept.includes(value), 'the file has no cookies');
  });

  it('has no users of its own in production', async () => {
    const { part, address } = await receiver(production);
    assert.deepEqual([(await fetch(`${address}/inbox`)).status, (await fetch(`${address}/inbox/sign-in`)).status], [404, 404]);
    await part.stop();
    const withProvider = await receiver({ ...production, HOLDPOINT_INBOX_URL: 'https://holdpoint.example.com', HOLDPOINT_OIDC_ISSUER: 'https://login.example.com', HOLDPOINT_OIDC_CLIENT_ID: 'holdpoint', HOLDPOINT_OIDC_PERSON_CLAIM: 'oid' });
    const page = await new Visitor(withProvider.address).get('/inbox/sign-in');
    assert.ok(page.html.includes('Sign in with your company account') && !page.html.includes('name="password"'));
    assert.match(page.headers.getSetCookie()[0]!, /^__Host-.*; Secure/);
    assert.equal((await new Visitor(withProvider.address).post('/inbox/sign-in', [['name', 'alice'], ['password', 'alice']])).status, 404);
    await withProvider.part.stop();
  });

  it('does not start where others could sign in as the demo’s users', async () => {
    const demo = { HOLDPOINT_PROFILE: 'demo', HOLDPOINT_ESTATE: 'estate/demo.yml' };
    await assert.rejects(receiver({ ...demo, HOLDPOINT_HOST: '0.0.0.0' }), /exit|ended|2/);
    assert.match(readFileSync(join(state, 'receiver.log'), 'utf8'), /HOLDPOINT_DEMO_USERS: the demo’s users have passwords that everybody knows .* HOLDPOINT_HOST is 0\.0\.0\.0/);
    // The estate may say where the inbox is, too.
    const estate = join(state, 'estate.yml');
    writeFileSync(estate, `inbox: https://holdpoint.example.com\n${readFileSync('estate/demo.yml', 'utf8')}`);
    await assert.rejects(receiver({ ...demo, HOLDPOINT_ESTATE: estate }), /exit|ended|2/);
    assert.match(readFileSync(join(state, 'receiver.log'), 'utf8'), /the inbox is at https:\/\/holdpoint\.example\.com/);
    const named = await receiver({ ...demo, HOLDPOINT_HOST: '0.0.0.0', HOLDPOINT_DEMO_USERS: 'anybody-may-sign-as-alice' });
    await newVisitor(named.address, 'alice');
    await named.part.stop();
  });

  it('is not started half configured, nor in the clear', () => {
    const complaint = (given: Record<string, string>): string => {
      try {
        readReceiverConfiguration({ ...production, ...given });
        return '';
      } catch (error) {
        assert.ok(error instanceof ConfigurationError);
        return error.message;
      }
    };
    const provider = { HOLDPOINT_OIDC_ISSUER: 'https://login.example.com', HOLDPOINT_OIDC_CLIENT_ID: 'holdpoint', HOLDPOINT_OIDC_PERSON_CLAIM: 'oid' };
    assert.equal(complaint({ ...provider, HOLDPOINT_INBOX_URL: 'https://holdpoint.example.com/' }), '');
    assert.match(complaint({ HOLDPOINT_OIDC_ISSUER: 'https://login.example.com' }), /HOLDPOINT_OIDC_CLIENT_ID: is not set/);
    assert.match(complaint({ HOLDPOINT_OIDC_CLIENT_ID: 'x' }), /HOLDPOINT_OIDC_ISSUER: is not set/);
    assert.match(complaint(provider), /HOLDPOINT_INBOX_URL: is not set/);
    assert.match(complaint({ ...provider, HOLDPOINT_INBOX_URL: 'http://holdpoint.example.com' }), /HOLDPOINT_INBOX_URL: must begin with https/);
    assert.match(complaint({ HOLDPOINT_INBOX_URL: 'https://holdpoint.example.com/inbox' }), /HOLDPOINT_INBOX_URL: must be an address without a path/);
    assert.match(complaint({ ...provider, HOLDPOINT_OIDC_ISSUER: 'http://login.example.com', HOLDPOINT_INBOX_URL: 'https://holdpoint.example.com' }), /HOLDPOINT_OIDC_ISSUER: must begin with https/);
  });
});
