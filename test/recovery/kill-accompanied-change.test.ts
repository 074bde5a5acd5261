/**
 * The worker is killed before and after each step that only a change with a build pipeline has: its hook came too early and is kept, its build is followed, and what it published is read.
 * Every effect is found once. All other steps are killed in kill-release-change.test.ts, and all of them on this way in the lane chaos.
 */
import { after, test } from 'node:test';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { AccompaniedChanges } from './support/accompanied-changes.ts';
import { killAtEach, killsAt, killTable } from './support/kill-run.ts';

const changes = await AccompaniedChanges.start();
const { stack } = changes;
after(() => stack.stop());
await stack.worker!.stop();

const steps = [
  { activity: 'awaitBuildOrigin', queue: TaskQueue.AzureDevOps, batch: 'hook' },
  { activity: 'awaitBuilds', queue: TaskQueue.AzureDevOps, batch: 'build' },
  { activity: 'readPublishedVersion', queue: TaskQueue.AzureMl, batch: 'version' },
];

test('a change that follows its build, and the hook that is kept for it, survive a kill before and after each of their steps', async (context) => {
  const since = await changes.lastSeq();
  const pullRequest = await changes.pullRequest(1, 'active');
  const kept = await changes.toldOf(await changes.build(pullRequest, 1, false));
  context.diagnostic(killTable(await killAtEach(stack, killsAt(steps), changes.completing(kept, pullRequest))));
  await changes.assertKeptOnce(kept, pullRequest);
  await changes.assertFoundOnce(pullRequest, 1, since);
});
