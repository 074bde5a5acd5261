import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Journal } from '../../../sandbox/core/journal.ts';
import { Store } from '../../../sandbox/core/store.ts';
import { createSandbox } from '../../../sandbox/server.ts';
import { StandIn } from '../support/stand-in.ts';

function temporaryDirectory(t: { after(action: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A stand-in in a process of its own, which can be killed; it says where it listens. */
async function startProcess(stateDir: string): Promise<{ url: string; caFile: string; process: ChildProcess }> {
  const server = new URL('../../../sandbox/server.ts', import.meta.url).href;
  const script = `const { createSandbox } = await import(${JSON.stringify(server)});
    const { url, caFile } = await createSandbox({ stateDir: ${JSON.stringify(stateDir)}, port: 0, seed: false });
    console.log(JSON.stringify({ url, caFile }));`;
  const process_ = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(process_.stdout), 'line')) as [string];
  return { ...(JSON.parse(line) as { url: string; caFile: string }), process: process_ };
}

void test('what was answered is there after a SIGKILL: documents, ledger, faults, clock', async (t) => {
  const stateDir = temporaryDirectory(t);
  const first = await startProcess(stateDir);
  t.after(() => first.process.kill('SIGKILL'));
  const tls = await import('node:tls');
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), readFileSync(first.caFile, 'utf8')]);
  const post = (path: string, body: object) =>
    fetch(first.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  await post('/_sandbox/clock', { advanceMs: 3_600_000 });
  await post('/_sandbox/faults', { match: { method: 'GET', path: '^/nothing', times: 1 }, effect: { kind: 'status', status: 500 } });
  for (let message = 1; message <= 20; message += 1) await post('/chat/webhook/releases', { message });
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');

  const second = await createSandbox({ stateDir, port: 0, seed: false });
  t.after(() => second.close());
  assert.deepEqual(second.context.ledger.since(0).map(({ seq, changed }) => [seq, changed]), Array.from({ length: 20 }, (_, index) => [index + 1, true]));
  assert.equal(second.context.store.list('chat-messages').length, 20);
  assert.equal(second.context.faults.list().length, 1);
  assert.ok(second.context.clock.nowMs() - Date.now() > 3_500_000);
});

void test('the ledger goes on counting after a restart and gives the entries after a number', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.call('POST', '/chat/webhook/a', { text: 'one' });
  await standIn.restart();
  await standIn.call('POST', '/chat/webhook/a', { text: 'two' });
  const entries = await standIn.ledger(1);
  assert.deepEqual(entries.map(({ seq, method, path }) => [seq, method, path]), [[2, 'POST', '/chat/webhook/a']]);
  assert.match(entries[0]!.bodySha256!, /^[0-9a-f]{64}$/);
  assert.match(entries[0]!.requestId, /^[0-9a-f-]{36}$/);
});

void test('a second stand-in on the same port fails and leaves the state of the first alone', async (t) => {
  const standIn = await StandIn.start(t);
  await assert.rejects(createSandbox({ stateDir: standIn.stateDir, port: Number(new URL(standIn.url).port), seed: false }), { code: 'EADDRINUSE' });
  await standIn.call('POST', '/chat/webhook/a', { text: 'still here' });
  await standIn.restart();
  assert.equal((await standIn.ledger()).length, 1);
});

void test('a record torn by the end of the process is dropped, the whole ones are kept', (t) => {
  const file = join(temporaryDirectory(t), 'journal.jsonl');
  const journal = new Journal<{ number: number }>(file);
  journal.append({ number: 1 });
  journal.append({ number: 2 });
  journal.close();
  appendFileSync(file, '{"number":');
  assert.deepEqual(new Journal(file).read(), [{ number: 1 }, { number: 2 }]);
});

void test('documents are copies, deletions last, and numbers go on after reopening', (t) => {
  const directory = temporaryDirectory(t);
  const store = new Store(directory);
  const document = { tags: ['a'] };
  store.put('things', 'x:1', document);
  store.put('things', 'y:1', { tags: [] });
  store.put('things', 'gone', {});
  document.tags.push('b');
  store.get<{ tags: string[] }>('things', 'x:1')!.tags.push('c');
  assert.equal(store.delete('things', 'gone'), true);
  assert.equal(store.delete('things', 'gone'), false);
  assert.equal(store.next('numbers'), 1);
  store.close();

  const reopened = new Store(directory);
  t.after(() => reopened.close());
  assert.deepEqual(reopened.list('things'), [{ tags: ['a'] }, { tags: [] }]);
  assert.deepEqual(reopened.list('things', 'x:'), [{ tags: ['a'] }]);
  assert.equal(reopened.next('numbers'), 2);
});

void test('a store that changes one document very often keeps its file small', (t) => {
  const directory = temporaryDirectory(t);
  const store = new Store(directory);
  t.after(() => store.close());
  for (let value = 0; value < 50_000; value += 1) store.put('things', 'one', { value });
  assert.ok(readFileSync(join(directory, 'documents.jsonl'), 'utf8').split('\n').length < 25_000);
  assert.deepEqual(store.get('things', 'one'), { value: 49_999 });
});
