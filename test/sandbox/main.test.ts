import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { StandIn } from './support/stand-in.ts';

const MAIN = fileURLToPath(new URL('../../sandbox/main.ts', import.meta.url));

void test('a port that is none is refused by the name of its variable', async () => {
  const process_ = spawn(process.execPath, [MAIN], { env: { ...process.env, SANDBOX_PORT: 'many' }, stdio: ['ignore', 'ignore', 'pipe'] });
  const [text] = (await once(process_.stderr, 'data')) as [Buffer];
  const [code] = (await once(process_, 'exit')) as [number];
  assert.equal(code, 2);
  assert.match(text.toString(), /SANDBOX_PORT/);
});

void test('the environment for the product names the address of this stand-in', async (t) => {
  const standIn = await StandIn.start(t);
  const environment = sandboxEnvironment({ url: standIn.url, caFile: standIn.caFile });
  assert.equal(environment.AZURE_DEVOPS_URL, `${standIn.url}/ado/contoso`);
  assert.equal(environment.AZURE_CA_FILE, standIn.caFile);
  assert.equal((await standIn.call<{ status: string }>('GET', '/_sandbox/health')).body.status, 'ok');
});

void test('an unknown address answers 404, a malformed body 400, and both are in the ledger', async (t) => {
  const standIn = await StandIn.start(t);
  assert.equal((await standIn.call('GET', '/nothing/here')).status, 404);
  const malformed = await fetch(`${standIn.url}/chat/webhook/a`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
  assert.equal(malformed.status, 400);
  assert.ok(malformed.headers.get('x-ms-request-id'));
  assert.deepEqual((await standIn.ledger()).map(({ status, changed }) => [status, changed]), [[404, false], [400, false]]);
});
