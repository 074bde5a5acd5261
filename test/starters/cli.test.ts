import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { RunDetails } from '../../starters/cli/run-details.ts';
import type { RunSummary } from '../../starters/cli/run-summary.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import type { ReleaseModelInput } from '../../workflows/domain/release.ts';
import { eventually } from '../support/eventually.ts';
import { witnessed } from '../support/gate-runs.ts';
import { testInput, type ReleaseActivities } from '../support/release-activities.ts';
import { withReleaseWorkers } from '../support/release-worker.ts';
import { startTemporal } from '../support/temporal-server.ts';
import { assertRefused as refused, holdpointAt, type Holdpoint } from './run-holdpoint.ts';

let temporal: TestWorkflowEnvironment;
let holdpoint: Holdpoint;
let count = 0;

before(async () => {
  temporal = await startTemporal();
  holdpoint = holdpointAt(temporal.address);
});
after(() => temporal.teardown());

const withWorkers = (body: () => Promise<void>, activities: Partial<ReleaseActivities> = {}) => withReleaseWorkers(temporal, activities, body);

/** A release of its own, for one test. */
function newRelease(): { input: ReleaseModelInput; id: string } {
  count += 1;
  const version = `9${count}-3f2a91c0`;
  return { input: { ...testInput, version }, id: `releaseModel:P001:C001:${version}` };
}

async function started(): Promise<string> {
  const { input, id } = newRelease();
  const { code, stderr } = await holdpoint(['start', 'releaseModel', '--input', '-', '--as', 'carol'], { input });
  assert.equal(code, 0, stderr);
  return id;
}

async function waitingAt(gate: string, id: string): Promise<RunDetails> {
  return await shownOnce(id, (run) => assert.equal(run.gate?.id, gate));
}

async function endedAs(status: RunDetails['status'], id: string): Promise<RunDetails> {
  return await shownOnce(id, (run) => assert.equal(run.status, status));
}

async function shownOnce(id: string, check: (run: RunDetails) => void): Promise<RunDetails> {
  let run: RunDetails | undefined;
  await eventually(async () => check((run = await shown(id))));
  return run!;
}

async function shown(id: string): Promise<RunDetails> {
  return JSON.parse((await holdpoint(['show', id, '--json'])).stdout) as RunDetails;
}

async function listed(id: string, ...options: string[]): Promise<RunSummary[]> {
  const { stdout } = await holdpoint(['list', '--json', ...options]);
  return (JSON.parse(stdout) as RunSummary[]).filter(({ workflowId }) => workflowId === id);
}

describe('holdpoint start', () => {
  it('starts once, and tells why a second start does nothing and how to run it again', () => withWorkers(async () => {
    const input = { repositoryId: 'repo/1', pullRequestId: 7 };
    const begin = (...more: string[]) => holdpoint(['start', 'releaseChange', '--input', '-', '--json', ...more], { input });
    const first = JSON.parse((await begin()).stdout) as { workflowId: string; runId: string; webUi: string };
    assert.equal(first.workflowId, 'releaseChange:repo%2F1:7');
    assert.equal(first.webUi, `http://ui.test/namespaces/default/workflows/releaseChange%3Arepo%252F1%3A7/${first.runId}/user-metadata`);
    await endedAs('Completed', first.workflowId);
    refused(await begin(), 1, /has ended[^]*succeeded[^]*--again/);

    const again = JSON.parse((await begin('--again', '--reason', 'the data was corrected')).stdout) as { runId: string };
    assert.notEqual(again.runId, first.runId);
    const { input: given } = await shown(first.workflowId);
    assert.deepEqual(given, { ...input, startedBy: userInfo().username, again: { reason: 'the data was corrected' } });
    await eventually(async () => assert.equal((await listed(first.workflowId)).length, 2));
  }));

  it('takes the input that show prints, but not who started that run nor why again', () => withWorkers(async () => {
    const begin = (input: unknown, ...more: string[]) => holdpoint(['start', 'releaseChange', '--input', '-', ...more], { input });
    const id = 'releaseChange:repo:8';
    await begin({ repositoryId: 'repo', pullRequestId: 8 }, '--as', 'alice', '--again', '--reason', 'first');
    const { input } = await endedAs('Completed', id);
    refused(await begin(input), 1, /has ended/);
    assert.equal((await begin(input, '--as', 'bob', '--again', '--reason', 'second')).code, 0);
    assert.deepEqual((await shown(id)).input, { repositoryId: 'repo', pullRequestId: 8, startedBy: 'bob', again: { reason: 'second' } });
  }));

  it('starts nothing beside a running one, not even again', async () => {
    const input = { repositoryId: 'repo', pullRequestId: 9 };
    const begin = (...more: string[]) => holdpoint(['start', 'releaseChange', '--input', '-', ...more], { input });
    assert.equal((await begin()).code, 0); // no worker takes it up
    refused(await begin(), 1, /is running already[^]*holdpoint -- cancel/);
    refused(await begin('--again', '--reason', 'impatient'), 1, /is running already/);
  });

  it('sends whoever wants a model version again to the change that made it', async () => {
    const result = await holdpoint(['start', 'releaseModel', '--input', '-', '--again', '--reason', 'why not'], { input: newRelease().input });
    refused(result, 1, /\{"repositoryId":"b1a7","pullRequestId":42,"only":\["P001\/C001"\]\}' \| npm run holdpoint -- start releaseChange .*--reason 'why not'/);
  });

  it('counts the author and who starts among those who asked', () => withWorkers(async () => {
    const { input, id } = newRelease();
    await holdpoint(['start', 'releaseModel', '--input', '-', '--as', 'carol'], { input: { ...input, requestedBy: [] } });
    const run = await waitingAt('stage1', id);
    assert.deepEqual((run.input as ReleaseModelInput).requestedBy, ['dana@example.com', 'carol']);
    assert.deepEqual(run.gate?.approvers, ['alice', 'bob']);
  }));

  it('with --wait follows the run to its end and fails unless it succeeds', () => withWorkers(async () => {
    const { input, id } = newRelease();
    const { promise: told, resolve } = Promise.withResolvers<void>();
    const waiting = holdpoint(['start', 'releaseModel', '--input', '-', '--wait', '--json'], { input, onStderr: (piece) => void (/waits for 1 of alice, bob, carol\n +npm run holdpoint -- approve/.test(piece) && resolve()) });
    await told;
    await holdpoint(['reject', id, '--gate', 'stage1', '--as', 'bob', '--reason', 'too wobbly']);
    const { code, stdout, stderr } = await waiting;
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout) as RunDetails).outcome, 'rejected');
    assert.match(stderr, /ended as rejected: bob: too wobbly/);
  }));
});

describe('holdpoint approve, reject, show, list', () => {
  it('brings a release from gate to gate into production', () => withWorkers(async () => {
    const id = await started();
    const { gate } = await waitingAt('stage1', id);
    assert.deepEqual([gate?.quorum, gate?.approvers], [1, ['alice', 'bob']]);
    assert.deepEqual((await listed(id, '--waiting')).map((run) => run.gate?.id), ['stage1']);

    const page = (await holdpoint(['show', id])).stdout;
    for (const part of ['Promote P001/C001 94-3f2a91c0', 'candidate +1.900 ', 'production +2.100 ', 'reviewing the training', `http://ui.test/namespaces/default/workflows/releaseModel%3AP001`]) assert.match(page, new RegExp(part));
    const evidence = /--as <alice\|bob> --evidence ([0-9a-f]{12})$/m.exec(page)?.[1];
    assert.ok(evidence);

    const approved = await holdpoint(['approve', id, '--gate', 'stage1', '--as', 'alice', '--comment', 'looks good', '--evidence', evidence]);
    assert.equal(approved.code, 0, approved.stderr);
    assert.match(approved.stdout, /Identity level: claimed[^]*stage1 is passed, approved by alice/);
    await waitingAt('stage3', id);
    const third = JSON.parse((await holdpoint(['approve', id, '--gate', 'stage3', '--as', 'bob', '--json'])).stdout) as { standing: object };
    assert.deepEqual(third.standing, { state: 'approved', by: ['bob'] });

    const done = await endedAs('Completed', id);
    assert.deepEqual([done.outcome, done.production, done.gate, (done.result as { outcome: string }).outcome], ['succeeded', 'changed', null, 'succeeded']);
    assert.ok(done.phases.length >= 7 && done.phases.every(({ endedAt }) => endedAt !== null));
    await eventually(async () => {
      const [run] = await listed(id);
      assert.deepEqual({ ...run, runId: '', workflowId: '' }, { workflowId: '', runId: '', runbook: 'releaseModel', status: 'Completed', outcome: 'succeeded', phase: 'monitoring', target: { plant: 'P001', circuit: 'C001', version: id.split(':')[3] }, gate: null });
    });
    assert.deepEqual(await listed(id, '--waiting'), []);
    refused(await holdpoint(['approve', id, '--gate', 'stage3', '--as', 'carol']), 1, /has ended.*succeeded; the answer of carol was not taken/);
    refused(await holdpoint(['cancel', id]), 1, /has ended.*succeeded/);
  }));

  it('sends a signal to an attributed gate, which no update can satisfy, and shows what became of it', () => withWorkers(async () => {
    const id = await started();
    await waitingAt('stage1', id);
    const approved = await holdpoint(['approve', id, '--gate', 'stage1', '--as', 'alice', '--comment', 'figures read']);
    assert.equal(approved.code, 0, approved.stderr);
    assert.match(approved.stdout, /^Sent, as the signal approve of stage1 of .*, as alice\. Identity level: attributed, [^]*holdpoint.* show releaseModel:P001:C001:\S+` tells in its last answer whether it counted/);
    // The dev server attributes nothing to anybody: the answer is kept, with the reason, and nothing is passed.
    const { gate, lastAnswer } = await shownOnce(id, (run) => assert.equal(run.lastAnswer?.by, 'alice'));
    assert.equal(gate?.id, 'stage1');
    assert.equal(lastAnswer?.counted, false);
    assert.match(lastAnswer.reason, /^identity is only claimed .* this gate wants attributed: kept as a proposal/);
    assert.match((await holdpoint(['show', id])).stdout, /alice.* not counted, identity is only claimed/);
    const handle = temporal.client.workflow.getHandle(id);
    assert.deepEqual((await handle.query<GateView>('gate')).proposals.map(({ by, verdict }) => [by, verdict]), [['alice', 'approve']]);

    const rejected = await holdpoint(['reject', id, '--gate', 'stage1', '--as', 'bob', '--reason', 'R² fell', '--json']);
    assert.deepEqual(JSON.parse(rejected.stdout), { workflowId: id, runId: (await handle.describe()).runId, gate: 'stage1', verdict: 'reject', by: 'bob', standing: null, counted: null });
    const { events } = await handle.fetchHistory();
    const signals = events!.flatMap(({ workflowExecutionSignaledEventAttributes: sent }) => (sent ? [[sent.signalName, JSON.parse(Buffer.from(sent.input!.payloads![0]!.data!).toString()) as unknown]] : []));
    assert.deepEqual(signals, [['approve', { gate: 'stage1', by: 'alice', comment: 'figures read' }], ['reject', { gate: 'stage1', by: 'bob', comment: 'R² fell' }]]);
    await handle.terminate('the test is over');
  }, witnessed({ identity: 'attributed' }).activities));

  it('prints why an answer is refused', () => withWorkers(async () => {
    const id = await started();
    await waitingAt('stage1', id);
    const approve = (gate: string, person: string, ...more: string[]) => holdpoint(['approve', id, '--gate', gate, '--as', person, ...more]);
    refused(await approve('stage3', 'alice'), 1, /refused: not counted: it names gate "stage3"; open is "stage1"/);
    refused(await approve('stage1', 'Dana@example.com'), 1, /dana asked for this change and may not decide it/);
    refused(await approve('stage1', 'carol'), 1, /carol asked for this change/);
    refused(await approve('stage1', 'alice', '--evidence', '000000000000'), 1, /other evidence/);
    assert.equal((await shown(id)).gate?.id, 'stage1');
  }));

  it('shows a rejection with its reason, its work item and the way to try again', () => withWorkers(async () => {
    const id = await started();
    await waitingAt('stage1', id);
    assert.match((await holdpoint(['reject', id, '--gate', 'stage1', '--as', 'bob', '--reason', 'loss still falls'])).stdout, /rejected by bob/);
    await endedAs('Completed', id);
    const page = (await holdpoint(['show', id])).stdout;
    for (const part of [/bob: loss still falls/, /work item 7/, /holdpoint -- start releaseChange .*--again/]) assert.match(page, part);
  }));

  it('shows a failure with its compensations, and a cancellation from the memo', () => withWorkers(async () => {
    const failed = await started();
    await waitingAt('stage1', failed);
    await holdpoint(['approve', failed, '--gate', 'stage1', '--as', 'bob']);
    const end = await endedAs('Failed', failed);
    assert.match((end.result as { reason: string }).reason, /no such registry/);
    assert.equal(end.outcome, 'failed');

    const cancelled = await started();
    await waitingAt('stage1', cancelled);
    assert.equal((await holdpoint(['cancel', cancelled, '--reason', 'not today'])).code, 0);
    const aborted = await endedAs('Canceled', cancelled);
    assert.deepEqual([aborted.outcome, aborted.production, (aborted.result as { outcome: string; production: string }).production], ['aborted', 'unchanged', 'unchanged']);
    const { events } = await temporal.client.workflow.getHandle(cancelled).fetchHistory();
    assert.ok(JSON.stringify(events).includes('"not today"'));
  }, { promoteModel: () => Promise.reject(ApplicationFailure.nonRetryable('no such registry')) }));

  it('does not find what does not exist', async () => {
    for (const command of [['show', 'releaseModel:no:such:run'], ['cancel', 'nothing'], ['approve', 'nothing', '--gate', 'stage1', '--as', 'alice']]) refused(await holdpoint(command), 3, /There is no run[^]*holdpoint -- list/);
  });
});

describe('holdpoint while no worker is there', () => {
  it('tells what Temporal alone knows, and that a worker is missing', async () => {
    const id = await started();
    const page = await holdpoint(['show', id]);
    assert.equal(page.code, 0);
    assert.match(page.stdout, new RegExp(`Release P001/C001 version[^]*Running[^]*${id}`));
    assert.match(page.stderr, /does not answer[^]*npm run worker|look at the log of the worker/);
    const run = await shown(id);
    assert.deepEqual([run.phase, run.target?.circuit, run.gate, run.phases], ['reviewing the training', 'C001', null, []]);
    await eventually(async () => assert.equal((await listed(id)).length, 1));
    const list = await holdpoint(['list', '--waiting', '--json']);
    assert.deepEqual([list.code, JSON.parse(list.stdout)], [5, []]);
    assert.match(list.stderr, /did not answer/);
    const answer = await holdpoint(['approve', id, '--gate', 'stage1', '--as', 'alice', '--timeout', '1']);
    refused(answer, 5, /No worker took the answer within 1 s/);
  });
});
