import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { quiet } from './support/platforms.ts';
import { lastProgress, recordProgress, withHeartbeat } from '../../activities/heartbeat.ts';

void test('an activity beats with the progress of the former attempt until it records its own', async () => {
  const { step } = withHeartbeat({
    step: async (_input: object): Promise<unknown> => {
      const before = lastProgress<number>();
      await sleep(1_200);
      recordProgress(2);
      await sleep(1_200);
      return before;
    },
  });
  const environment = new MockActivityEnvironment({ heartbeatDetails: 1 });
  const beats: unknown[] = [];
  environment.on('heartbeat', (details) => beats.push(details));
  assert.equal(await environment.run(step, {}), 1);
  assert.deepEqual(beats, [1, 2, 2]);
});

void test('beating ends with the activity, also when it fails', async () => {
  const { step } = withHeartbeat({ step: async (_input: object): Promise<void> => Promise.reject(new Error('broken')) });
  const environment = new MockActivityEnvironment({}, quiet);
  const beats: unknown[] = [];
  environment.on('heartbeat', (details) => beats.push(details));
  await assert.rejects(environment.run(step, {}), /broken/);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  assert.deepEqual(beats, []);
});
