import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MockActivityEnvironment, type TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createRunsActivities } from '../../../activities/runs/index.ts';
import { GateSilent, readGate } from '../../../starters/gates/read-gate.ts';
import { findWaitingGates } from '../../../starters/gates/waiting-gates.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { eventually } from '../../support/eventually.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';
import { quiet } from '../support/platforms.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

/** Each look waits for queries that nobody answers. */
const patiently = { timeoutMs: 90_000 };

/** Both lists: the one of the reviews and the one of the inbox and the command line. */
async function lists(plant: string) {
  const { findWaitingGates: find } = createRunsActivities({ client: temporal.client });
  const ofReviews: Awaited<ReturnType<typeof find>> = await new MockActivityEnvironment({ attempt: 1 }, quiet).run(find, { now: new Date().toISOString(), plant });
  const ofPeople = await findWaitingGates(temporal.client, { query: `Plant = '${plant}'` });
  assert.deepEqual(ofPeople.silent, ofPeople.unreadable.map(({ workflowId }) => workflowId));
  return [ofReviews.unreadable, ofPeople.unreadable, ofReviews.gates.map(({ workflowId }) => workflowId), ofPeople.gates.map(({ workflowId }) => workflowId)] as const;
}

it('a gate whose run is broken is listed as one that cannot be read, and hides no other one', async () => {
  const [healthy, broken] = await withReleaseWorkers(temporal, {}, async () => {
    const handles = [await startRelease(temporal.client, releaseInput('P1', 'C1', '1')), await startRelease(temporal.client, releaseInput('P1', 'C2', '1'))];
    await visible(temporal.client, `Gate = 'stage1' AND Plant = 'P1'`, 2);
    return handles;
  });
  const namesIt = async (says: RegExp) => {
    const [ofReviews, ofPeople] = await lists('P1');
    for (const unreadable of [ofReviews, ofPeople]) assert.match(unreadable.find(({ workflowId }) => workflowId === broken!.workflowId)?.reason ?? 'it is not listed', says);
  };

  await namesIt(/^no worker answer/); // none is there
  const worker = await Worker.create({ connection: temporal.nativeConnection, namespace: 'default', taskQueue: TaskQueue.Runbooks, workflowsPath: fileURLToPath(new URL('./support/incompatible-release.ts', import.meta.url)) });
  await worker.runUntil(async () => {
    // A worker tries to replay it: for the question, or for a task that the release's last activity left behind when its worker stopped.
    await eventually(() => namesIt(/^its run is broken: .*(Nondeterminism error|Workflow Task in failed state)/), patiently);
    await broken!.signal('approve', {});
    await eventually(() => namesIt(/^its run is broken: .*Workflow Task in failed state/), patiently);
    await assert.rejects(readGate(temporal.client, broken!.workflowId), (error: Error) => error instanceof GateSilent && error.isBroken);
  });

  await withReleaseWorkers(temporal, {}, async () => {
    // The other run's tasks have not failed: it answers, and is listed beside the broken one while that has not recovered.
    await eventually(async () => {
      const [, , ofReviews, ofPeople] = await lists('P1');
      assert.ok(ofReviews.includes(healthy!.workflowId) && ofPeople.includes(healthy!.workflowId));
    }, patiently);
    await eventually(async () => assert.deepEqual((await lists('P1')).slice(0, 2), [[], []]), patiently); // repaired by a compatible worker
    await Promise.all([healthy, broken].map((handle) => handle!.cancel()));
  });
});
