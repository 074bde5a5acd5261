/**
 * `npm run bench:approvals [-- rounds]`: decisions accepted and counted per second by gates of `releaseModel`, and how long an acknowledgement takes, at 1 and 32 clients, by update and
 * by signal, for each identity level; beside a bare workflow that only counts, interleaved on the same server and in the same worker process. The last line is one JSON object.
 *
 * `many`: many runs, each with a gate that wants three approvals and gets two within the measurement, so that no release goes on meanwhile. `one`: a single run whose gate wants more approvals than
 * are sent. Answers are signed before the measurement: in production that is the receiver's work.
 */
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { releaseModel } from '../starters/runbooks.ts';
import { gatePolicy, releaseActivities, testInput, testPolicy, type ReleaseActivities } from '../test/support/release-activities.ts';
import { startTemporal } from '../test/support/temporal-server.ts';
import { bundlePath } from '../workers/bundle.ts';
import type { GateView } from '../workflows/domain/gate-view.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import type { IdentityLevel } from '../workflows/domain/vocabulary.ts';
import { sendDecisions, type Channel, type Decision, type Load } from './decision-load.ts';
import { median, percentile } from './statistics.ts';

type Shape = 'many' | 'one';
type Side = 'bare' | IdentityLevel;

const rounds = Number(process.argv[2] ?? 7);
/** Decisions of one measurement, by clients: a second or so each. */
const volume = { 1: 100, 32: 384 } as const;
type Clients = keyof typeof volume;
const perRun = 2;
const people = Array.from({ length: volume[32] + 1 }, (_, n) => `approver-${n}`);

interface Combination {
  shape: Shape;
  channel: Channel;
  clients: Clients;
}
const nameOf = ({ shape, channel, clients }: Combination): string => `${shape} ${channel} ${clients}`;
const combinations: Combination[] = (['many', 'one'] as const).flatMap((shape) => (['update', 'signal'] as const).flatMap((channel) => ([1, 32] as const).map((clients) => ({ shape, channel, clients }))));

/** Told by each gate's first message to people. */
const opened = new EventEmitter();
opened.setMaxListeners(0);

/** The circuit names the identity level, the plant the shape of the load. */
const activities: Partial<ReleaseActivities> = {
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
};

class Bench {
  #started = 0;
  readonly #client: Client;
  constructor(client: Client) {
    this.#client = client;
  }

  /** Starts what the decisions go to, and waits until it waits. */
  async prepare(side: Side, { shape, clients }: Combination): Promise<{ decisions: Decision[]; workflowIds: string[] }> {
    const total = volume[clients];
    const workflowIds = Array.from({ length: shape === 'one' ? 1 : total / perRun }, () => `${side}:${(this.#started += 1)}`);
    for (let from = 0; from < workflowIds.length; from += 16) await Promise.all(workflowIds.slice(from, from + 16).map((workflowId) => this.#start(side, shape, workflowId)));
    // Round after round over the runs: the two decisions of one run do not follow each other at once.
    const decisions = Array.from({ length: total }, (_, n) => ({ workflowId: workflowIds[n % workflowIds.length]!, answer: { gate: 'stage1', by: people[Math.floor(n / workflowIds.length)]!, comment: 'looks good' } }));
    return { decisions, workflowIds };
  }

  async #start(side: Side, plant: Shape, workflowId: string): Promise<void> {
    if (side === 'bare') {
      const handle = await this.#client.workflow.start('bareCount', { taskQueue: 'bare', workflowId });
      await handle.query('count');
      return;
    }
    const isOpen = once(opened, workflowId);
    const input = { ...testInput, target: { plant, circuit: side } };
    await this.#client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId, args: [input], typedSearchAttributes: releaseModel.searchAttributes(input) });
    await isOpen;
  }

  async measure(side: Side, combination: Combination): Promise<Load> {
    const { decisions, workflowIds } = await this.prepare(side, combination);
    const counts = async (): Promise<number> => {
      const each = await Promise.all(workflowIds.map(async (workflowId) => {
        const handle = this.#client.workflow.getHandle(workflowId);
        return side === 'bare' ? await handle.query<number>('count') : (await handle.query<GateView>('gate')).decisions.length;
      }));
      return each.reduce((sum, count) => sum + count, 0);
    };
    const load = await sendDecisions(this.#client, decisions, { ...combination, count: counts });
    await Promise.all(workflowIds.map((workflowId) => this.#client.workflow.getHandle(workflowId).terminate('measured')));
    return load;
  }
}

async function startWorkers(connection: NativeConnection, namespace: string): Promise<() => Promise<void>> {
  const shared = { connection, namespace, stickyQueueScheduleToStartTimeout: '1s', maxHeartbeatThrottleInterval: '1s' } as const;
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: 'bare', workflowsPath: fileURLToPath(new URL('./bare-count.ts', import.meta.url)) }),
    Worker.create({ ...shared, taskQueue: TaskQueue.Runbooks, workflowBundle: { codePath: bundlePath } }),
    ...Object.values(TaskQueue).filter((queue) => queue !== TaskQueue.Runbooks).map((taskQueue) => Worker.create({ ...shared, taskQueue, activities: releaseActivities(activities) })),
  ]);
  const running = workers.map((worker) => worker.run());
  return async () => {
    workers.forEach((worker) => worker.shutdown());
    await Promise.all(running);
  };
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
  return { accepted: Math.round(median(loads.map(({ accepted }) => accepted))), counted: Math.round(median(loads.map(({ counted }) => counted))), p50Ms: fixed(median(acknowledged), 1), p99Ms: fixed(percentile(acknowledged, 0.99), 1), ...(ratio !== undefined && { ratio: fixed(ratio, 3) }) };
}

function fixed(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Measures all sides of a combination in turn, each round beginning with another one, so that none profits from its place. */
async function compare(bench: Bench, sides: readonly Side[], combination: Combination): Promise<Record<string, Figures>> {
  const loads = new Map<Side, Load[]>(sides.map((side) => [side, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (let place = 0; place < sides.length; place += 1) {
      const side = sides[(place + Math.max(0, round)) % sides.length]!;
      const load = await bench.measure(side, combination);
      if (round >= 0) loads.get(side)!.push(load);
    }
  }
  const figures = Object.fromEntries(sides.map((side) => [side, figuresOf(loads.get(side)!, side === 'bare' ? undefined : loads.get('bare')!)]));
  process.stdout.write(`${nameOf(combination).padEnd(16)} ${sides.map((side) => `${side} ${figures[side]!.counted}/s${figures[side]!.ratio === undefined ? '' : ` (${figures[side]!.ratio})`} p50 ${figures[side]!.p50Ms} p99 ${figures[side]!.p99Ms} ms`).join(' | ')}\n`);
  return figures;
}

const environment = await startTemporal();
try {
  const stop = await startWorkers(environment.nativeConnection, environment.namespace ?? 'default');
  const bench = new Bench(environment.client);
  const results: Record<string, Record<string, Figures>> = {};
  for (const combination of combinations) results[nameOf(combination)] = await compare(bench, ['bare', 'claimed'], combination);
  await stop();
  const ratios = Object.fromEntries(Object.entries(results).map(([name, figures]) => [name, figures['claimed']!.ratio!]));
  process.stdout.write(`${JSON.stringify({ ratio: Math.min(...Object.values(ratios)), ratios, rounds, results })}\n`);
} finally {
  await environment.teardown();
}
