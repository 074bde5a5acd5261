import { z } from 'zod';
import type { SandboxContext } from '../../core/context.ts';
import { DEFAULT_BRANCH } from '../git/repository.ts';
import { guidOf, SERVICE_IDENTITY } from '../identity.ts';
import { pipelineOf, type Builds } from './builds.ts';
import { deployingStageOrder, serveModel } from './deployed-model.ts';

/** The body of `POST /_sandbox/staged-runs`: a run of a YAML pipeline with a stage that has been run once. */
export const stagedRunOrderSchema = z.strictObject({
  pipeline: z.string().min(1).default('deploy-models'),
  ...deployingStageOrder,
  /** A stage that depends on it. */
  followedBy: z.string().min(1).optional(),
  /** What a further one waits for before it begins, and when that passes by itself; without a time it never does. */
  waits: z.strictObject({ for: z.enum(['approval', 'check']), passesAfterMs: z.number().int().min(0).optional() }).optional(),
});

type Order = z.infer<typeof stagedRunOrderSchema>;
type Result = 'succeeded' | 'failed' | 'canceled';

interface Attempt {
  attempt: number;
  /** By the stand-in's clock, in milliseconds since the epoch. */
  queuedMs: number;
  /** Set when it has ended. */
  result?: Result;
}

/** The stages of a run, which is a build of the same number. */
export interface StagedRun extends Order {
  /** The build's. */
  id: number;
  attempts: Attempt[];
  /** How often the stage that depends on it has run. */
  followed: number;
  /** Its retention has ended: the run is told, and its timeline is not. */
  isDeleted: boolean;
}

const RUNS = 'staged-runs';

/** Runs whose stage clients run again: two equal retries are two, as with the vendor, but none is taken while one is under way. */
export class StagedRuns {
  readonly #sandbox: Pick<SandboxContext, 'store' | 'clock' | 'resources'>;
  readonly #builds: Builds;

  constructor(sandbox: Pick<SandboxContext, 'store' | 'clock' | 'resources'>, builds: Builds) {
    this.#sandbox = sandbox;
    this.#builds = builds;
  }

  /** Takes up what was under way when the stand-in was last stopped. */
  start(): void {
    for (const run of this.list()) this.#arrange(run);
  }

  /** What is due by now has ended. */
  get(id: number): StagedRun | undefined {
    const run = this.#sandbox.store.get<StagedRun>(RUNS, String(id));
    const last = run?.attempts.at(-1);
    if (run !== undefined && last !== undefined && last.result === undefined && this.#sandbox.clock.nowMs() >= dueMs(run, last)) this.#end(id, last.attempt, run.result);
    return this.#sandbox.store.get<StagedRun>(RUNS, String(id));
  }

  list(): StagedRun[] {
    return this.#sandbox.store.list<StagedRun>(RUNS);
  }

  create(order: Order, commit: string): StagedRun {
    const { store, clock } = this.#sandbox;
    const build = this.#builds.create({ branch: DEFAULT_BRANCH, commit, requestedBy: SERVICE_IDENTITY.uniqueName, planned: order.first, pipeline: pipelineOf(order.pipeline), tags: order.tags, deliver: false, result: order.first, finishedDate: clock.iso(), durationMs: 0 });
    const run: StagedRun = { ...order, id: build.id, attempts: [{ attempt: 1, queuedMs: clock.nowMs(), result: order.first }], followed: order.first === 'succeeded' ? 1 : 0, isDeleted: false };
    store.put(RUNS, String(run.id), run);
    return run;
  }

  retry(run: StagedRun, withDependencies: boolean): void {
    const attempt = { attempt: run.attempts.length + 1, queuedMs: this.#sandbox.clock.nowMs() };
    const begun = this.#save({ ...run, attempts: [...run.attempts, attempt], followed: run.followed + (withDependencies ? 1 : 0) });
    // The run is under way again, and ends when its stage does.
    const { result: _result, finishedDate: _finishedDate, ...build } = this.#builds.get(run.id)!;
    this.#builds.save({ ...build, dueMs: Number.MAX_SAFE_INTEGER });
    this.#arrange(begun);
  }

  cancel({ id, attempts }: StagedRun): void {
    this.#end(id, attempts.length, 'canceled');
  }

  /** The run's own timeline, or that of an earlier attempt. */
  records(run: StagedRun, attempt: number = run.attempts.length): object[] {
    return presentAttempt(run, attempt, this.#sandbox.clock.nowMs());
  }

  /** As retention does, first with the timeline and then with the run itself. */
  forget(run: StagedRun, isStillTold: boolean): void {
    this.#save({ ...run, isDeleted: true });
    if (!isStillTold) this.#builds.delete(run.id);
  }

  #arrange(run: StagedRun): void {
    const last = run.attempts.at(-1)!;
    const due = dueMs(run, last);
    if (last.result === undefined && Number.isFinite(due)) this.#sandbox.clock.at(due, () => this.#end(run.id, last.attempt, run.result));
  }

  #end(id: number, number: number, result: Result): void {
    const run = this.#sandbox.store.get<StagedRun>(RUNS, String(id));
    const own = run?.attempts.at(-1);
    if (run === undefined || own?.attempt !== number || own.result !== undefined) return;
    this.#save({ ...run, attempts: [...run.attempts.slice(0, -1), { ...own, result }] });
    const build = this.#builds.get(id);
    if (build) this.#builds.save({ ...build, result, finishedDate: this.#sandbox.clock.iso() });
    if (result === 'succeeded' && run.deploys) serveModel(this.#sandbox, run.deploys);
  }

  #save(run: StagedRun): StagedRun {
    this.#sandbox.store.put(RUNS, String(run.id), run);
    return run;
  }
}

/** Of an attempt that nothing passes: never. */
function dueMs({ waits, durationMs }: StagedRun, { queuedMs }: Attempt): number {
  return queuedMs + (waits === undefined ? 0 : (waits.passesAfterMs ?? Infinity)) + durationMs;
}

/** The timeline that is the last attempt's is the run's own. */
export function timelineOf({ id }: Pick<StagedRun, 'id'>, attempt: number): string {
  return guidOf(`timeline:${id}:${attempt}`);
}

/** One attempt of the stage, with the checkpoint before it, and the stage that depends on it. */
function presentAttempt(run: StagedRun, number: number, nowMs: number): object[] {
  const { id, stage, waits, attempts, followedBy, followed } = run;
  const recordOf = (attempt: number): string => guidOf(`stage:${id}:${attempt}`);
  const { result, queuedMs } = attempts[number - 1]!;
  const isWaiting = result === undefined && waits !== undefined && nowMs < queuedMs + (waits.passesAfterMs ?? Infinity);
  const stateOf = (isOpen: boolean): object => (isOpen ? { state: 'inProgress', result: null } : { state: 'completed', result: result === 'canceled' ? 'canceled' : 'succeeded' });
  const [stageId, checkpointId] = [recordOf(number), guidOf(`checkpoint:${id}:${number}`)];
  const previousAttempts = attempts.slice(0, number - 1).map(({ attempt }) => ({ attempt, timelineId: timelineOf(run, attempt), recordId: recordOf(attempt) }));
  const state = result !== undefined ? 'completed' : isWaiting ? 'pending' : 'inProgress';
  return [
    { id: stageId, parentId: null, type: 'Stage', name: stage, identifier: stage, attempt: number, previousAttempts, state, result: result ?? null },
    ...(waits === undefined || number === 1 ? [] : [
      { id: checkpointId, parentId: stageId, type: 'Checkpoint', name: 'Checkpoint', identifier: `Checkpoint.${stage}`, attempt: number, ...stateOf(isWaiting) },
      { id: guidOf(`wait:${id}:${number}`), parentId: checkpointId, type: waits.for === 'approval' ? 'Checkpoint.Approval' : 'Checkpoint.TaskCheck', name: 'Checkpoint', identifier: `Checkpoint.${stage}.${waits.for}`, attempt: number, ...stateOf(isWaiting) },
    ]),
    ...(followedBy === undefined || followed === 0 ? [] : [{ id: guidOf(`stage:${id}:${followedBy}`), parentId: null, type: 'Stage', name: followedBy, identifier: followedBy, attempt: followed, previousAttempts: [], state: 'completed', result: 'succeeded' }]),
  ];
}
