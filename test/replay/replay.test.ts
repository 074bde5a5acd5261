/** Recorded histories replay with today's code: a release that waits for days must survive a new version of the worker. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { bundlePath } from '../../workers/bundle.ts';
import { quietRuntime } from '../support/temporal-server.ts';

const directory = new URL('./histories/', import.meta.url);
const names = (await readdir(directory)).filter((name) => name.endsWith('.json'));

describe('recorded histories', () => {
  before(quietRuntime);

  it('exist', () => assert.ok(names.length >= 17));

  for (const name of names) {
    it(`replay: ${name}`, async () => {
      const history = historyFromJSON(JSON.parse(await readFile(new URL(name, directory), 'utf8')));
      const { workflowId } = history.events?.[0]?.workflowExecutionStartedEventAttributes ?? {}; // a child may be named after it
      await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath } }, history, workflowId ?? undefined);
    });
  }

  it('do not replay when a step is missing, so that the check can fail', async () => {
    const history = historyFromJSON(JSON.parse(await readFile(new URL('release-model-approved.json', directory), 'utf8')));
    const scheduled = history.events?.find(({ activityTaskScheduledEventAttributes: activity }) => activity?.activityType?.name === 'promoteModel');
    assert.ok(scheduled?.activityTaskScheduledEventAttributes);
    scheduled.activityTaskScheduledEventAttributes.activityType = { name: 'anotherActivity' };
    await assert.rejects(Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath } }, history), /Nondeterminism|DeterminismViolation/i);
  });
});
