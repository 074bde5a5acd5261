/** The worker is killed before and after each step of `releaseChange`; the change is released as if nothing had happened. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ReleaseChangePhase } from '../../workflows/domain/phases.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { trainingJobs } from '../support/platform-state.ts';
import { endlessChange } from '../support/releases.ts';
import { killAtEach, killsAt, killTable, registeredActivities } from './support/kill-run.ts';
import { killedElsewhere, learnSteps, mixedChange } from './support/kill-scenario.ts';
import { assertOnce, fromNow, noTwins } from './support/once.ts';

const { stack, releases, steps } = await learnSteps();
after(() => stack.stop());

test('the kills cover every activity that the product registers, but for named exceptions', () => {
  const killed = new Set([...steps.releaseChange, ...steps.releaseModel].map(({ activity }) => activity));
  assert.deepEqual([...killed, ...Object.keys(killedElsewhere)].sort(), registeredActivities());
});

test('releaseChange survives a kill before and after each of its steps', async (context) => {
  const target = { plant: 'P001', circuit: 'C001' };
  const since = await fromNow(stack);
  const pullRequest = await stack.standIn.completePullRequest(mixedChange(target));
  await releases.start(pullRequest);
  const kills = await killAtEach(stack, killsAt(steps.releaseChange), async () => undefined);
  context.diagnostic(killTable(kills));

  const { result, releases: [release, ...others] } = await releases.trained(pullRequest);
  assert.equal(result.outcome, 'succeeded');
  assert.deepEqual([others, result.refused.map(({ path }) => path)], [[], ['config/plants/P002/C002.yml']]);
  await releases.approveStages(release!);
  const { outcome, serving, version } = await releases.result(release!);
  assert.deepEqual([outcome, serving], ['succeeded', version]);
  const twins = await assertOnce(stack, { target, version, pullRequestId: pullRequest.pullRequestId, production: 1, threads: 1, workItems: 0, since });
  assert.deepEqual({ ...twins, chat: 0 }, noTwins); // the release has begun when its change is killed at its last step, and may be telling the channel just then
  await stack.worker!.stop();
});

test('cancelJob, when a change is cancelled during its training, survives a kill before and after', async (context) => {
  const target = { plant: 'P002', circuit: 'C001' };
  const pullRequest = await stack.standIn.completePullRequest(endlessChange(target));
  const change = await releases.start(pullRequest);
  let isCancelled = false;
  const kills = await killAtEach(stack, killsAt([{ activity: 'cancelJob', queue: TaskQueue.AzureMl, batch: 'undo' }]), async () => {
    const { phase, pending } = await releases.look(change);
    if (isCancelled || phase !== ReleaseChangePhase.Training || !pending.includes('awaitJob')) return;
    isCancelled = true;
    await stack.client.workflow.getHandle(change).cancel();
  });
  context.diagnostic(killTable(kills));

  await assert.rejects(stack.client.workflow.getHandle(change).result(), { name: 'WorkflowFailedError' });
  assert.equal((await releases.look(change)).status, 'CANCELLED');
  assert.deepEqual((await trainingJobs(stack, target)).map(({ status }) => status), ['Canceled']);
  const cancellations = (await stack.standIn.ledger()).filter(({ path, changed }) => path.endsWith('/cancel') && path.includes('dev-ml-workspace') && changed);
  assert.equal(cancellations.length, 1);
  await stack.worker!.stop();
});
