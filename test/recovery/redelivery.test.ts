/** A change is released once, however often its hooks come; and once more only when a person says so. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ReleaseChangeResult } from '../../workflows/domain/release.ts';
import { trainingJobs, workItems } from '../support/platform-state.ts';
import { circuitChange, Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { eventually } from '../support/eventually.ts';
import { holdpointAt } from '../starters/run-holdpoint.ts';
import { deliveries, hookEvents, post, subscribe } from './support/hooks.ts';

const stack = await Stack.start({ estate: { settle: '2s' } });
after(() => stack.stop());
const releases = new Releases(stack);
const [hookUrl] = await Promise.all([stack.startReceiver(), stack.startWorker()]);
const subscriptions = await subscribe(stack, hookUrl);

/** Runs of a runbook, open and closed, by workflow id. */
async function runsOf(runbook: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { workflowId } of stack.client.workflow.list({ query: `WorkflowType = '${runbook}'` })) found.push(workflowId);
  return found.sort();
}

test('hooks delivered 22 times, 20 of them at once, make one releaseChange and one releaseModel', async () => {
  const target = { plant: 'P001', circuit: 'C001' };
  const pullRequest = await stack.standIn.completePullRequest(circuitChange(target), { deliver: true });
  const again = await Promise.all(Array.from({ length: 10 }, () => stack.standIn.deliverAgain(pullRequest.pullRequestId)));
  const sent = 2 + again.reduce((sum, count) => sum + count, 0);
  assert.ok(sent >= 22, `${sent} deliveries`);
  await eventually(async () => assert.deepEqual(await deliveries(stack, subscriptions), Array.from({ length: sent }, () => 202)));

  const { releases: [release] } = await releases.trained(pullRequest);
  await releases.decide(release!, { gate: 'stage1', by: 'alice', verdict: 'reject', comment: 'not now' });
  assert.equal((await releases.result(release!)).outcome, 'rejected');
  await eventually(async () => assert.equal((await runsOf('releaseModel')).length, 1));
  assert.equal((await runsOf('releaseChange')).length, 1);
  assert.equal((await trainingJobs(stack, target)).length, 1);
});

test('hooks in the wrong order and all at once start one release; it lives on when its change has ended', async () => {
  const target = { plant: 'P001', circuit: 'C002' };
  const pullRequest = await stack.standIn.completePullRequest(circuitChange(target));
  const [merged, updated] = hookEvents;
  const early = await post(hookUrl, updated, pullRequest);
  const late = await Promise.all(Array.from({ length: 20 }, (_, index) => post(hookUrl, index % 2 === 0 ? merged : updated, pullRequest)));
  assert.deepEqual([early, ...late].map(({ status }) => status), Array.from({ length: 21 }, () => 202));
  assert.deepEqual([early, ...late].map(({ body }) => body.started), [true, ...late.map(() => false)]);

  const { result, releases: [release, ...others] } = await releases.trained(pullRequest);
  assert.deepEqual([result.outcome, others], ['succeeded', []]);
  await releases.reaches(release!, 'Stage 1 approval');
  assert.equal((await releases.look(release!)).status, 'RUNNING');
  const afterwards = await post(hookUrl, merged, pullRequest);
  assert.deepEqual([afterwards.status, afterwards.body.started], [202, false]);
  assert.equal((await trainingJobs(stack, target)).length, 1);
  await stack.client.workflow.getHandle(release!).cancel();
});

test('after a rejection, start --again makes a fresh run: another version, another training job', async () => {
  const target = { plant: 'P002', circuit: 'C003' };
  const { pullRequest, releases: [rejected] } = await releases.train(circuitChange(target));
  await releases.decide(rejected!, { gate: 'stage1', by: 'bob', verdict: 'reject', comment: 'trained on the wrong season' });
  const first = await releases.result(rejected!);
  assert.equal(first.outcome, 'rejected');
  assert.equal((await workItems(stack)).filter(({ title, state }) => title.includes(first.version) && state !== 'Closed').length, 1);
  const [oldJob] = await trainingJobs(stack, target);

  const holdpoint = holdpointAt(stack.temporal.address);
  const start = ['start', 'releaseChange', '--input', '-', '--as', 'carol', '--json'];
  const { repositoryId, pullRequestId } = pullRequest;
  const input = { repositoryId, pullRequestId };
  const refused = await holdpoint(start, { input });
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /--again/);
  const started = await holdpoint([...start, '--again', '--reason', 'the season was right after all'], { input });
  assert.equal(started.code, 0, started.stderr);
  const { workflowId, runId } = JSON.parse(started.stdout) as { workflowId: string; runId: string };

  const result = (await stack.client.workflow.getHandle(workflowId, runId).result()) as ReleaseChangeResult;
  const version = `${first.version}-r1`;
  assert.deepEqual(result.circuits, [{ target, version, state: 'released', workflowId: `releaseModel:P002:C003:${version}` }]);
  const jobs = await trainingJobs(stack, target);
  assert.equal(jobs.length, 2);
  assert.deepEqual(jobs.filter(({ name }) => name !== oldJob!.name).map((job) => [job.status, job.version]), [['Completed', version]]);

  // Whoever started it again asked for it, and may not approve it.
  const release = `releaseModel:P002:C003:${version}`;
  await releases.reaches(release, 'Stage 1 approval');
  const { gate } = await releases.status(release);
  assert.deepEqual(gate?.approvers, ['alice', 'bob']);
  const hook = await post(hookUrl, hookEvents[0], pullRequest);
  assert.deepEqual([hook.status, hook.body.started], [202, false]);
  await stack.client.workflow.getHandle(release).cancel();
});
