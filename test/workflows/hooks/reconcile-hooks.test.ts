import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { parse, stringify } from 'yaml';
import { buildsApi } from '../../../activities/azure-devops/builds-rest.ts';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../../../activities/azure-devops/index.ts';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { hookRules } from '../../../activities/estate/hook-rules.ts';
import { overlay } from '../../../scripts/simulate/overlay.ts';
import { pullRequestReader } from '../../../starters/receiver/azure-devops-reader.ts';
import { createReceiverLogger } from '../../../starters/receiver/logger.ts';
import { createReceiver } from '../../../starters/receiver/server.ts';
import { isTemporalReady, startRelease } from '../../../starters/receiver/temporal-releases.ts';
import { reconcileHooks } from '../../../starters/runbooks.ts';
import { applySchedules } from '../../../starters/schedules/apply.ts';
import { scheduleRows } from '../../../starters/schedules/rows.ts';
import { startRunbook } from '../../../starters/start-runbook.ts';
import { createLazyClient } from '../../../starters/temporal-connection.ts';
import type { ReconcileHooksResult } from '../../../workflows/domain/hook-reconciliation.ts';
import { releaseChangeId } from '../../../workflows/domain/ids.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { Platforms } from '../../activities/support/platforms.ts';
import { freePort } from '../../scripts/free-port.ts';
import { eventually } from '../../support/eventually.ts';
import { testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';

const platforms = await Platforms.start({ seed: false });
let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

const demo = parse(readFileSync('estate/demo.yml', 'utf8')) as object;
const estateOf = (changes: object = {}) => parseEstate(stringify(overlay(demo, changes)), 'estate.yml');
const clients = createAzureDevOpsClients(platforms.settings);
const { findCompletedChanges, findEndedBuilds } = createAzureDevOpsActivities(clients);

/** The reading of Azure DevOps is real; what a release then does is not this test's matter. */
function activities(changes: object = {}, more: Partial<ReleaseActivities> = {}): Partial<ReleaseActivities> {
  const empty: ReleaseActivities['readChange'] = async ({ repositoryId, pullRequestId }) => ({ pullRequest: { id: pullRequestId, title: 't', url: 'https://example.com', createdBy: 'dana@example.com', repository: 'sensor-predictions', repositoryId, targetRefName: 'refs/heads/main', mergeCommit: 'c0ffee' }, circuits: [], refused: [], notes: [] });
  return Object.assign({ findCompletedChanges, findEndedBuilds, readChange: empty, ...more }, { loadHookRules: async () => hookRules(estateOf(changes)) });
}

async function reconcile(input: object = {}): Promise<ReconcileHooksResult> {
  const { workflowId } = await startRunbook(temporal.client, reconcileHooks, input);
  return (await temporal.client.workflow.getHandle(workflowId).result()) as ReconcileHooksResult;
}

interface PullRequest {
  pullRequestId: number;
  repositoryId: string;
}

const merged = async (order: object = {}): Promise<PullRequest> => {
  const { repositoryId, pullRequestId } = await platforms.control<PullRequest>('pull-requests', { title: 'Tune', createdBy: 'dana@example.com', files: { 'config/plants/P001/C001.yml': `# ${Math.random()}` }, deliver: false, ...order });
  return { repositoryId, pullRequestId };
};
const idOf = ({ repositoryId, pullRequestId }: PullRequest): string => releaseChangeId(repositoryId, pullRequestId);
const runsOf = async (workflowId: string): Promise<number> => (await temporal.client.workflow.count(`WorkflowId = '${workflowId}'`)).count;
const ended = (workflowId: string) => temporal.client.workflow.getHandle(workflowId).result().catch(() => undefined);

it('starts what no hook has told, once, the oldest first; neither what a hook had started nor what is no release', async () => {
  const first = await merged();
  const told = await merged();
  const second = await merged();
  await merged({ status: 'active' });
  await merged({ status: 'abandoned' });
  await merged({ targetRefName: 'refs/heads/feature' });
  await withReleaseWorkers(temporal, activities(), async () => {
    await startRelease(temporal.client, told);
    const result = await reconcile();
    assert.deepEqual([result.outcome, result.started, result.known, result.leftAlone, result.unresolved], ['succeeded', [idOf(first), idOf(second)], 1, [], []]);
    await Promise.all(result.started.map(ended));

    const again = await reconcile();
    assert.deepEqual([again.started, again.known, again.reason], [[], 3, '0 releases were started that no hook had started, 3 were known']);
    // The hook that comes late after all, by its own way.
    assert.deepEqual(await startRelease(temporal.client, first), { workflowId: idOf(first), started: false });
    await eventually(async () => assert.deepEqual(await Promise.all([first, told, second].map((each) => runsOf(idOf(each)))), [1, 1, 1]));
  });
});

it('does not start again what people have cancelled, terminated or refused', async () => {
  const [cancelled, terminated] = await Promise.all([merged(), merged()]);
  await startRelease(temporal.client, cancelled); // no worker has taken them up
  await startRelease(temporal.client, terminated);
  await temporal.client.workflow.getHandle(idOf(cancelled)).cancel();
  await temporal.client.workflow.getHandle(idOf(terminated)).terminate('not this one');
  await withReleaseWorkers(temporal, activities(), async () => {
    await ended(idOf(cancelled));
    assert.deepEqual((await reconcile()).started, []);
    await eventually(async () => assert.deepEqual(await Promise.all([cancelled, terminated].map((each) => runsOf(idOf(each)))), [1, 1]));
  });
});

it('after an outage of Temporal, which the receiver answered with 503 until Azure DevOps gave up, starts it once; a late delivery finds it', async () => {
  const missed = await merged();
  const receiver = async (address: string): Promise<(expected: number) => Promise<{ started?: boolean }>> => {
    const client = createLazyClient({ temporalAddress: address });
    const app = await createReceiver({ credentials: { user: 'hooks', password: 'a-password' }, logger: createReceiverLogger('fatal'), readPullRequest: pullRequestReader(platforms.settings), releaseBranch: async () => 'refs/heads/main', startRelease: (input) => startRelease(client, input), isTemporalReady: () => isTemporalReady(client) });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    return async (expected) => {
      const authorization = `Basic ${Buffer.from('hooks:a-password').toString('base64')}`;
      const response = await fetch(`${url}/webhooks/azure-devops`, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify({ id: 'e1', eventType: 'git.pullrequest.merged', resource: { pullRequestId: missed.pullRequestId, repository: { id: missed.repositoryId } } }) });
      const body = (await response.json()) as { started?: boolean };
      assert.equal(response.status, expected);
      await app.close();
      await client.connection.close();
      return body;
    };
  };
  await (await receiver(`127.0.0.1:${await freePort()}`))(503);
  await withReleaseWorkers(temporal, activities(), async () => {
    assert.deepEqual((await reconcile()).started, [idOf(missed)]);
    assert.equal((await (await receiver(temporal.address))(202)).started, false);
    await ended(idOf(missed));
    await eventually(async () => assert.equal(await runsOf(idOf(missed)), 1));
  });
});

it('by its schedule it releases nothing that was merged before the schedule was made, and what was merged since', async () => {
  const before = await merged();
  await sleep(100);
  const rows = await scheduleRows(estateOf(), 'estate/demo.yml');
  await applySchedules(temporal.client, rows.filter(({ id }) => id === 'reconcileHooks'));
  await sleep(100);
  const since = await merged();
  await withReleaseWorkers(temporal, activities(), async () => {
    const schedule = temporal.client.schedule.getHandle('reconcileHooks');
    await schedule.trigger();
    const { info: { recentActions: [run] } } = await eventually(async () => {
      const described = await schedule.describe();
      assert.equal(described.info.recentActions.length, 1);
      return described;
    });
    const { started, leftAlone } = (await temporal.client.workflow.getHandle(run!.action.workflow.workflowId).result()) as ReconcileHooksResult;
    assert.deepEqual([started, leftAlone.map(({ workflowId }) => workflowId)], [[idOf(since)], [idOf(before)]]);
    await ended(idOf(since));
  });
  await temporal.client.schedule.getHandle('reconcileHooks').delete();
});

it('tells a release that waits for its build that the build has ended; one that has ended is not told, and a build without a change is listed', async () => {
  const waiting = await merged();
  const over = await merged();
  const target = { plant: 'P001', circuit: 'C001' };
  let looks = 0;
  const accompanied = activities({ execution: { training: 'accompany' } }, {
    loadPolicy: async (input) => ({ ...testPolicy(input.target), execution: { training: 'accompany' }, training: { ...testPolicy(input.target).training, pollMs: 3_600_000 } }),
    readChange: async (input) => {
      const change = await activities().readChange!(input);
      return { ...change, circuits: input.pullRequestId === waiting.pullRequestId ? [{ target, path: 'config/plants/P001/C001.yml', config: { cutoffDate: '2015-06-30', hyperparameters: { learning_rate: 0.01 } }, digest: '0'.repeat(64) }] : [] };
    },
    awaitBuilds: async (input) => {
      looks += 1;
      return await createAzureDevOpsActivities(clients).awaitBuilds({ ...input, commit: looks === 1 ? 'f'.repeat(40) : await commitOf(waiting), intervalMs: 3_600_000 });
    },
    readPublishedVersion: async () => ({ kind: 'none', reason: 'not this test\'s matter' }) as never,
  });
  await withReleaseWorkers(temporal, accompanied, async () => {
    await startRelease(temporal.client, waiting);
    await startRelease(temporal.client, over);
    await ended(idOf(over));
    await eventually(() => assert.equal(looks, 1));
    for (const pullRequest of [waiting, over]) await platforms.control('builds', { pullRequestId: pullRequest.pullRequestId, deliver: false });
    await platforms.control('builds', { commit: 'e'.repeat(40), deliver: false });
    await eventually(async () => assert.equal((await buildsApi(clients.rest, clients.project).endedBuilds({ branch: 'refs/heads/main', since: '2026-01-01T00:00:00Z', top: 10 })).length, 3));

    const { started, woken, unresolved } = await eventually(async () => {
      const result = await reconcile();
      assert.equal(result.unresolved.length, 1);
      return result;
    });
    assert.ok(!started.includes(idOf(waiting)) && !started.includes(idOf(over)));
    assert.deepEqual(woken, [idOf(waiting)]);
    assert.match(unresolved[0]!.reason, /no pull request made commit eeeeeeee/);
    await eventually(() => assert.equal(looks, 2)); // at once, not in an hour
    await ended(idOf(waiting));
    assert.deepEqual((await reconcile()).woken, []);
  });
});

async function commitOf({ repositoryId, pullRequestId }: PullRequest): Promise<string> {
  return (await pullRequestReader(platforms.settings)({ repositoryId, pullRequestId })).lastMergeCommit!.commitId;
}

it('a repository that is not there fails the look and is named; nothing is started', async () => {
  const lost = await merged();
  await withReleaseWorkers(temporal, activities({ azureDevOps: { repositories: ['elsewhere'] } }), async () => {
    await assert.rejects(reconcile(), (error: Error) => /elsewhere/.test(String(error.cause)));
    assert.equal(await runsOf(idOf(lost)), 0);
  });
});

it('a run by itself needs no input', async () => {
  await withReleaseWorkers(temporal, activities(), async () => {
    const result = (await temporal.client.workflow.execute('reconcileHooks', { taskQueue: TaskQueue.Runbooks, workflowId: 'reconcileHooks:bare' })) as ReconcileHooksResult;
    assert.equal(result.outcome, 'succeeded');
    await Promise.all(result.started.map(ended));
  });
});

it('leaves alone, and lists, what was completed before the look-back', async () => {
  const old = await merged();
  await platforms.control('clock', { advanceMs: 60_000 });
  const fresh = await merged();
  await withReleaseWorkers(temporal, activities(), async () => {
    const { started, leftAlone, reason } = await reconcile({ lookBackMs: 1 });
    assert.deepEqual([started, leftAlone.map(({ workflowId, why }) => [workflowId, why])], [[idOf(fresh)], [[idOf(old), 'completed before the look-back, and no run of it is known; start it by hand if it is to be released']]]);
    assert.match(reason, /1 left alone/);
    await ended(idOf(fresh));
    assert.equal(await runsOf(idOf(old)), 0);
    assert.deepEqual((await reconcile()).started, [idOf(old)]); // by hand, with the ordinary look-back
    await ended(idOf(old));
  });
});
