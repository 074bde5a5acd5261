/** A change whose build pipeline trains: followed, woken, found, never trained or registered by Holdpoint. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { REPOSITORY_ID } from '../../sandbox/core/tenancy.ts';
import { releaseChangeId } from '../../workflows/domain/ids.ts';
import type { ReleaseChangeResult } from '../../workflows/domain/release.ts';
import type { UnresolvedHookResult } from '../../workflows/domain/hook.ts';
import { eventually } from '../support/eventually.ts';
import { trainingJobs } from '../support/platform-state.ts';
import { circuitChange, Releases } from '../support/releases.ts';
import type { CompletedPullRequest } from '../support/stand-in-control.ts';
import { holdpointAt } from './run-holdpoint.ts';
import { accompanied, neverPolls, people, post, startAccompanied, waits } from './support/accompanied-stack.ts';

const { stack, url } = await startAccompanied(accompanied({ people }));
after(() => stack.stop());
const releases = new Releases(stack);
const target = { plant: 'P001', circuit: 'C001' };
let variation = 0;

const change = (deliver = true, status: 'completed' | 'active' = 'completed') => stack.standIn.completePullRequest(circuitChange(target, (variation += 1)), { deliver, status });
const idOf = ({ repositoryId, pullRequestId }: CompletedPullRequest) => releaseChangeId(repositoryId, pullRequestId);
const resultOf = (pullRequest: CompletedPullRequest) => stack.client.workflow.getHandle(idOf(pullRequest)).result() as Promise<ReleaseChangeResult>;
const seedModel = { ...target, from: 'seed' } as const;

/** What Holdpoint itself wrote to Azure ML's dev workspace: the stand-in's build agent does not go through its API. */
async function ownWrites(since: number): Promise<string[]> {
  const entries = await stack.standIn.ledger(since);
  return entries.filter(({ method, path, changed }) => changed && method !== 'GET' && /dev-ml-workspace\/(jobs|models)\//i.test(path)).map(({ method, path }) => `${method} ${path}`);
}

const lastSeq = async (): Promise<number> => (await stack.standIn.ledger()).at(-1)?.seq ?? 0;

async function failureOf(promise: Promise<unknown>): Promise<ReleaseChangeResult> {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure, String(error));
  return error.cause.details?.[0] as ReleaseChangeResult;
}

test('a build that trains for real is followed to its end, and its version goes to Stage 1 without a job or a model of our own', async () => {
  const since = await lastSeq();
  const pullRequest = await change();
  await eventually(() => releases.exists(idOf(pullRequest)).then((exists) => assert.ok(exists)));
  await waits(stack, idOf(pullRequest), 'awaitBuilds');
  const build = await stack.standIn.build({ pullRequestId: pullRequest.pullRequestId, publish: [target] });

  const { releases: [release], result } = await releases.trained(pullRequest); // woken by the hook: the next look would be in 20 minutes
  assert.equal(result.outcome, 'succeeded', result.reason);
  const [circuit] = result.circuits;
  assert.ok(circuit?.state === 'released' && circuit.version === '2', JSON.stringify(circuit));
  assert.equal(release, 'releaseModel:P001:C001:2');
  await releases.reaches(release, 'Stage 1 approval');
  const view = await stack.client.workflow.getHandle(release).query<{ card: { question: string } } | null>('gate');
  assert.ok(view);
  assert.deepEqual(await ownWrites(since), []);
  assert.deepEqual(await trainingJobs(stack, target), []);
  assert.equal(build > 0, true);

  // Late and repeated hooks start nothing: the run has closed.
  assert.equal(await stack.standIn.deliverBuildAgain(build), 3);
  const { body } = await post<{ workflowId: string; woken: boolean }>(url, 'build.complete', { id: build });
  assert.deepEqual(body, { workflowId: idOf(pullRequest), woken: false });
  const runs: string[] = [];
  for await (const { runId } of stack.client.workflow.list({ query: `WorkflowId = '${idOf(pullRequest)}'` })) runs.push(runId);
  assert.equal(runs.length, 1);
  await releases.decide(release, { gate: 'stage1', by: 'alice', verdict: 'reject', comment: 'enough seen' });
  await releases.result(release);
});

test('a build whose hook comes before that of its pull request starts the change, once', async () => {
  const pullRequest = await change(false);
  const build = await stack.standIn.build({ pullRequestId: pullRequest.pullRequestId, publish: [seedModel], deliver: false });
  const again = await Promise.all(Array.from({ length: 8 }, (_, n) => eventuallyPosted(n % 2 === 0 ? 'build.complete' : 'ms.vss-pipelines.run-state-changed-event', build)));
  assert.ok(again.every((workflowId) => workflowId === idOf(pullRequest)));
  const { result, releases: [release] } = await releases.trained(pullRequest);
  assert.equal(result.outcome, 'succeeded', result.reason);
  assert.deepEqual((await post<object>(url, 'git.pullrequest.merged', { pullRequestId: pullRequest.pullRequestId, repository: { id: REPOSITORY_ID } })).body, { workflowId: idOf(pullRequest), started: false });
  await stack.client.workflow.getHandle(release!).terminate();
});

/** Posts the hook of a build once it has ended; answers the workflow that it led to. */
async function eventuallyPosted(eventType: string, build: number): Promise<string> {
  let workflowId = '';
  await eventually(async () => {
    const { status, body } = await post<{ workflowId?: string; ignored?: string }>(url, eventType, eventType === 'build.complete' ? { id: build } : { run: { id: build } });
    assert.equal(status, 202);
    assert.ok(body.workflowId !== undefined, body.ignored);
    workflowId = body.workflowId;
  });
  return workflowId;
}

test('a hook that never came is made up for by the poll', async () => {
  stack.writeEstate(accompanied({ people, training: { ...neverPolls, pollEvery: '1s' } }));
  const pullRequest = await change();
  await eventually(() => releases.exists(idOf(pullRequest)).then((exists) => assert.ok(exists)));
  await waits(stack, idOf(pullRequest), 'awaitBuilds');
  await stack.standIn.build({ pullRequestId: pullRequest.pullRequestId, publish: [{ ...seedModel, tags: 'commit' }], deliver: false });
  const { result, releases: [release] } = await releases.trained(pullRequest);
  assert.equal(result.outcome, 'succeeded', result.reason);
  await stack.client.workflow.getHandle(release!).terminate();
  stack.writeEstate(accompanied({ people }));
});

test('a failed, a cancelled and an empty build are told as the failure of the circuit; the newest build of a pipeline counts', async () => {
  for (const [order, reason] of [
    [{ result: 'failed' }, /build \d+\.\d+ of sensor-predictions ended as failed \(https:/],
    [{ result: 'canceled' }, /ended as canceled/],
    [{ publish: [{ ...seedModel, tags: 'none' }] }, /ended as succeeded .*; no version of P001-C001 carries the tag build_id \d+, or commit [0-9a-f]{40}/],
  ] as const) {
    const pullRequest = await change(false);
    await stack.standIn.build({ pullRequestId: pullRequest.pullRequestId, ...order, publish: [...('publish' in order ? order.publish : [])] });
    const { outcome, circuits: [circuit] } = await failureOf(resultOfStarted(pullRequest));
    assert.equal(outcome, 'failed');
    assert.ok(circuit?.state === 'failed');
    assert.match(circuit.reason, reason);
  }

  const retried = await change(false);
  const failing = await stack.standIn.build({ pullRequestId: retried.pullRequestId, result: 'failed', deliver: false });
  await stack.standIn.build({ pullRequestId: retried.pullRequestId, publish: [seedModel] });
  const { result, releases: [release] } = await (async () => { await started(retried); return await releases.trained(retried); })();
  assert.equal(result.outcome, 'succeeded', `${result.reason} ${failing}`);
  await stack.client.workflow.getHandle(release!).terminate();
});

const started = (pullRequest: CompletedPullRequest) => eventually(() => releases.exists(idOf(pullRequest)).then((exists) => assert.ok(exists)));

async function resultOfStarted(pullRequest: CompletedPullRequest): Promise<ReleaseChangeResult> {
  await started(pullRequest);
  return await resultOf(pullRequest);
}

test('a build that never comes lets the change expire after the estate\'s time', async () => {
  stack.writeEstate(accompanied({ people, training: { pollEvery: '1s', timeout: '4s' } }));
  const pullRequest = await change();
  const result = await resultOfStarted(pullRequest);
  assert.equal(result.outcome, 'expired');
  const [circuit] = result.circuits;
  assert.ok(circuit?.state === 'expired');
  assert.match(circuit.reason, /the build of commit [0-9a-f]{8} did not end within .*no build of commit/);
  stack.writeEstate(accompanied({ people }));
});

test('a hook that leads to no change is kept and listed; it finds its change, or expires', async () => {
  const limit = { pollEvery: '1s', timeout: '8s' };
  stack.writeEstate(accompanied({ people, training: limit }));
  // A commit that no pull request made.
  const orphan = await stack.standIn.build({ branch: 'refs/heads/main', commit: 'f'.repeat(40), deliver: false });
  const eventId = crypto.randomUUID();
  await eventually(async () => assert.match((await post<{ unresolved?: string }>(url, 'build.complete', { id: orphan }, eventId)).body.unresolved ?? '', /no pull request made commit ffffffff/));
  const workflowId = `keepUnresolvedHook:${eventId}`;
  // The pull request is not completed yet: its build, told again, is the same event, and one run.
  const active = await change(false, 'active');
  const early = await stack.standIn.build({ pullRequestId: active.pullRequestId, deliver: false });
  const { body } = await post<{ workflowId: string; unresolved: string }>(url, 'build.complete', { id: early });
  assert.match(body.unresolved, /pull request \d+, which made commit .* is active/);

  await eventually(async () => {
    const { stdout } = await holdpointAt(stack.temporal.address)(['list', '--json']);
    const listed = (JSON.parse(stdout) as { workflowId: string; status: string; phase: string }[]).find((run) => run.workflowId === workflowId);
    assert.deepEqual([listed?.status, listed?.phase], ['Running', 'waiting for its change']);
  });
  const expired = (await stack.client.workflow.getHandle(workflowId).result()) as UnresolvedHookResult;
  assert.equal(expired.outcome, 'expired');
  assert.match(expired.reason, /no pull request made commit ffffffff/);
  await eventually(async () => {
    const { stdout } = await holdpointAt(stack.temporal.address)(['list', '--json']);
    assert.equal((JSON.parse(stdout) as { workflowId: string; outcome: string }[]).find((run) => run.workflowId === workflowId)?.outcome, 'expired');
  });
  const { code, stdout: page } = await holdpointAt(stack.temporal.address)(['show', workflowId]);
  assert.equal(code, 0);
  assert.match(page, /expired[\s\S]*no pull request made commit ffffffff/);
  // After its end the same event starts nothing.
  assert.equal((await post<{ workflowId: string }>(url, 'build.complete', { id: orphan }, eventId)).body.workflowId, workflowId);
  const runs: string[] = [];
  for await (const { runId } of stack.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(runId);
  assert.equal(runs.length, 1);
  stack.writeEstate(accompanied({ people }));
});

test('a kept hook starts its change as soon as the pull request is completed', async () => {
  stack.writeEstate(accompanied({ people, training: { pollEvery: '1s', timeout: '10m' } }));
  const active = await change(false, 'active');
  const build = await stack.standIn.build({ pullRequestId: active.pullRequestId, publish: [seedModel], deliver: false });
  let kept = '';
  await eventually(async () => {
    const { body } = await post<{ workflowId: string; unresolved?: string }>(url, 'build.complete', { id: build });
    assert.match(body.unresolved ?? '', /is active/);
    kept = body.workflowId;
  });
  await stack.standIn.completeLater(active.pullRequestId);
  const result = (await stack.client.workflow.getHandle(kept).result()) as UnresolvedHookResult;
  assert.deepEqual([result.outcome, result.reason], ['succeeded', `started ${idOf(active)}`]);
  const { result: changed, releases: [release] } = await releases.trained(active);
  assert.equal(changed.outcome, 'succeeded', changed.reason);
  await stack.client.workflow.getHandle(release!).terminate();
  stack.writeEstate(accompanied({ people }));
});

test('builds of other branches, of pull requests on trial, that still run or that come far too late are ignored', async () => {
  const pullRequest = await change(false);
  const cases: [object, RegExp][] = [
    [{ pullRequestId: pullRequest.pullRequestId, branch: `refs/pull/${pullRequest.pullRequestId}/merge` }, /is of refs\/pull\/\d+\/merge; releases come from refs\/heads\/main/],
    [{ branch: 'refs/heads/feature', commit: 'e'.repeat(40) }, /is of refs\/heads\/feature/],
    [{ pullRequestId: pullRequest.pullRequestId, durationMs: 3_600_000 }, /has not ended: inProgress/],
  ];
  for (const [order, reason] of cases) {
    const build = await stack.standIn.build({ ...order, deliver: false });
    await eventually(async () => assert.match((await post<{ ignored?: string }>(url, 'build.complete', { id: build })).body.ignored ?? '', reason));
  }
  await stack.standIn.advance(2 * 3_600_000);
  const late = await stack.standIn.build({ pullRequestId: pullRequest.pullRequestId, deliver: false });
  await eventually(async () => assert.match((await post<{ ignored?: string }>(url, 'build.complete', { id: late })).body.ignored ?? '', /ended 120 min after pull request \d+ was completed/));
  assert.equal(await releases.exists(idOf(pullRequest)), false);
  const { status, body } = await post<{ error: string }>(url, 'build.complete', { id: 'seven' });
  assert.deepEqual([status, body.error], [400, 'resource.id: must be a whole number']);
});
