import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { PROJECT_ID } from '../../core/tenancy.ts';
import type { Store } from '../../core/store.ts';

/** The body of `POST /_sandbox/stage-runs`: a run whose last stage deploys to an environment. */
export const stageRunOrderSchema = z.strictObject({
  environment: z.string().min(1).default('production'),
  stage: z.string().min(1).default('Deploy'),
  requestedFor: z.string().min(1).default('dana@example.com'),
  /** The merge commit of this pull request is what is built; without one it is the tip of the default branch. */
  pullRequestId: z.number().int().positive().optional(),
  tests: z.strictObject({ total: z.number().int().min(0), passed: z.number().int().min(0) }).optional(),
});

export interface Delivery {
  at: string;
  /** The check's answer; null when none came in time. */
  status: number | null;
  error?: string;
}

/** One check of a stage, under evaluation. */
export interface CheckRun {
  configurationId: number;
  jobId: string;
  taskInstanceId: string;
  state: 'pending' | 'inProgress' | 'completed';
  result: 'succeeded' | 'failed' | 'skipped' | 'canceled' | null;
  deliveries: Delivery[];
  /** Failed deliveries in a row. */
  failures: number;
  /** When it is called next; null: not again. */
  dueMs: number | null;
  /** The configured timeout, by the stand-in's clock. */
  expiresMs: number;
  logId: number | null;
  startedAt: string;
  finishedAt: string | null;
}

/** A pipeline run, as far as one stage before a protected environment goes. */
export interface StageRun {
  buildId: number;
  planId: string;
  timelineId: string;
  projectId: string;
  stageId: string;
  stage: string;
  attempt: number;
  environmentId: number;
  sourceBranch: string;
  sourceVersion: string;
  requestedFor: string;
  tests: { total: number; passed: number } | null;
  createdAt: string;
  finishedAt: string | null;
  /** Of the stage, and of the run: null while the stage waits. */
  result: 'succeeded' | 'failed' | 'skipped' | 'canceled' | null;
  checks: CheckRun[];
}

export const STAGE_PIPELINE = { id: 2, name: 'deploy-models' };
const RUNS = 'stage-runs';

/** The runs of the one pipeline that has a protected stage. */
export class StageRuns {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  list(): StageRun[] {
    return this.#store.list<StageRun>(RUNS);
  }

  get(buildId: number): StageRun | undefined {
    return this.#store.get<StageRun>(RUNS, String(buildId));
  }

  byPlan(planId: string): StageRun | undefined {
    return this.list().find((run) => run.planId.toLowerCase() === planId.toLowerCase());
  }

  create(order: Pick<StageRun, 'stage' | 'environmentId' | 'sourceBranch' | 'sourceVersion' | 'requestedFor' | 'tests'>): StageRun {
    const ids = { planId: randomUUID(), timelineId: randomUUID(), stageId: randomUUID(), projectId: PROJECT_ID };
    // Runs of every pipeline are builds: one row of numbers.
    return this.save({ buildId: this.#store.next('pipeline-runs'), ...ids, attempt: 1, createdAt: this.#clock.iso(), finishedAt: null, result: null, checks: [], ...order });
  }

  save(run: StageRun): StageRun {
    this.#store.put(RUNS, String(run.buildId), run);
    return run;
  }
}
