/** The yardstick of all recovery tests: whatever happened on the way, the platforms show each resource and each state transition of a release once. */
import assert from 'node:assert/strict';
import { rollBackModelId } from '../../../workflows/domain/ids.ts';
import type { DeploymentSnapshot } from '../../../workflows/domain/release.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import { deploymentOf, inferenceJobs, pullRequestThreads, trainingJobs, workItems } from '../../support/platform-state.ts';
import type { Stack } from '../../support/stack.ts';
import { transitions } from '../../support/transitions.ts';

export interface ReleaseTraces {
  target: Target;
  /** Model version. */
  version: string;
  pullRequestId: number;
  /** State transitions of the production deployment: 1 for a release, 2 when it was rolled back. */
  production: number;
  /** Open threads on the pull request. */
  threads: number;
  /** Open work items. */
  workItems: number;
  /** Ledger number and count of chat messages from which on the traces are looked for; they must be those of this one release. */
  since: Since;
}

export interface Since {
  ledger: number;
  chat: number;
}

/** What was made once more because nobody could know: closed, cancelled or ended when the release closed. */
export interface LateTwins {
  /** Test inferences; they write to the same path. */
  jobs: number;
  workItems: number;
  threads: number;
  /** Messages of the chat that came again, with the id that they had. */
  chat: number;
}

export const noTwins: LateTwins = { jobs: 0, workItems: 0, threads: 0, chat: 0 };

/** Where the traces of the next release will begin. */
export async function fromNow(stack: Stack): Promise<Since> {
  return { ledger: (await stack.standIn.ledger()).length, chat: (await stack.standIn.chat()).length };
}

/** Asserts it, and answers how many late twins there were. The circuit must not have been released before in this stack. */
export async function assertOnce(stack: Stack, traces: ReleaseTraces): Promise<LateTwins> {
  const { target, version, pullRequestId, production, since } = traces;
  const { plant, circuit } = target;
  const model = `${plant}-${circuit}`;
  const training = await trainingJobs(stack, target);
  assert.deepEqual(training.map((job) => [job.status, job.version]), [['Completed', version]], 'one training job');

  const jobs = await inferenceJobs(stack, plant);
  const inProduction = production === 2 ? await inferenceJobs(stack, plant, 'prod') : []; // of the rollback
  const ofRelease = [jobs, inProduction].flatMap((all) => all.filter(({ key }) => key === all.at(-1)?.key));
  assert.ok(ofRelease.some(({ status }) => status === 'Completed') && ofRelease.every(({ status }) => ['Completed', 'Canceled'].includes(status)), `no inference is still alive: ${JSON.stringify(ofRelease)}`);
  assert.match((await outputOf(stack, jobs.at(-1)!.key!)) ?? 'no output', /^date,prediction\n/);

  const items = (await workItems(stack)).filter(({ title }) => title.includes(version));
  const openItems = items.filter(({ state }) => state !== 'Closed');
  assert.equal(openItems.length, traces.workItems, `open work items: ${JSON.stringify(items)}`);
  const threads = await pullRequestThreads(stack, pullRequestId);
  const openThreads = threads.filter(({ status }) => status !== 'closed');
  assert.equal(openThreads.length, traces.threads, `open threads: ${JSON.stringify(threads)}`);

  const { once, repeatable } = split(transitions(await stack.standIn.ledger(since.ledger)));
  const deployment = `batchEndpoints/batch-endpoint-plant-${plant}/deployments/deployment-circuit-${circuit}`;
  assert.deepEqual(once, {
    [`PUT dev/jobs/${training[0]!.name}`]: 1,
    [`PUT dev/models/${model}/versions/${version}`]: 1,
    [`PUT prod/${deployment}`]: production,
    [`PUT registry/models/${model}/versions/${version}`]: 2, // the version, and later its verdict
    [`PUT test/${deployment}`]: 1,
  });
  const cancelled = ofRelease.filter(({ status }) => status === 'Canceled').length;
  const made = { jobs: ofRelease.length, cancelled, items: items.length, itemsClosed: items.length - openItems.length, threads: threads.length, threadsClosed: threads.length - openThreads.length };
  assert.deepEqual(repeatable, made, 'the platforms show what the ledger tells');
  const messages = (await stack.standIn.chat()).slice(since.chat).map(({ body }) => body.message_id);
  return { jobs: ofRelease.length - production, workItems: made.itemsClosed, threads: made.threadsClosed, chat: messages.length - new Set(messages).size };
}

/** Asserts that the release's own window has ended in the emergency rollback: production serves again what it had served before, and its tags tell what was wrong. */
export async function assertRolledBack(stack: Stack, target: Target, before: DeploymentSnapshot, version: string): Promise<void> {
  const { model, tags } = await deploymentOf(stack, target);
  assert.deepEqual([model, tags['model_version'], tags['rolled_back_from'], tags['released_by']], [before.model, before.tags['model_version'], version, 'alert prediction-drift']);
  const { count } = await stack.client.workflow.count(`WorkflowId STARTS_WITH 'reviewBypass:${rollBackModelId(target)}:'`);
  assert.equal(count, 1, 'one review');
}

/** The predictions of a test inference. */
async function outputOf({ azureMl: { blob } }: Stack, key: string): Promise<string | null> {
  return await blob.read({ account: 'mlplatformstore', container: 'azureml', name: `test-ml-workspace/inference/${key}/predictions.csv` }, 1_000_000);
}

/** Separates the transitions that must occur once from those of writes without a key, which may have late twins. Chat messages are counted elsewhere: at least once, by design. */
function split(all: Record<string, number>) {
  const once = { ...all };
  const take = (pattern: RegExp): number => {
    const names = Object.keys(once).filter((name) => pattern.test(name));
    const count = names.reduce((sum, name) => sum + once[name]!, 0);
    for (const name of names) delete once[name];
    return count;
  };
  take(/^POST chat\//);
  const repeatable = {
    jobs: take(/^POST scoring\/(test|prod)\/[^/]+\/jobs$/),
    cancelled: take(/^POST (test|prod)\/jobs\/[^/]+\/cancel$/),
    items: take(/^POST wit\/workitems\/\$Bug$/),
    itemsClosed: take(/^PATCH wit\/workitems\/\d+$/),
    threads: take(/^POST pullRequests\/\d+\/threads$/),
    threadsClosed: take(/^PATCH pullRequests\/\d+\/threads\/\d+$/),
  };
  return { once, repeatable };
}
