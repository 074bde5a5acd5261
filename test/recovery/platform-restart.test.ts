/** The platforms die in the middle of a training: the release goes on with the job that it had submitted. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { configPath, configText, FIRST_SETTINGS } from '../../sandbox/seed/estate.ts';
import { eventually } from '../support/eventually.ts';
import { deploymentOf, trainingJobs } from '../support/platform-state.ts';
import { Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { assertOnce, fromNow, noTwins } from './support/once.ts';

const stack = await Stack.start({ estate: { settle: '2s', monitoring: { for: '2s', every: '1s' } } });
after(() => stack.stop());
const releases = new Releases(stack);
await stack.startWorker();

test('a SIGKILL of the platforms during the training costs neither the job nor the release', async () => {
  const target = { plant: 'P001', circuit: 'C001' };
  const since = await fromNow(stack);
  const { cutoff_date, hyperparameters } = FIRST_SETTINGS;
  const longer = configText({ cutoff_date, hyperparameters: { ...hyperparameters, epochs: 600 } });
  const pullRequest = await stack.standIn.completePullRequest({ [configPath({ plant: 'P001', name: 'C001' })]: longer });
  await releases.start(pullRequest);
  await eventually(async () => assert.deepEqual((await trainingJobs(stack, target)).map(({ status }) => status), ['Running']));
  const [submitted] = await trainingJobs(stack, target);
  await stack.restartSandbox();
  const [found] = await trainingJobs(stack, target);
  assert.equal(found?.name, submitted?.name);
  assert.notEqual(found?.status, 'Completed', 'the training had not ended when the platforms died');

  const { releases: [release] } = await releases.trained(pullRequest);
  await releases.approveStages(release!);
  const { outcome, version } = await releases.result(release!);
  assert.equal(outcome, 'succeeded');
  assert.equal((await deploymentOf(stack, target)).tags['model_version'], version);
  const twins = await assertOnce(stack, { target, version, pullRequestId: pullRequest.pullRequestId, production: 1, threads: 0, workItems: 0, since });
  assert.deepEqual(twins, noTwins);
});
