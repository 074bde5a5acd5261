/**
 * `npm run bench:approvals [-- rounds [many | one]]`: decisions accepted and counted per second by gates of `releaseModel`, and how long an acknowledgement takes, at 1 and 32 clients, by update and
 * by signal, for each identity level; beside a bare workflow that only counts, interleaved on the same server and in the same worker process. The last line is one JSON object.
 *
 * `many`: many runs, each with a gate that wants three approvals and gets two within the measurement, so that no release goes on meanwhile. `one`: a single run whose gate wants more approvals than
 * are sent. Answers are signed before the measurement: in production that is the receiver's work. `attributed` needs Server 1.32.1 (`npm run test:platforms` builds it) and has a bare
 * workflow of its own beside it there; by signal only, for the server attributes no update.
 */
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import pMap from 'p-map';
import { attributeAnswers } from '../activities/record/attribution.ts';
import { openFolderStore } from '../activities/record/folder-store.ts';
import { createRecordActivities } from '../activities/record/index.ts';
import { mintKeys } from '../activities/record/key-ring.ts';
import { createDecisionSigner } from '../starters/decision-signer.ts';
import { releaseModel } from '../starters/runbooks.ts';
import { ProductionTemporal } from '../test/support/production-temporal.ts';
import { gatePolicy, releaseActivities, testInput, testPolicy, type ReleaseActivities } from '../test/support/release-activities.ts';
import { startTemporal } from '../test/support/temporal-server.ts';
import { bundlePath } from '../workers/bundle.ts';
import type { GateView } from '../workflows/domain/gate-view.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import type { IdentityLevel } from '../workflows/domain/vocabulary.ts';
import { lastCounted, sendDecisions, type Channel, type Decision, type Load } from './decision-load.ts';
import { median, percentile } from './statistics.ts';

type Shape = 'many' | 'one';
type Side = 'bare' | IdentityLevel;
type Clients = 1 | 32;

interface Combination {
  shape: Shape;
  channel: Channel;
  clients: Clients;
}

const rounds = Number(process.argv[2] ?? 7);
/** Decisions of one measurement: a second or so. */
const volume: Record<Clients, number> = { 1: 80, 32: 320 };
/** Of the three whom a gate of `many` wants. */
const perRun = 2;
const people = Array.from({ length: volume[32] + 1 }, (_, n) => `approver-${n}`);
const shapes = (['many', 'one'] as const).filter((shape) => [undefined, shape].includes(process.argv[3] as Shape | undefined));
const combinations: Combination[] = shapes.flatMap((shape) => (['update', 'signal'] as const).flatMap((channel) => ([1, 32] as const).map((clients) => ({ shape, channel, clients })))).filter(isPossible);
/** Temporal lets a run have 10 updates in flight; the rest are refused and repeated later by the SDK, on both sides alike, until it gives up. */
function isPossible({ shape, channel, clients }: Combination): boolean {
  return !(shape === 'one' && channel === 'update' && clients > 10);
}
const nameOf = ({ shape, channel, clients }: Combination): string => `${shape} ${channel} ${clients}`;
/** Whose answers are counted only after an activity has verified them. */
const isVerified = (side: Side): boolean => side === 'authenticated' || side === 'attributed';

/** Told by each gate's first message to people. */
const opened = new EventEmitter();
opened.setMaxListeners(0);

const keysDirectory = mkdtempSync(join(tmpdir(), 'holdpoint-bench-'));
await mintKeys(keysDirectory);
const sign = createDecisionSigner({ privateKeysFile: join(keysDirectory, 'decisions.private.json') });

/** Platforms that answer at once; the circuit names the identity level, the plant the shape of the load. Verification is the product's own, and reads senders with `reader`. */
function activitiesFor(reader: Client): Partial<ReleaseActivities> {
  const store = openFolderStore(join(keysDirectory, 'record'));
  return {
    loadPolicy: async ({ target }) => {
      const policy = testPolicy(target);
      const approvers = target.plant === 'one' ? people : people.slice(0, perRun + 1);
      const stage1 = { ...gatePolicy, approvers, quorum: approvers.length, identity: target.circuit as IdentityLevel };
      return { ...policy, people: approvers.map((id) => ({ id, aliases: [`${id}@example.com`], calendar: null })), gates: { ...policy.gates, stage1 } };
    },
    notify: async ({ event }) => {
      opened.emit(event.workflowId);
      return { delivered: ['chat'], failed: [] };
    },
    verifyAnswers: createRecordActivities({ record: store, anchors: store, keysDirectory, build: 'bench', attribute: (input) => attributeAnswers(reader, input) }).verifyAnswers,
  };
}

class Bench {
  #started = 0;
  readonly #client: Client;
  readonly #clientOf: (person: string) => Client;

  constructor(client: Client, clientOf: (person: string) => Client = () => client) {
    this.#client = client;
    this.#clientOf = clientOf;
  }

  /** Measures all sides of a combination in turn, each round beginning with another one, so that none profits from its place. The first round only warms up. */
  async compare(sides: readonly Side[], combination: Combination): Promise<Record<string, Figures>> {
    const loads = new Map<Side, Load[]>(sides.map((side) => [side, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const place of sides.keys()) {
        const side = sides[(place + round) % sides.length]!;
        const load = await this.#measure(side, combination);
        if (round > 0) loads.get(side)!.push(load);
      }
    }
    const figures = Object.fromEntries(sides.map((side) => [side, figuresOf(loads.get(side)!, side === 'bare' ? undefined : loads.get('bare')!)]));
    const line = sides.map((side) => `${side} ${figures[side]!.counted}/s${figures[side]!.ratio === undefined ? '' : ` (${figures[side]!.ratio})`}, p50 ${figures[side]!.p50Ms}, p99 ${figures[side]!.p99Ms} ms`);
    process.stdout.write(`${nameOf(combination).padEnd(16)} ${line.join(' | ')}\n`);
    return figures;
  }

  async #measure(side: Side, combination: Combination): Promise<Load> {
    const { decisions, workflowIds } = await this.#prepare(side, combination);
    const each = <T>(work: (workflowId: string) => Promise<T>) => pMap(workflowIds, work, { concurrency: 8 });
    const countAll = async (): Promise<number> => {
      const counts = await each(async (workflowId) => {
        const handle = this.#client.workflow.getHandle(workflowId);
        return side === 'bare' ? await handle.query<number>('count') : (await handle.query<GateView>('gate')).decisions.length;
      });
      return counts.reduce((total, count) => total + count, 0);
    };
    const load = await sendDecisions(decisions, {
      ...combination,
      taken: async () => {
        // What must be verified first is counted some time after the run has it.
        while ((await countAll()) < decisions.length) await sleep(100);
        return Math.max(...(await each((workflowId) => lastCounted(this.#client, workflowId, { isVerified: isVerified(side) }))));
      },
    });
    const counted = await countAll();
    if (counted !== decisions.length) throw new Error(`${side}: ${decisions.length} decisions were sent, ${counted} counted`);
    await each((workflowId) => this.#client.workflow.getHandle(workflowId).terminate('measured'));
    return load;
  }

  /** Starts what the decisions go to, and waits until it waits. */
  async #prepare(side: Side, { shape, clients }: Combination): Promise<{ decisions: Decision[]; workflowIds: string[] }> {
    const workflowIds = Array.from({ length: shape === 'one' ? 1 : volume[clients] / perRun }, () => `${side}:${(this.#started += 1)}`);
    const runIds = new Map(await pMap(workflowIds, async (workflowId) => [workflowId, await this.#start(side, shape, workflowId)] as const, { concurrency: 8 }));
    // Round after round over the runs: the two decisions of one run do not follow each other at once.
    const decisions = await pMap(Array.from({ length: volume[clients] }).keys(), async (n) => {
      const workflowId = workflowIds[n % workflowIds.length]!;
      const by = people[Math.floor(n / workflowIds.length)]!;
      const answer = { gate: 'stage1', by, comment: 'looks good' };
      const signed = side === 'authenticated' ? await sign({ workflowId, runId: runIds.get(workflowId)!, via: 'bench', by, answer: { ...answer, verdict: 'approve' } }) : answer;
      return { client: this.#clientOf(by), workflowId, answer: signed };
    }, { concurrency: 8 });
    return { workflowIds, decisions };
  }

  async #start(side: Side, plant: Shape, workflowId: string): Promise<string> {
    if (side === 'bare') {
      const handle = await this.#client.workflow.start('bareCount', { taskQueue: 'bare', workflowId });
      await handle.query('count');
      return handle.firstExecutionRunId;
    }
    const isOpen = once(opened, workflowId);
    const input = { ...testInput, target: { plant, circuit: side } };
    const handle = await this.#client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId, args: [input], typedSearchAttributes: releaseModel.searchAttributes(input) });
    await isOpen;
    return handle.firstExecutionRunId;
  }
}

interface Figures {
  accepted: number;
  counted: number;
  p50Ms: number;
  p99Ms: number;
  /** Counted per second, as a share of what the bare workflow counts: the median of the rounds. */
  ratio?: number;
}

function figuresOf(loads: readonly Load[], bare?: readonly Load[]): Figures {
  const acknowledged = loads.flatMap(({ acknowledgedMs }) => acknowledgedMs);
  const ratio = bare && median(loads.map(({ counted }, round) => counted / bare[round]!.counted));
  return {
    accepted: Math.round(median(loads.map(({ accepted }) => accepted))), counted: Math.round(median(loads.map(({ counted }) => counted))),
    p50Ms: fixed(median(acknowledged), 1), p99Ms: fixed(percentile(acknowledged, 0.99), 1), ...(ratio !== undefined && { ratio: fixed(ratio, 3) }),
  };
}

function fixed(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Serves the control and the product in this process while `body` runs. */
async function withWorkers<T>(connection: NativeConnection, namespace: string, reader: Client, body: () => Promise<T>): Promise<T> {
  const shared = { connection, namespace, stickyQueueScheduleToStartTimeout: '1s', maxHeartbeatThrottleInterval: '1s' } as const;
  const activities = releaseActivities(activitiesFor(reader));
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: 'bare', workflowsPath: fileURLToPath(new URL('./bare-count.ts', import.meta.url)) }),
    Worker.create({ ...shared, taskQueue: TaskQueue.Runbooks, workflowBundle: { codePath: bundlePath } }),
    ...Object.values(TaskQueue).filter((queue) => queue !== TaskQueue.Runbooks).map((taskQueue) => Worker.create({ ...shared, taskQueue, activities })),
  ]);
  const running = workers.map((worker) => worker.run());
  try {
    return await body();
  } finally {
    workers.forEach((worker) => worker.shutdown());
    await Promise.all(running);
  }
}

type Results = Record<string, Record<string, Figures>>;

async function onDevelopmentServer(): Promise<Results> {
  const environment = await startTemporal();
  try {
    return await withWorkers(environment.nativeConnection, environment.namespace ?? 'default', environment.client, async () => {
      const bench = new Bench(environment.client);
      const results: Results = {};
      for (const combination of combinations) results[nameOf(combination)] = await bench.compare(['bare', 'claimed', 'authenticated'], combination);
      return results;
    });
  } finally {
    await environment.teardown();
  }
}

/** Null where Server 1.32.1 is not cached. */
async function onProductionServer(): Promise<Results | null> {
  const temporal = await ProductionTemporal.start().catch((error: unknown) => {
    process.stdout.write(`attributed: not measured (${error instanceof Error ? error.message.split('\n')[0] : String(error)})\n`);
    return null;
  });
  if (temporal === null) return null;
  try {
    const worker = await temporal.client('holdpoint-worker');
    const deciders = new Map(await pMap(people.slice(0, perRun), async (person) => [person, await temporal.client(person)] as const));
    return await withWorkers(await temporal.workerConnection(), temporal.namespace, worker, async () => {
      const bench = new Bench(worker, (person) => deciders.get(person) ?? worker);
      const results: Results = {};
      for (const clients of [1, 32] as const) results[`many signal ${clients}`] = await bench.compare(['bare', 'attributed'], { shape: 'many', channel: 'signal', clients });
      return results;
    });
  } finally {
    await temporal.stop();
  }
}

try {
  const results = await onDevelopmentServer();
  const attributed = await onProductionServer();
  const ratiosOf = (side: Side, from: Results) => Object.fromEntries(Object.entries(from).map(([name, figures]) => [name, figures[side]!.ratio!]));
  const ratios = ratiosOf('claimed', results);
  process.stdout.write(`${JSON.stringify({ ratio: Math.min(...Object.values(ratios)), ratios, authenticated: ratiosOf('authenticated', results), attributed: attributed === null ? 'not measured' : ratiosOf('attributed', attributed), rounds, results, onProductionServer: attributed })}\n`);
} finally {
  rmSync(keysDirectory, { recursive: true, force: true });
}
