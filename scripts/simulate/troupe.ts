/** The workers of a simulation: the product's own, one for each queue, in this process, so that an attempt of an activity can be made to wait for the simulated world. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Info } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { Worker, type ActivityInterceptorsFactory, type WorkerOptions } from '@temporalio/worker';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { buttonKeysFile } from '../../activities/notifications/button-token.ts';
import { createActivities } from '../../workers/activity-sets.ts';
import { buildBundle, bundlePath } from '../../workers/bundle.ts';
import { platformSettings } from '../../workers/platform-settings.ts';
import { workflowTaskTime } from '../../workers/workflow-task-time.ts';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { Stage } from './stage.ts';

/** Called while people are being told: the simulated time does not skip before it returns. */
export type OnGateEvent = (event: GateEvent) => Promise<void>;

export interface TroupeOptions {
  onGateEvent: OnGateEvent;
  /** Nothing is kept between two tasks of a workflow, so that whichever worker comes next goes on. The server leaves a kept one to the worker that had it, for good. */
  restarts: boolean;
}

export class Troupe {
  readonly #stage: Stage;
  readonly #options: TroupeOptions;
  readonly #failures = new Map<string, string[]>();
  #workers: Worker[] = [];
  #running: Promise<void>[] = [];
  readonly #attempts = { atWork: 0, begun: 0 };

  constructor(stage: Stage, options: TroupeOptions) {
    this.#stage = stage;
    this.#options = options;
  }

  /** Why attempts of an activity failed, in their order. */
  failures(workflowId: string, activityId: string): readonly string[] {
    return this.#failures.get(`${workflowId} ${activityId}`) ?? [];
  }

  /** Attempts of activities: how many a worker is at, and how many have ever begun. */
  get attempts(): { readonly atWork: number; readonly begun: number } {
    return this.#attempts;
  }

  async start(): Promise<void> {
    const { client, connection, configuration } = this.#stage;
    if (!existsSync(bundlePath)) await buildBundle();
    const settings = platformSettings(configuration, await readEstate(configuration.estateFile));
    const telling = { notificationSecrets: {}, buttonKeysFile: join(configuration.keysDirectory, buttonKeysFile) };
    const shared: Omit<WorkerOptions, 'taskQueue'> = { connection, namespace: client.options.namespace, stickyQueueScheduleToStartTimeout: 1_000, maxHeartbeatThrottleInterval: 1_000, interceptors: { activity: [this.#interceptor()] } };
    const queues = Object.values(TaskQueue).filter((queue) => queue !== TaskQueue.Runbooks);
    this.#workers = await Promise.all([
      Worker.create({ ...shared, ...workflowTaskTime, taskQueue: TaskQueue.Runbooks, workflowBundle: { codePath: bundlePath }, ...(this.#options.restarts && { maxCachedWorkflows: 0 }) }),
      ...queues.map((taskQueue) => Worker.create({ ...shared, taskQueue, activities: createActivities(taskQueue, settings, { ...configuration, ...telling }, client) })),
    ]);
    this.#running = this.#workers.map((worker) => worker.run());
  }

  /** New workers in place of those that were there, which finish what they are at. The caller must hold the time. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    for (const worker of this.#workers) worker.shutdown();
    await Promise.all(this.#running);
  }

  #note({ workflowExecution, activityId }: Info, error: unknown): void {
    const key = `${workflowExecution?.workflowId ?? ''} ${activityId}`;
    this.#failures.set(key, [...(this.#failures.get(key) ?? []), error instanceof ApplicationFailure ? (error.type ?? 'ApplicationFailure') : error instanceof Error ? error.name : 'Error']);
  }

  /** Before each attempt the stand-in is brought to the simulated time: its faults, jobs and alerts go by it. */
  #interceptor(): ActivityInterceptorsFactory {
    return ({ info }) => ({
      inbound: {
        execute: async (input, next) => {
          this.#attempts.atWork += 1;
          this.#attempts.begun += 1;
          try {
            await this.#stage.synchronize();
            const result = await next(input).catch((error: unknown) => {
              this.#note(info, error);
              throw error;
            });
            if (info.activityType === 'notify') await this.#options.onGateEvent((input.args[0] as { event: GateEvent }).event);
            return result;
          } finally {
            this.#attempts.atWork -= 1;
          }
        },
      },
    });
  }
}
