import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../../../activities/azure-devops/index.ts';
import type { ClassicRelease } from '../../../workflows/domain/redeploy.ts';
import { freshKey, Platforms, thrownBy } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const devOps = createAzureDevOpsActivities(createAzureDevOpsClients(platforms.settings));
const target = { plant: 'P001', circuit: 'C001' };
const tag = (version: string): string => `holdpoint.stage3.P001.C001.${version}`;

async function released(version: string, order: object = {}): Promise<number> {
  return (await platforms.control<{ releaseId: number }>('releases', { tags: [tag(version)], durationMs: 60_000, ...order })).releaseId;
}
const find = (version: string, definition: string | number = 'deploy-models', stage = 'production') => platforms.run(devOps.findDeployedRelease, { release: definition, stage, target, version });
async function found(version: string): Promise<ClassicRelease> {
  const { release } = await find(version);
  return (release as ClassicRelease | null) ?? assert.fail(`no release of version ${version}`);
}

void test('the newest release is found whose stage has deployed the version', async () => {
  await released('7');
  const newer = await released('7');
  await released('7', { first: 'failed' });
  await released('7', { definition: 'other' });
  await released('8');
  const { releaseId, stage } = await found('7');
  assert.deepEqual([releaseId, stage], [newer, 'Production']);
  for (const [version, definition, stageName] of [['9', 'deploy-models', 'Production'], ['7', 'unknown', 'Production'], ['7', 'deploy-models', 'Staging'], ['7', 99, 'Production']] as const) assert.deepEqual(await find(version, definition, stageName), { release: null });
});

void test('a stage is deployed once for a step, however often it is asked, and followed to its end', async () => {
  await released('11');
  const release = await found('11');
  const order = { key: freshKey(), release, comment: 'Rollback by Holdpoint' };
  const { value: begun, changes } = await platforms.changesOf(async () => [await platforms.run(devOps.startRedeploy, order), await platforms.run(devOps.startRedeploy, order)]);
  assert.deepEqual(begun, [{ attempt: 2 }, { attempt: 2 }]);
  assert.equal(changes.length, 2, 'the tag, and one deployment');
  const follow = { release, attempt: 2, intervalMs: 2_000 };
  const running = await thrownBy(platforms.run(devOps.awaitRedeploy, follow));
  assert.deepEqual([running.type, running.nextRetryDelay], ['StillRunning', 2_000]);
  // Another step while it is under way: not its own, and none beside it.
  assert.equal((await thrownBy(platforms.run(devOps.startRedeploy, { ...order, key: freshKey() }))).type, 'Busy');
  await platforms.control('clock', { advanceMs: 60_000 });
  assert.equal((await platforms.run(devOps.awaitRedeploy, follow)).state, 'succeeded');
  assert.deepEqual(await platforms.run(devOps.startRedeploy, order), { attempt: 2 }, 'also after its end');
  assert.deepEqual(await platforms.run(devOps.cancelRedeploy, order), { cancelled: false });
});

void test('a deployment that was accepted although nobody heard of it is not repeated', async () => {
  await released('12');
  const release = await found('12');
  const order = { key: freshKey(), release, comment: '' };
  platforms.fault({ method: 'PATCH', path: `/releases/${release.releaseId}/environments/` }, { kind: 'cutAfterAccept' });
  await thrownBy(platforms.run(devOps.startRedeploy, order));
  const { value, changes } = await platforms.changesOf(() => platforms.run(devOps.startRedeploy, order, { attempt: 2 }));
  assert.deepEqual([value, changes], [{ attempt: 2 }, []]);
});

void test('one that waits for an approval is told as that, and stopped once', async () => {
  await released('13', { waits: true });
  const release = await found('13');
  const order = { key: freshKey(), release, comment: 'not waited for' };
  await platforms.run(devOps.startRedeploy, order);
  assert.deepEqual(await platforms.run(devOps.awaitRedeploy, { release, attempt: 2, intervalMs: 2_000 }), { state: 'held', detail: `attempt 2 of ${release.name} waits for an approval before Production` });
  assert.deepEqual(await platforms.run(devOps.cancelRedeploy, { ...order, key: freshKey() }), { cancelled: false }, 'another step\'s');
  assert.deepEqual([await platforms.run(devOps.cancelRedeploy, order), await platforms.run(devOps.cancelRedeploy, order)], [{ cancelled: true }, { cancelled: false }]);
});

void test('one that failed is an answer', async () => {
  await released('14', { result: 'failed', durationMs: 0 });
  const release = await found('14');
  await platforms.run(devOps.startRedeploy, { key: freshKey(), release, comment: '' });
  await platforms.control('clock', { advanceMs: 1 });
  assert.deepEqual(await platforms.run(devOps.awaitRedeploy, { release, attempt: 2, intervalMs: 2_000 }), { state: 'failed', detail: `attempt 2 of ${release.name}: failed` });
});
