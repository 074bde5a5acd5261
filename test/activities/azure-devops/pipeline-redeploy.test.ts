import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../../../activities/azure-devops/index.ts';
import type { PipelineRun } from '../../../workflows/domain/redeploy.ts';
import { failure, freshKey, Platforms, thrownBy } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const devOps = createAzureDevOpsActivities(createAzureDevOpsClients(platforms.settings));
const target = { plant: 'P001', circuit: 'C001' };

async function ran(version: string, order: object = {}, gate = 'stage3'): Promise<number> {
  return (await platforms.control<{ runId: number }>('staged-runs', { tags: [`holdpoint.${gate}.P001.C001.${version}`], durationMs: 60_000, ...order })).runId;
}
const find = (version: string, pipeline: string | number = 'deploy-models', stage = 'production') => platforms.run(devOps.findDeployedRelease, { pipeline, stage, target, version });
async function found(version: string): Promise<PipelineRun> {
  const { release } = await find(version);
  return (release as PipelineRun | null) ?? assert.fail(`no run of version ${version}`);
}
const advance = (advanceMs: number) => platforms.control('clock', { advanceMs });
const look = (release: PipelineRun, { attempt = 2, looks = 1 } = {}) => platforms.run(devOps.awaitRedeploy, { release, attempt, intervalMs: 2_000 }, { attempt: looks });

void test('the newest run is found whose stage has deployed the version', async () => {
  await ran('7');
  const newer = await ran('7');
  await ran('7', { first: 'failed' });
  await ran('7', { pipeline: 'other' });
  await ran('8');
  const { runId, stage, stageRef, name, url } = await found('7');
  assert.deepEqual([runId, stage, stageRef], [newer, 'Production', 'Production']);
  assert.match(name, new RegExp(`^deploy-models \\d{8}\\.${newer}$`));
  assert.match(url!, new RegExp(`buildId=${newer}$`));
  for (const [version, pipeline, stageName] of [['9', 'deploy-models', 'Production'], ['7', 'unknown', 'Production'], ['7', 'deploy-models', 'Staging'], ['7', 99, 'Production']] as const) assert.deepEqual(await find(version, pipeline, stageName), { release: null });
});

void test('a run that publishes and deploys is found by the tag of Stage 1', async () => {
  const runId = await ran('10', {}, 'stage1');
  assert.equal((await found('10')).runId, runId);
});

void test('a stage is run once for a step, however often it is asked, without those that depend on it, and followed to its end', async () => {
  const runId = await ran('11', { followedBy: 'Report' });
  const release = await found('11');
  const order = { key: freshKey(), release, comment: 'Rollback by Holdpoint' };
  const { value: begun, changes } = await platforms.changesOf(async () => [await platforms.run(devOps.startRedeploy, order), await platforms.run(devOps.startRedeploy, order)]);
  assert.deepEqual(begun, [{ attempt: 2 }, { attempt: 2 }]);
  assert.deepEqual(changes, [`POST ${runId}/tags`, 'PATCH stages/Production']);
  const running = await thrownBy(look(release));
  assert.deepEqual([running.type, running.nextRetryDelay], ['StillRunning', 2_000]);
  // Another step while it is under way: not its own, and none beside it.
  assert.equal((await thrownBy(platforms.run(devOps.startRedeploy, { ...order, key: freshKey() }))).type, 'Busy');
  await advance(60_000);
  assert.deepEqual(await look(release), { state: 'succeeded', detail: `attempt 2 of ${release.name} succeeded` });
  assert.deepEqual(await platforms.run(devOps.startRedeploy, order), { attempt: 2 }, 'also after its end');
  assert.deepEqual(await platforms.run(devOps.cancelRedeploy, order), { cancelled: false });
  const { attempts, followed } = platforms.sandbox.context.store.get<{ attempts: unknown[]; followed: number }>('staged-runs', String(runId))!;
  assert.deepEqual([attempts.length, followed], [2, 1]);
});

void test('a retry that was accepted although nobody heard of it is not repeated', async () => {
  const runId = await ran('12');
  const release = await found('12');
  const order = { key: freshKey(), release, comment: '' };
  platforms.fault({ method: 'PATCH', path: `/builds/${runId}/stages/` }, { kind: 'cutAfterAccept' });
  await thrownBy(platforms.run(devOps.startRedeploy, order));
  const { value, changes } = await platforms.changesOf(() => platforms.run(devOps.startRedeploy, order, { attempt: 2 }));
  assert.deepEqual([value, changes], [{ attempt: 2 }, []]);
});

void test('one whose tag was written and nothing more is still made, once', async () => {
  const runId = await ran('13', { durationMs: 0 });
  const release = await found('13');
  const order = { key: freshKey(), release, comment: '' };
  platforms.fault({ method: 'PATCH', path: `/builds/${runId}/stages/` }, { kind: 'status', status: 503 });
  assert.equal((await thrownBy(platforms.run(devOps.startRedeploy, order))).type, 'Unavailable');
  const { value, changes } = await platforms.changesOf(() => platforms.run(devOps.startRedeploy, order, { attempt: 2 }));
  assert.deepEqual([value, changes], [{ attempt: 2 }, ['PATCH stages/Production']]);
});

void test('two workers that are at it at the same time make one attempt, and both answer it; a retry that is refused is an error', async () => {
  const runId = await ran('18');
  const release = await found('18');
  const order = { key: freshKey(), release, comment: '' };
  const { value, changes } = await platforms.changesOf(() => Promise.all([platforms.run(devOps.startRedeploy, order), platforms.run(devOps.startRedeploy, order)]));
  assert.deepEqual(value, [{ attempt: 2 }, { attempt: 2 }]);
  assert.equal(changes.filter((change) => change.startsWith('PATCH')).length, 1, changes.join(', '));
  await advance(60_000);
  platforms.fault({ method: 'PATCH', path: `/builds/${runId}/stages/` }, { kind: 'status', status: 400 });
  assert.equal((await thrownBy(platforms.run(devOps.startRedeploy, { ...order, key: freshKey() }))).type, 'InvalidRequest');
});

void test('one that waits for an approval is told as that at once, and stopped once', async () => {
  await ran('14', { waits: { for: 'approval' } });
  const release = await found('14');
  const order = { key: freshKey(), release, comment: 'not waited for' };
  await platforms.run(devOps.startRedeploy, order);
  assert.deepEqual(await look(release), { state: 'held', detail: `attempt 2 of ${release.name} waits for an approval before Production` });
  assert.deepEqual(await platforms.run(devOps.cancelRedeploy, { ...order, key: freshKey() }), { cancelled: false }, 'another step\'s');
  assert.deepEqual([await platforms.run(devOps.cancelRedeploy, order), await platforms.run(devOps.cancelRedeploy, order)], [{ cancelled: true }, { cancelled: false }]);
  assert.deepEqual(await look(release), { state: 'failed', detail: `attempt 2 of ${release.name}: canceled` });

  // Its first attempt has deployed the version: the next rollback finds it, and makes a third.
  assert.deepEqual(await found('14'), release);
  assert.deepEqual(await platforms.run(devOps.startRedeploy, { ...order, key: freshKey() }), { attempt: 3 });
});

void test('a check that passes by itself is waited for, one that does not is not', async () => {
  await ran('15', { waits: { for: 'check', passesAfterMs: 5_000 } });
  const release = await found('15');
  await platforms.run(devOps.startRedeploy, { key: freshKey(), release, comment: '' });
  assert.match((await thrownBy(look(release, { looks: 4 }))).message, /waits for a check/);
  assert.deepEqual(await look(release, { looks: 5 }), { state: 'held', detail: `attempt 2 of ${release.name} waits for a check before Production` });
  await advance(5_000);
  assert.match((await thrownBy(look(release, { looks: 5 }))).message, /inProgress/);
  await advance(60_000);
  assert.equal((await look(release)).state, 'succeeded');
});

void test('one that failed is an answer', async () => {
  await ran('16', { result: 'failed', durationMs: 0 });
  const release = await found('16');
  await platforms.run(devOps.startRedeploy, { key: freshKey(), release, comment: '' });
  assert.deepEqual(await look(release), { state: 'failed', detail: `attempt 2 of ${release.name}: failed` });
});

void test('a run that retention has deleted is passed over, and one that goes meanwhile is told as gone', async () => {
  const older = await ran('17');
  const newer = await ran('17');
  await platforms.control(`staged-runs/${newer}/forget`, { isStillTold: true });
  const release = await found('17');
  assert.equal(release.runId, older, 'the newer one has no timeline any more');
  await platforms.control(`staged-runs/${older}/forget`, {});
  assert.deepEqual(await find('17'), { release: null });
  const order = { key: freshKey(), release, comment: '' };
  for (const step of [() => platforms.run(devOps.startRedeploy, order), () => look(release), () => platforms.run(devOps.cancelRedeploy, order)]) await assert.rejects(step(), failure('NotFound', true, /^deploy-models \S+ is gone: Azure DevOps keeps it no longer$/));
});
