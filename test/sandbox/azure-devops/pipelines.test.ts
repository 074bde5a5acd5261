import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandIn } from '../support/stand-in.ts';

interface Run {
  id: number;
  state: string;
  result?: string;
  templateParameters: object;
}

void test('two equal posts are two runs, which succeed after their time', async (t) => {
  const standIn = await StandIn.start(t);
  const order = { templateParameters: { key: 'k1' } };
  const first = await standIn.devOps<Run>('POST', 'pipelines/1/runs', order);
  const second = await standIn.devOps<Run>('POST', 'pipelines/1/runs', order);
  assert.deepEqual([first.status, first.body.state, first.body.templateParameters], [200, 'inProgress', { key: 'k1' }]);
  assert.notEqual(first.body.id, second.body.id);
  await standIn.advance(60_000);
  const { body } = await standIn.devOps<{ count: number; value: Run[] }>('GET', 'pipelines/1/runs');
  assert.deepEqual(body.value.map(({ state, result }) => [state, result]), [['completed', 'succeeded'], ['completed', 'succeeded']]);
});

void test('an unknown pipeline or run answers 404', async (t) => {
  const standIn = await StandIn.start(t);
  assert.equal((await standIn.devOps('POST', 'pipelines/2/runs', {})).status, 404);
  assert.equal((await standIn.devOps('GET', 'pipelines/1/runs/5')).status, 404);
});

void test('a stage of a run is run again with all its jobs, alone or with what depends on it, and no sooner than it has ended', async (t) => {
  const standIn = await StandIn.start(t);
  const { body: { runId } } = await standIn.call<{ runId: number }>('POST', '/_sandbox/staged-runs', { followedBy: 'Report', durationMs: 60_000 });
  const update = async (body: object, stage = 'Production') => (await standIn.devOps('PATCH', `build/builds/${runId}/stages/${stage}`, body)).status;
  type Stage = { type: string; name: string; attempt: number; state: string; result: string | null; previousAttempts: { timelineId: string }[] };
  const stages = async (timeline = '') => (await standIn.devOps<{ records: Stage[] }>('GET', `build/builds/${runId}/timeline${timeline}`)).body.records.filter(({ type }) => type === 'Stage');
  const told = async () => (await stages()).map(({ name, attempt, state, result }) => `${name} ${attempt} ${state} ${result}`);
  const status = async () => (await standIn.devOps<{ status: string }>('GET', `build/builds/${runId}`)).body.status;

  assert.deepEqual([await update({ state: 'retry' }), await update({ state: 'cancel' }), await update({ state: 'retry', forceRetryAllJobs: true }, 'Staging')], [400, 400, 404]);
  assert.equal(await update({ state: 'retry', forceRetryAllJobs: true, retryDependencies: false }), 204);
  assert.deepEqual([await told(), await status()], [['Production 2 inProgress null', 'Report 1 completed succeeded'], 'inProgress']);
  assert.equal(await update({ state: 'retry', forceRetryAllJobs: true }), 400);
  assert.deepEqual((await stages(`/${(await stages())[0]!.previousAttempts[0]!.timelineId}`)).map(({ attempt, result }) => [attempt, result])[0], [1, 'succeeded']);
  await standIn.advance(60_000);
  assert.deepEqual([await told(), await status()], [['Production 2 completed succeeded', 'Report 1 completed succeeded'], 'completed']);
  assert.equal(await update({ state: 'retry', forceRetryAllJobs: true }), 204);
  assert.equal(await update({ state: 'cancel' }), 204);
  assert.deepEqual(await told(), ['Production 3 completed canceled', 'Report 2 completed succeeded']);
});
