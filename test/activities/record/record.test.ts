import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blockName } from '../../../activities/record/block.ts';
import { openBlobStore } from '../../../activities/record/blob-store.ts';
import { readBlocks } from '../../../activities/record/chain.ts';
import { openFolderStore } from '../../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../../activities/record/index.ts';
import { keyFiles, mintKeys, readPublicKeys, rotateKey } from '../../../activities/record/key-ring.ts';
import type { WriteOnceStore } from '../../../activities/record/write-once-store.ts';
import { STORAGE_ACCOUNT } from '../../../sandbox/core/tenancy.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { Platforms } from '../support/platforms.ts';
import { appendInput } from './support/record-calls.ts';

const platforms = await Platforms.start({ seed: false });
const root = mkdtempSync(join(tmpdir(), 'holdpoint-record-'));
after(() => rmSync(root, { recursive: true }));
let made = 0;

/** A record of its own, in a folder unless another store is given. */
async function newRecord({ record, anchors }: { record?: WriteOnceStore; anchors?: WriteOnceStore } = {}) {
  made += 1;
  const directory = join(root, String(made));
  const keysDirectory = join(directory, 'keys');
  await mintKeys(keysDirectory);
  const stores = { record: record ?? openFolderStore(join(directory, 'record')), anchors: anchors ?? openFolderStore(join(directory, 'anchors')) };
  const worker = () => createRecordActivities({ ...stores, keysDirectory, build: '0.1.0+test' });
  const read = async () => readBlocks(stores.record, await readPublicKeys(keyFiles(keysDirectory, 'record').publicKeys));
  return { directory, keysDirectory, worker, read, ...stores };
}

const stores: [string, () => Promise<Awaited<ReturnType<typeof newRecord>>>][] = [
  ['a folder', () => newRecord()],
  [
    'a container of Azure Blob Storage',
    () => {
      const container = (name: string) => openBlobStore(`${platforms.sandbox.url}/${STORAGE_ACCOUNT}/${name}-${made}`, platforms.settings);
      return newRecord({ record: container('record'), anchors: container('anchors') });
    },
  ],
];

for (const [where, open] of stores) {
  describe(`the record in ${where}`, () => {
    it('gives each call its place in a chain of signed blocks', async () => {
      const { worker, read } = await open();
      const { appendToRecord } = worker();
      const first = await appendToRecord(appendInput(1));
      const second = await appendToRecord(appendInput(2));
      assert.deepEqual([first.block, second.block], [1, 2]);
      const blocks = await read();
      assert.deepEqual(blocks.map(({ name, problems }) => [name, problems]), [['block-000000000001.json', []], ['block-000000000002.json', []]]);
      assert.equal(blocks[1]!.block!.previous, first.digest);
      assert.equal(blocks[1]!.digest, second.digest);
      const [call] = blocks[0]!.block!.calls;
      assert.deepEqual([call?.key, call?.build, call?.entries], [appendInput(1).key.key, '0.1.0+test', appendInput(1).entries]);
    });

    it('answers a repeated call with the same place and appends nothing, also by another worker', async () => {
      const { worker, read, record } = await open();
      const one = worker();
      const positions = [await one.appendToRecord(appendInput(1)), await one.appendToRecord(appendInput(2))];
      const names = await record.list('');
      const other = worker();
      assert.deepEqual([await other.appendToRecord(appendInput(1)), await other.appendToRecord(appendInput(2)), await one.appendToRecord(appendInput(1))], [...positions, positions[0]]);
      assert.deepEqual(await record.list(''), names);
      assert.equal((await read()).length, 2);
    });

    it('writes calls that come together into one block', async () => {
      const { worker, read } = await open();
      const { appendToRecord } = worker();
      const positions = await Promise.all(Array.from({ length: 40 }, (_, number) => appendToRecord(appendInput(number))));
      const blocks = await read();
      assert.ok(blocks.length <= 3, `${blocks.length} blocks`);
      assert.equal(blocks.flatMap(({ block }) => block!.calls).length, 40);
      assert.deepEqual([...new Set(positions.map(({ block }) => block))], blocks.map(({ number }) => number));
    });

    it('lets several workers append: no entry is lost, none comes twice', async () => {
      const { worker, read } = await open();
      const workers = [worker(), worker(), worker()];
      // Every call is made by two workers, as after a time-out whose activity went on.
      const calls = Array.from({ length: 30 }, (_, number) => number).flatMap((number) => [workers[number % 3]!.appendToRecord(appendInput(number)), workers[(number + 1) % 3]!.appendToRecord(appendInput(number))]);
      const positions = await Promise.all(calls);
      for (let number = 0; number < 30; number += 1) assert.deepEqual(positions[2 * number], positions[2 * number + 1]);
      const blocks = await read();
      assert.equal(blocks.flatMap(({ block }) => block!.calls).length, 30);
      assert.ok(blocks.every(({ problems, block }, index) => problems.length === 0 && block!.previous === (blocks[index - 1]?.digest ?? null)));
    });

    it('keeps what a step says after a reset beside what it said before', async () => {
      const { worker, read } = await open();
      const { appendToRecord } = worker();
      const before = await appendToRecord(appendInput(1));
      const repeated = { ...appendInput(2), key: appendInput(1).key };
      const later = await appendToRecord(repeated);
      assert.equal(later.block, before.block + 1);
      assert.deepEqual(await appendToRecord(repeated), later);
      assert.equal((await read()).length, 2);
    });

    it('anchors its head elsewhere, once for each head', async () => {
      const { worker, anchors } = await open();
      const { appendToRecord, anchorRecord } = worker();
      assert.equal(await anchorRecord({ at: '2026-11-21T00:00:00.000Z' }), null);
      const head = await appendToRecord(appendInput(1));
      assert.deepEqual(await anchorRecord({ at: '2026-11-22T00:00:00.000Z' }), { ...head, at: '2026-11-22T00:00:00.000Z' });
      await anchorRecord({ at: '2026-11-23T00:00:00.000Z' });
      assert.deepEqual(await anchors.list(''), ['anchor-000000000001.json']);
      await appendToRecord(appendInput(2));
      await anchorRecord({ at: '2026-11-24T00:00:00.000Z' });
      assert.deepEqual(await anchors.list(''), ['anchor-000000000001.json', 'anchor-000000000002.json']);
    });
  });
}

const processFile = fileURLToPath(new URL('support/append-process.ts', import.meta.url));
const appendInProcess = (...args: string[]): Promise<{ signal: NodeJS.Signals | null; positions: { block: number; digest: string }[] }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [processFile, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.once('close', (_code, signal) => resolve({ signal, positions: text === '' ? [] : (JSON.parse(text) as { block: number; digest: string }[]) }));
  });

describe('the record and processes that die', () => {
  it('finds what was written by a worker that was killed before it could tell', async () => {
    const { directory, worker, read } = await newRecord();
    assert.equal((await appendInProcess(directory, '7', '1', 'kill')).signal, 'SIGKILL');
    assert.deepEqual((await worker().appendToRecord(appendInput(7))).block, 1);
    assert.equal((await read()).length, 1);
  });

  it('is one chain although four processes append at once, one of them killed in the midst', async () => {
    const { directory, worker, read } = await newRecord();
    const ended = await Promise.all([appendInProcess(directory, '0', '20'), appendInProcess(directory, '10', '20'), appendInProcess(directory, '20', '20'), appendInProcess(directory, '30', '20', 'kill')]);
    assert.equal(ended.filter(({ signal }) => signal === 'SIGKILL').length, 1);
    const { appendToRecord } = worker();
    await Promise.all(Array.from({ length: 50 }, (_, number) => appendToRecord(appendInput(number))));
    const blocks = await read();
    const keys = blocks.flatMap(({ block }) => block!.calls.map(({ key }) => key));
    assert.equal(keys.length, 50);
    assert.equal(new Set(keys).size, 50);
    assert.deepEqual(blocks.map(({ number }) => number), blocks.map((_, index) => index + 1));
    assert.ok(blocks.every(({ problems, block }, index) => problems.length === 0 && block!.previous === (blocks[index - 1]?.digest ?? null)));
  });
});

describe('the record in a folder', () => {
  it('is written once: nobody may write its files, and a second create leaves the first', async () => {
    const { directory, worker, record } = await newRecord();
    await worker().appendToRecord(appendInput(1));
    const file = join(directory, 'record', blockName(1));
    assert.equal(statSync(file).mode & 0o777, 0o444);
    const before = readFileSync(file);
    assert.equal(await record.create(blockName(1), Buffer.from('other')), 'exists');
    assert.deepEqual(readFileSync(file), before);
    assert.deepEqual(readdirSync(join(directory, 'record')), [blockName(1)]);
  });

  it('goes on with a new key, and its older blocks still verify', async () => {
    const { keysDirectory, worker, read } = await newRecord();
    const { appendToRecord } = worker();
    await appendToRecord(appendInput(1));
    const { kid, former } = await rotateKey(keysDirectory, 'record');
    await appendToRecord(appendInput(2));
    const blocks = await read();
    assert.deepEqual(blocks.map(({ kid: by, problems }) => [by, problems]), [[former, []], [kid, []]]);
  });

  it('does not take an entry for recorded that stands in a block which the record has not signed', async () => {
    const { directory, worker, read } = await newRecord();
    const stranger = await newRecord();
    await stranger.worker().appendToRecord(appendInput(1));
    await openFolderStore(join(directory, 'record')).create(blockName(1), readFileSync(join(stranger.directory, 'record', blockName(1))));
    assert.equal((await worker().appendToRecord(appendInput(1))).block, 2);
    const [forged, own] = await read();
    assert.match(forged!.problems.join(), /by a key that is not the record's/);
    assert.deepEqual(own!.problems, []);
  });

  it('waits for a person where its key is missing, and names it', async () => {
    const { keysDirectory, worker } = await newRecord();
    const { privateKeys } = keyFiles(keysDirectory, 'record');
    const key = readFileSync(privateKeys);
    rmSync(privateKeys);
    const { appendToRecord } = worker();
    await assert.rejects(appendToRecord(appendInput(1)), { type: FailureType.Unauthorized, nonRetryable: false, message: /record\.private\.json: cannot be read \(ENOENT\)/ });
    writeFileSync(privateKeys, key);
    assert.equal((await appendToRecord(appendInput(1))).block, 1);
  });

  it('refuses a call that has nothing to say', async () => {
    const { worker } = await newRecord();
    await assert.rejects(worker().appendToRecord({ ...appendInput(1), entries: [] }), { type: FailureType.InputInvalid, nonRetryable: true });
  });

  it('finds any changed byte of a block', async () => {
    const { directory, worker, read } = await newRecord();
    await worker().appendToRecord(appendInput(1));
    const file = join(directory, 'record', blockName(1));
    const good = readFileSync(file);
    chmodSync(file, 0o644);
    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at] = bad[at]! ^ 1;
      writeFileSync(file, bad);
      assert.notDeepEqual((await read())[0]!.problems, [], `byte ${at}: ${good.subarray(Math.max(0, at - 20), at + 1).toString()}`);
    }
    writeFileSync(file, good);
    assert.deepEqual((await read())[0]!.problems, []);
  });

  it('does not anchor a record that was cut or changed after its last anchor', async () => {
    const { directory, worker } = await newRecord();
    const { appendToRecord, anchorRecord } = worker();
    await appendToRecord(appendInput(1));
    await appendToRecord(appendInput(2));
    await anchorRecord({ at: '2026-11-21T00:00:00.000Z' });
    rmSync(join(directory, 'record', blockName(2)));
    await assert.rejects(worker().anchorRecord({ at: '2026-11-22T00:00:00.000Z' }), { type: FailureType.Conflict, nonRetryable: true, message: /block 2 is gone/ });
    await worker().appendToRecord(appendInput(3));
    await assert.rejects(worker().anchorRecord({ at: '2026-11-22T00:00:00.000Z' }), { type: FailureType.Conflict, message: /block 2 has the digest/ });
  });
});

describe('the record in a container of Azure Blob Storage', () => {
  it('finds its own block where the answer to the write got lost', async () => {
    const { worker, read } = await stores[1]![1]();
    const { appendToRecord } = worker();
    await appendToRecord(appendInput(1));
    platforms.sandbox.context.faults.add({ match: { method: 'PUT', path: '.*/block-.*', skip: 0, times: 1 }, effect: { kind: 'cutAfterAccept' } });
    await assert.rejects(appendToRecord(appendInput(2)), { type: FailureType.Unavailable });
    assert.equal((await appendToRecord(appendInput(2))).block, 2);
    assert.equal((await read()).length, 2);
  });
});
