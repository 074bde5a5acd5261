/** Who can keep whom from signing in, sign them out, or try their passwords. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Attempts, networkOf } from '../../starters/receiver/inbox/sign-in-limits.ts';
import { InboxStage } from './inbox-stage.ts';
import { fieldOf, newVisitor, textOf, Visitor, type Seen } from './inbox-visitor.ts';

let stage: InboxStage;
before(async () => {
  stage = await InboxStage.start();
});
after(() => stage.stop());

/** One browser with a sign-in page, behind an address that a proxy names. */
async function atSignIn(to: string, from?: string): Promise<(name: string, password: string) => Promise<Seen>> {
  const browser = new Visitor(to);
  const headers: Record<string, string> = from === undefined ? {} : { 'x-forwarded-for': from };
  const page = await browser.send('/inbox/sign-in', { method: 'GET', headers });
  assert.equal(page.status, 200);
  return (name, password) => browser.post('/inbox/sign-in', [['csrf', fieldOf(page.html, 'csrf')], ['name', name], ['password', password]], headers);
}

const statuses = async (attempt: Awaited<ReturnType<typeof atSignIn>>, name: string, times: number): Promise<number[]> => (await Promise.all(Array.from({ length: times }, (_, n) => attempt(name, `wrong ${n}`)))).map(({ status }) => status).sort();
const times = (count: number, status: number): number[] => Array<number>(count).fill(status);

describe('wrong passwords', () => {
  it('lock nobody else out who comes from the same address, and no right one counts', async () => {
    const to = await stage.listen();
    const [attacker, alice, bob] = [await atSignIn(to), await atSignIn(to), await atSignIn(to)];
    assert.deepEqual(await statuses(attacker, 'alice', 12), [...times(10, 401), 429, 429]);
    const late = await alice('alice', 'alice');
    assert.equal(late.status, 429, 'not even the right one tells that it is right');
    assert.match(textOf(late.html), /too many wrong passwords for this name\. Try again in/);
    assert.ok(Number(late.headers.get('retry-after')) <= 60);
    for (let n = 0; n < 12; n += 1) assert.equal((await bob('bob', 'bob')).status, n === 0 ? 303 : 403, 'bob is let in; his page is then of an ended session');
    const carols = await Promise.all(Array.from({ length: 12 }, async () => (await (await atSignIn(to))('carol', 'carol')).status));
    assert.ok(carols.filter((status) => status === 303).length >= 10, 'an office signs in');
  });

  it('are counted by the visitor’s own address behind a trusted proxy only', async () => {
    const trusting = await stage.listen({}, { trustedProxies: ['127.0.0.1'] });
    assert.deepEqual(await statuses(await atSignIn(trusting, '203.0.113.7'), 'alice', 11), [...times(10, 401), 429]);
    assert.equal((await (await atSignIn(trusting, '203.0.113.8'))('alice', 'alice')).status, 303, 'alice, from elsewhere');
    // What the visitor wrote into the header before the proxy did is not believed.
    assert.equal((await (await atSignIn(trusting, '198.51.100.1, 203.0.113.7'))('alice', 'alice')).status, 429);
    // Nobody in front is trusted: the header is anybody's.
    const direct = await stage.listen();
    const [one, other] = [await atSignIn(direct, '203.0.113.7'), await atSignIn(direct, '203.0.113.8')];
    assert.deepEqual([...(await statuses(one, 'alice', 10)), (await other('alice', 'wrong')).status], [...times(10, 401), 429]);
  });

  it('of one account are counted from all addresses together', async () => {
    const to = await stage.listen({}, { trustedProxies: ['127.0.0.0/8'] });
    const seen: number[] = [];
    for (let host = 1; host <= 7; host += 1) seen.push(...(await statuses(await atSignIn(to, `203.0.113.${host}`), 'alice', 10)));
    assert.deepEqual([seen.filter((status) => status === 401).length, seen.filter((status) => status === 429).length], [60, 10]);
    assert.equal((await (await atSignIn(to, '198.51.100.9'))('alice', 'alice')).status, 429);
    assert.equal((await (await atSignIn(to, '203.0.113.1'))('bob', 'bob')).status, 303, 'nobody else is kept out');
    // Names that nobody has share one count, so that they neither fill the memory nor tell who exists.
    const guess = await atSignIn(to, '198.51.100.9');
    assert.deepEqual((await Promise.all(Array.from({ length: 11 }, (_, n) => guess(`nobody ${n}`, 'x')))).map(({ status }) => status).sort(), [...times(10, 401), 429]);
  });

  it('of one IPv6 network are one visitor’s', () => {
    assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), networkOf('2001:db8:1:2::9'));
    assert.notEqual(networkOf('2001:db8:1:3::9'), networkOf('2001:db8:1:2::9'));
    assert.deepEqual([networkOf('::ffff:10.0.0.1'), networkOf('10.0.0.1'), networkOf('::1'), networkOf('fe80::1%eth0')], ['10.0.0.1', '10.0.0.1', '0:0:0:0::/64', 'fe80:0:0:0::/64']);
  });

  it('are allowed again when the window has passed, and a right one is given back', () => {
    const attempts = new Attempts(2, 1_000);
    assert.deepEqual([attempts.take('a', 0), attempts.take('a', 10), attempts.take('a', 400), attempts.take('b', 400)], [0, 0, 600, 0]);
    attempts.giveBack('a');
    assert.deepEqual([attempts.take('a', 500), attempts.take('a', 500), attempts.take('a', 1_000)], [0, 500, 0]);
  });
});

describe('sign-in pages', () => {
  it('are shown to a browser with a cookie also while others at its address ask for too many', async () => {
    const to = await stage.listen();
    const colleague = new Visitor(to);
    await colleague.get('/inbox/sign-in');
    const flood = await Promise.all(Array.from({ length: 305 }, async () => (await new Visitor(to).get('/inbox/sign-in')).status));
    assert.ok(flood.filter((status) => status === 429).length >= 5);
    assert.equal((await colleague.get('/inbox/sign-in')).status, 200);
    assert.equal((await colleague.signIn('dana')).status, 303);
  });
});

describe('somebody who is signed in', () => {
  it('stays so, whatever link of another site they follow, and until a new sign-in succeeds', async () => {
    const to = await stage.listen();
    const alice = await newVisitor(to, 'alice');
    const cookies = [...alice.cookies.values()];
    for (const path of ['/inbox/sign-in', '/inbox/sign-in?to=/inbox/gates/x', '/inbox/sign-in/callback?code=x&state=y', '/inbox/sign-in/start', '/inbox/sign-out']) await alice.get(path);
    const { html } = await alice.get('/inbox');
    assert.match(html, /Signed in as <strong>alice<\/strong>/);
    const refused = await alice.post('/inbox/sign-in', [['csrf', fieldOf(html, 'csrf')], ['name', 'bob'], ['password', 'wrong']]);
    assert.equal(refused.status, 401);
    assert.match((await alice.get('/inbox')).html, /Signed in as <strong>alice<\/strong>/);
    assert.deepEqual([...alice.cookies.values()], cookies);
    assert.equal((await alice.post('/inbox/sign-in', [['csrf', fieldOf(html, 'csrf')], ['name', 'bob'], ['password', 'bob']])).status, 303);
    assert.match((await alice.get('/inbox')).html, /Signed in as <strong>bob<\/strong>/);
  });

  it('is signed in or out by no form of another site', async () => {
    const to = await stage.listen();
    const alice = await newVisitor(to, 'alice');
    const csrf = fieldOf((await alice.get('/inbox')).html, 'csrf');
    for (const [path, fields] of [['/inbox/sign-out', []], ['/inbox/sign-in', [['name', 'bob'], ['password', 'bob']]]] as const) {
      assert.equal((await alice.post(path, [['csrf', csrf], ...fields] as [string, string][], { origin: 'https://evil.example.com' })).status, 403);
      assert.equal((await alice.post(path, fields as unknown as [string, string][])).status, 403);
    }
    assert.match((await alice.get('/inbox')).html, /Signed in as <strong>alice<\/strong>/);
  });
});

describe('a form of a stranger', () => {
  it('is refused before it is read', async () => {
    const to = await stage.listen();
    const { status, location } = await new Visitor(to).post('/inbox/bulk', [['gate', 'x'.repeat(1_000)]]);
    assert.deepEqual([status, location], [303, '/inbox/sign-in']);
    // The answer comes while most of what was announced has not been sent.
    const early = await new Promise<number | undefined>((done, failed) => {
      const form = httpRequest(`${to}/inbox/bulk/send`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': 1_000_000, origin: 'https://evil.example.com' } }, (response) => {
        done(response.statusCode);
        response.resume();
        form.destroy();
      });
      form.on('error', failed);
      form.write('csrf=');
    });
    assert.equal(early, 403);
    const alice = await newVisitor(to, 'alice');
    assert.equal((await alice.post('/inbox/bulk', [['gate', 'x'.repeat(1_100_000)]])).status, 413);
  });
});

describe('a receiver of this machine', () => {
  const askedAs = (to: string, host: string): Promise<{ status: number; html: string; cookie: string[] }> => new Promise((done, failed) => {
    httpRequest(`${to}/inbox/sign-in`, { headers: { host } }, (response) => {
      let html = '';
      response.setEncoding('utf8').on('data', (part: string) => (html += part)).on('end', () => done({ status: response.statusCode!, html, cookie: response.headers['set-cookie'] ?? [] }));
    }).on('error', failed).end();
  });

  it('serves nobody who asks for it by another site’s name', async () => {
    const to = await stage.listen();
    const { port } = new URL(to);
    for (const host of ['rebound.example.com', `rebound.example.com:${port}`, '10.0.0.7', '127.0.0.1.example.com']) {
      const { status, html, cookie } = await askedAs(to, host);
      assert.deepEqual([status, cookie], [421, []], host);
      assert.match(textOf(html), /^Not by this name/);
    }
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) assert.equal((await askedAs(to, host)).status, 200, host);
    const open = await stage.listen({ anyHost: true });
    assert.equal((await askedAs(open, 'demo.internal')).status, 200);
  });
});
