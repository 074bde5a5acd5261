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
