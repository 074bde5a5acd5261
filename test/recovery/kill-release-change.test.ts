/** Between a step's effect and its record, where a repetition would do it twice. Before each step as well: test/chaos. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ReleaseChangePhase } from '../../workflows/domain/phases.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { trainingJobs } from '../support/platform-state.ts';
import { endlessChange } from '../support/releases.ts';
import { killAtEach, killsAt, killTable, registeredActivities } from './support/kill-run.ts';
import { killedElsewhere, learnSteps } from './support/kill-scenario.ts';
import { testChangeKills } from './support/release-change-kills.ts';

const { stack, releases, steps } = await learnSteps();
after(() => stack.stop());

test('the kills cover every activity that the product registers, but for named exceptions', () => {
  const killed = new Set([...steps.releaseChange, ...steps.releaseModel].map(({ activity }) => activity));
  assert.deepEqual([...killed, ...Object.keys(killedElsewhere)].sort(), registeredActivities());
});

testChangeKills({ stack, releases, steps }, 'releaseChange survives a kill after the effect of each of its steps', ['afterEffect']);

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
