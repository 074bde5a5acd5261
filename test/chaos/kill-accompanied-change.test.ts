/** The worker is killed before and after every step of a change whose build pipeline trains, and of a hook that came before its pull request was completed: every effect is found once. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { AccompaniedChanges } from '../recovery/support/accompanied-changes.ts';
import { killAtEach, killsAt, killTable, stepsOf, type Step } from '../recovery/support/kill-run.ts';

const changes = await AccompaniedChanges.start();
const { stack, releases } = changes;
after(() => stack.stop());

/** What a change and a hook that is kept for it do when nobody disturbs them. */
async function learn(): Promise<{ change: Step[]; hook: Step[] }> {
  const since = await changes.lastSeq();
  const pullRequest = await changes.pullRequest(0, 'active');
  const kept = await changes.toldOf(await changes.build(pullRequest, 0, false));
  await stack.standIn.completeLater(pullRequest.pullRequestId);
  await changes.assertKeptOnce(kept, pullRequest);
  await changes.assertFoundOnce(pullRequest, 0, since);
  return { change: await stepsOf(stack, changes.changeOf(pullRequest)), hook: await stepsOf(stack, kept) };
}

const steps = await learn();
await stack.worker!.stop();

test('a change that follows its build survives a kill before and after each of its steps', async (context) => {
  assert.deepEqual(steps.change.map(({ activity }) => activity), ['loadReleaseRules', 'readChange', 'commentOnPullRequest', 'loadPolicy', 'awaitBuilds', 'readPublishedVersion', 'readRunMetrics', 'appendToRecord']);
  const since = await changes.lastSeq();
  const pullRequest = await changes.pullRequest(1, 'completed');
  const change = await releases.start(pullRequest);
  let isBuilt = false;
  const kills = await killAtEach(stack, killsAt(steps.change), async () => {
    if (isBuilt || !(await releases.look(change)).pending.includes('awaitBuilds')) return;
    isBuilt = true;
    await changes.build(pullRequest, 1, true); // its hooks come while workers die
  });
  context.diagnostic(killTable(kills));
  await changes.assertFoundOnce(pullRequest, 1, since);
  await stack.worker!.stop();
});

test('a hook that came too early survives a kill before and after each of its steps, and starts its change once', async (context) => {
  assert.deepEqual(steps.hook.map(({ activity }) => activity), ['awaitBuildOrigin', 'appendToRecord']);
  const since = await changes.lastSeq();
  const pullRequest = await changes.pullRequest(2, 'active');
  const kept = await changes.toldOf(await changes.build(pullRequest, 2, false));
  context.diagnostic(killTable(await killAtEach(stack, killsAt(steps.hook), changes.completing(kept, pullRequest))));
  await changes.assertKeptOnce(kept, pullRequest);
  await changes.assertFoundOnce(pullRequest, 2, since);
});
