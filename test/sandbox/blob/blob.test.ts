import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineLearningClients } from '../support/machine-learning.ts';
import { StandIn } from '../support/stand-in.ts';

test('blobs are put, read whole and in part, described, replaced and deleted', async (t) => {
  const standIn = await StandIn.start(t);
  const { container } = new MachineLearningClients(standIn);
  const blob = container.getBlockBlobClient('dev-ml-workspace/a folder/ä&b.json');
  const content = '{"not": "parsed"';
  await blob.upload(content, content.length, { blobHTTPHeaders: { blobContentType: 'application/json' } });
  assert.equal((await blob.downloadToBuffer()).toString(), content);
  assert.equal((await blob.downloadToBuffer(2, 5)).toString(), content.slice(2, 7));
  const properties = await blob.getProperties();
  assert.equal(properties.contentLength, content.length);
  assert.equal(properties.contentType, 'application/json');

  await standIn.restart();
  const again = new MachineLearningClients(standIn).container.getBlockBlobClient('dev-ml-workspace/a folder/ä&b.json');
  await again.upload('other', 5);
  assert.equal((await again.downloadToBuffer()).toString(), 'other');
  await again.delete();
  assert.equal(await again.exists(), false);
  await assert.rejects(again.download(), { statusCode: 404, code: 'BlobNotFound' });
});

test('blobs are listed by prefix, by folder and page by page', async (t) => {
  const { container } = new MachineLearningClients(await StandIn.start(t));
  for (const name of ['list/a/1', 'list/a/2', 'list/b', 'list/c & d']) await container.getBlockBlobClient(name).upload('', 0);
  const names: string[] = [];
  for await (const page of container.listBlobsFlat({ prefix: 'list/' }).byPage({ maxPageSize: 3 })) {
    names.push(...page.segment.blobItems.map(({ name }) => name));
  }
  assert.deepEqual(names, ['list/a/1', 'list/a/2', 'list/b', 'list/c & d']);
  const folders: string[] = [];
  for await (const item of container.listBlobsByHierarchy('/', { prefix: 'list/' })) folders.push(`${item.kind} ${item.name}`);
  assert.deepEqual(folders.sort(), ['blob list/b', 'blob list/c & d', 'prefix list/a/']);
});

test('a signed address opens one blob for reading, for a while', async (t) => {
  const standIn = await StandIn.start(t);
  const clients = new MachineLearningClients(standIn);
  await clients.putJob('logged', { command: 'echo written' });
  await clients.jobReaches('Completed', 'logged');
  const address = (await clients.details('logged')).logFiles['user_logs/std_log.txt'] ?? '';
  const status = async (url: string, method = 'GET') => (await fetch(url, { method })).status;
  assert.equal(await status(address), 200);
  assert.equal(await status(address.replace('std_log', 'other')), 401);
  assert.equal(await status(address, 'DELETE'), 401);
  assert.equal(await status(address.split('?', 1)[0] ?? ''), 401);
  await standIn.advance(2 * 3600_000);
  assert.equal(await status(address), 401);
});
