/** Signing in to the inbox at a real identity provider. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import { OpenId, type OpenIdSettings } from '../../starters/receiver/inbox/open-id.ts';
import { freePort } from '../scripts/free-port.ts';
import { providerOf } from './identity-provider.ts';
import { InboxStage } from './inbox-stage.ts';
import { formsOf, textOf, Visitor } from './inbox-visitor.ts';
import { commandLineUser, signIn } from './support/command-line-user.ts';

let stage: InboxStage;
let server: Server;
let address: string;
let settings: OpenIdSettings;

/** From now on the issuer's address is this provider. */
function serve(provider: Provider): void {
  const answer = provider.callback();
  server.removeAllListeners('request');
  server.on('request', (request, response) => void answer(request, response));
}

before(async () => {
  stage = await InboxStage.start();
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  serve(providerOf(issuer, `${address}/inbox/sign-in/callback`));
  settings = { issuer, clientId: 'holdpoint', clientSecret: 'a-secret-of-the-test', personClaim: 'preferred_username', allowInsecure: true };
  await stage.listen({ openId: new OpenId(settings), localUsers: null }, {}, port);
});
after(async () => {
  server?.closeAllConnections();
  server?.close();
  await stage?.stop();
});

/** Goes through the provider's pages as a person does; answers the address that leads back. */
async function atProvider(start: string, name: string): Promise<URL> {
  const browser = new Visitor(new URL(start).origin);
  let next = start;
  for (let step = 0; step < 12; step += 1) {
    if (next.startsWith(address)) return new URL(next);
    const seen = await browser.get(next);
    if (seen.location !== null) {
      next = new URL(seen.location, next).href;
      continue;
    }
    const form = formsOf(seen.html.replaceAll('autocomplete="off" ', ''))[0];
    assert.ok(form, `the provider shows: ${textOf(seen.html)}`);
    const fields = form.fields.filter(([field]) => !['login', 'password'].includes(field));
    const sent = await browser.post(form.action, form.html.includes('name="login"') ? [...fields, ['login', name], ['password', 'any']] : fields);
    next = new URL(sent.location!, next).href;
  }
  throw new Error(`the provider does not lead back: ${next}`);
}

async function begin(browser: Visitor, to = '/inbox'): Promise<string> {
  await browser.get(`/inbox/sign-in?to=${encodeURIComponent(to)}`);
  const { status, location } = await browser.get('/inbox/sign-in/start');
  assert.equal(status, 303);
  return location!;
}

describe('sign-in by OpenID Connect', () => {
  it('leads there and back, with PKCE, state and nonce, to the page that was wanted', async () => {
    const view = await stage.openGate('C001');
    const card = `/inbox/gates/${encodeURIComponent(view.workflowId)}`;
    const browser = new Visitor(address);
    const asked = await browser.get(card);
    assert.match(textOf((await browser.get(asked.location!)).html), /^Sign in .* Sign in with your company account$/);
    const start = (await browser.get('/inbox/sign-in/start')).location!;
    const query = new URL(start).searchParams;
    assert.deepEqual([query.get('response_type'), query.get('code_challenge_method'), query.get('scope')], ['code', 'S256', 'openid profile email']);
    for (const name of ['state', 'nonce', 'code_challenge']) assert.ok((query.get(name) ?? '').length >= 43, name);
    const cookies = [...browser.cookies.values()];
    const back = await atProvider(start, 'dana');
    const arrived = await browser.get(`${back.pathname}${back.search}`);
    assert.deepEqual([arrived.status, arrived.location], [303, card]);
    assert.notDeepEqual([...browser.cookies.values()], cookies, 'a sign-in begins a new session');
    assert.match((await browser.get(card)).html, /Signed in as <strong>dana<\/strong>/);
    // The way back is of no use a second time, here or in another browser.
    assert.equal((await browser.get(`${back.pathname}${back.search}`)).location, '/inbox');
    assert.equal((await new Visitor(address).get(`${back.pathname}${back.search}`)).status, 401);
    assert.ok(!stage.log.some((line) => line.includes(back.searchParams.get('code')!)), 'the log has no codes');
  });

  it('takes an alias for the person, and nobody whom the estate does not know', async () => {
    const [known, unknown] = [new Visitor(address), new Visitor(address)];
    const alias = await atProvider(await begin(known), 'alice@example.com');
    assert.equal((await known.get(`${alias.pathname}${alias.search}`)).location, '/inbox');
    assert.match((await known.get('/inbox')).html, /Signed in as <strong>alice<\/strong>/);
    const stranger = await atProvider(await begin(unknown), 'mallory');
    const refused = await unknown.get(`${stranger.pathname}${stranger.search}`);
    assert.equal(refused.status, 401);
    assert.match(textOf(refused.html), /the estate does not know you/);
    assert.equal((await unknown.get('/inbox')).status, 303);
  });

  it('leads to the page that signs in a command line, which then decides as that person', async () => {
    const view = await stage.openGate('C002');
    const user = commandLineUser(stage.temporal.address, address);
    try {
      const browser = new Visitor(address);
      const back = await atProvider(await begin(browser, '/inbox/command-line'), 'alice@example.com');
      assert.equal((await browser.get(`${back.pathname}${back.search}`)).location, '/inbox/command-line');
      const { ended } = await signIn(user, browser);
      assert.match(ended.stdout, /^Signed in as alice until /, ended.stderr);
      const approved = await user.holdpoint(['approve', view.workflowId, '--gate', 'stage1', '--evidence', view.evidence]);
      assert.match(approved.stdout, /^Approved stage1 .* as alice\. Identity level: authenticated/, approved.stderr);
      await stage.waiting(view.workflowId, 'stage3');
    } finally {
      rmSync(user.stateHome, { recursive: true, force: true });
    }
  });

  it('does not take the way back of somebody else, a changed state, or one that nobody asked for', async () => {
    const [victim, attacker] = [new Visitor(address), new Visitor(address)];
    const theirs = await atProvider(await begin(attacker), 'alice');
    await begin(victim);
    const foreign = await victim.get(`${theirs.pathname}${theirs.search}`);
    assert.equal(foreign.status, 502);
    assert.equal((await victim.get('/inbox')).status, 303, 'nobody is signed in by another one’s link');
    const unasked = await new Visitor(address).get(`${theirs.pathname}${theirs.search}`);
    assert.equal(unasked.status, 401);
    const changed = await atProvider(await begin(victim), 'alice');
    changed.searchParams.set('state', 'x'.repeat(43));
    assert.equal((await victim.get(`${changed.pathname}${changed.search}`)).status, 502);
    const denied = await begin(victim).then(() => victim.get('/inbox/sign-in/callback?error=access_denied&error_description=%3Cb%3Eno'));
    assert.equal(denied.status, 502);
    assert.ok(!denied.html.includes('<b>'));
  });

  it('is begun and ended by no link of another site', async () => {
    const browser = new Visitor(address);
    assert.equal((await browser.get('/inbox/sign-in/start')).location, '/inbox/sign-in', 'nothing begins without a page of ours');
    const way = await begin(browser);
    // While the person is at the provider, a page elsewhere leads to the start again.
    const led = await browser.send('/inbox/sign-in/start', { method: 'GET', headers: { 'sec-fetch-site': 'cross-site' } });
    assert.equal(led.location, '/inbox/sign-in');
    const back = await atProvider(way, 'alice');
    assert.equal((await browser.get(`${back.pathname}${back.search}`)).location, '/inbox');
    const cookies = [...browser.cookies.values()];
    for (const path of ['/inbox/sign-in/start', '/inbox/sign-in/callback?code=x&state=y', `${back.pathname}${back.search}`]) assert.equal((await browser.get(path)).location, '/inbox', path);
    assert.deepEqual([...browser.cookies.values()], cookies);
    assert.match((await browser.get('/inbox')).html, /Signed in as <strong>alice<\/strong>/);
  });

  it('takes an e-mail address only when the provider has verified it', async () => {
    const port = await freePort();
    const to = await stage.listen({ openId: new OpenId({ ...settings, personClaim: 'email' }), localUsers: null }, {}, port);
    serve(providerOf(settings.issuer, `${to}/inbox/sign-in/callback`));
    const former = address;
    address = to;
    try {
      for (const [name, status] of [['alice', 303], ['dana', 502]] as const) {
        const browser = new Visitor(to);
        const back = await atProvider(await begin(browser), name);
        assert.equal((await browser.get(`${back.pathname}${back.search}`)).status, status, name);
      }
    } finally {
      address = former;
    }
  });

  it('says so while the provider is away', async () => {
    const to = await stage.listen({ openId: new OpenId({ ...settings, issuer: 'http://127.0.0.1:1' }), localUsers: null });
    const browser = new Visitor(to);
    await browser.get('/inbox/sign-in');
    const { status, html } = await browser.get('/inbox/sign-in/start');
    assert.equal(status, 502);
    assert.match(textOf(html), /the identity provider does not answer/);
  });
});
