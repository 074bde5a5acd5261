import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';
import type { Resources } from '../azure-resource-manager/resources.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import type { MlflowRuns } from '../mlflow/mlflow-runs.ts';
import type { Clock } from '../core/clock.ts';
import { JobDirectory } from './job-directory.ts';
import { dueMs, type JobPace, type JobPaces } from './job-pace.ts';
import { endProcessGroup, isLeftBehind, killProcessGroup, startJobProcess } from './job-process.ts';
import type { JobProcess } from './job-process.ts';
import { isTerminal } from './job-runs.ts';
import type { JobPlan, JobRun, JobRuns } from './job-runs.ts';

/** How many jobs a compute runs at once that does not say how many nodes it has; the others stay queued. */
const NODES_PER_COMPUTE = 2;
/** How long the short states last, so that one who polls can see them. */
const SHORT_STATE_MS = 50;

export interface RunnerOptions {
  stateDir: string;
  runs: JobRuns;
  resources: Resources;
  blobs: BlobStore;
  mlflow: MlflowRuns;
  clock: Clock;
  paces: JobPaces;
  /** What the job's process finds in its environment beside the plan's own variables; called when the process starts. */
  environment: (run: JobRun) => Record<string, string>;
}

/**
 * Runs jobs as real processes: each in a directory of its own, at most as many per compute at once as it has nodes. All
 * that is known of a job is in the store; a job that the end of the stand-in cuts short is run again from its beginning.
 */
export class JobRunner {
  readonly runs: JobRuns;
  readonly paces: JobPaces;
  readonly #options: RunnerOptions;
  readonly #computes = new Map<string, LimitFunction>();
  readonly #processes = new Map<string, JobProcess>();
  #stopping = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.runs = options.runs;
    this.paces = options.paces;
  }

  /** Takes a job on; it goes its way from here by itself. */
  submit(workspace: string, name: string, plan: JobPlan, forcedEnd: JobRun['forcedEnd'] = null): void {
    this.#start(this.runs.create(workspace, name, plan, forcedEnd, this.paces.take(workspace, name)));
  }

  /** Runs again whatever had not ended when the stand-in stopped. Call it once the server listens: jobs report to it. */
  resume(): void {
    for (const run of this.runs.unfinished()) {
      if (run.pid !== undefined && isLeftBehind(run.pid, this.#directory(run).workDirectory)) killProcessGroup(run.pid);
      if (run.status === 'CancelRequested') this.runs.end(run, 'Canceled');
      else this.#start(run);
    }
  }

  /** Asks a job to end. One that has no process yet is canceled at once; one that is finalizing completes, it is too late. */
  cancel(workspace: string, name: string): void {
    const run = this.runs.get(workspace, name);
    if (!run || isTerminal(run.status)) return;
    const process = this.#processes.get(keyOf(run));
    if (process) {
      this.runs.update(run, { status: 'CancelRequested' });
      endProcessGroup(process);
    } else if (run.status !== 'Finalizing') {
      this.runs.end(run, 'Canceled');
    }
  }

  /** Waits until every job that is due by its pace has really ended. */
  async settled(): Promise<void> {
    const { clock } = this.#options;
    const isOverdue = (run: JobRun) => run.pace !== undefined && dueMs(run, run.pace) <= clock.nowMs();
    while (!this.#stopping && this.runs.unfinished().some(isOverdue)) await sleep(10);
  }

  /** Kills every running job's process and waits for its end; the jobs stay as they are, to be run again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const limit of this.#computes.values()) limit.clearQueue();
    const processes = [...this.#processes.values()];
    for (const { pid } of processes) killProcessGroup(pid);
    await Promise.allSettled(processes.map(({ ended }) => ended));
  }

  #start(run: JobRun): void {
    this.#options.mlflow.reset(run.workspace, run.name);
    this.#run(run).catch((error: unknown) => {
      if (!this.#stopping) this.runs.end(run, 'Failed', { code: 'UserError', message: messageOf(error) });
    });
  }

  async #run(run: JobRun): Promise<void> {
    const directory = this.#directory(run);
    if (!(await this.#enter(run, 'Starting'))) return;
    directory.openLog();
    if (!(await this.#enter(run, 'Preparing'))) return;
    const command = directory.prepare();
    this.runs.update(run, { status: 'Queued' });
    await this.#computeOf(run)(async () => {
      if (!this.#isOver(run)) await this.#execute(run, command, directory);
    });
    if (!this.#stopping) directory.removeWork();
  }

  async #execute(run: JobRun, command: string, directory: JobDirectory): Promise<void> {
    const variables = { ...this.#options.environment(run), ...run.plan.environmentVariables };
    const process = startJobProcess(command, directory.workDirectory, directory.logFile, variables);
    this.#processes.set(keyOf(run), process);
    this.runs.begin(run, process.pid);
    const exitStatus = await process.ended.finally(() => this.#processes.delete(keyOf(run)));
    if (run.pace && this.runs.get(run.workspace, run.name)?.status !== 'CancelRequested') await this.#untilDue(run, run.pace);
    if (this.#isOver(run)) return;
    if (this.runs.get(run.workspace, run.name)?.status === 'CancelRequested' || run.forcedEnd === 'Canceled') {
      this.runs.end(run, 'Canceled');
    } else if (run.forcedEnd === 'Failed') {
      this.runs.end(run, 'Failed', { code: 'SystemError', message: 'The job failed by order of a fault.' });
    } else if (run.pace?.dies) {
      directory.cutLog(run.pace.dies.at);
      this.runs.end(run, 'Failed', { code: 'UserError', message: run.pace.dies.message });
    } else if (exitStatus !== 0) {
      this.runs.end(run, 'Failed', { code: 'UserError', message: failureMessage(exitStatus, directory.lastLogLine()) });
    } else if (await this.#enter(run, 'Finalizing')) {
      directory.uploadOutputs();
      this.runs.end(run, 'Completed');
    }
  }

  async #untilDue(run: JobRun, pace: JobPace): Promise<void> {
    const { clock } = this.#options;
    await new Promise<void>((resolve) => clock.at(dueMs(run, pace), resolve));
  }

  /** Passes through a short state; false when the job must not go on from it. */
  async #enter(run: JobRun, status: 'Starting' | 'Preparing' | 'Finalizing'): Promise<boolean> {
    // First the answer to the request that submitted the job, which shows it as not started.
    if (status === 'Starting') await sleep(SHORT_STATE_MS);
    if (this.#isOver(run)) return false;
    this.runs.update(run, { status });
    await sleep(SHORT_STATE_MS);
    return !this.#isOver(run);
  }

  /** Whether the job was canceled or deleted while it waited, or the stand-in is stopping. */
  #isOver({ workspace, name }: JobRun): boolean {
    const status = this.runs.get(workspace, name)?.status;
    return this.#stopping || status === undefined || isTerminal(status);
  }

  #computeOf({ plan }: JobRun): LimitFunction {
    const nodes = this.#nodesOf(plan.computeId);
    const limit = this.#computes.get(plan.computeId) ?? pLimit(nodes);
    if (limit.concurrency !== nodes) limit.concurrency = nodes;
    this.#computes.set(plan.computeId, limit);
    return limit;
  }

  #nodesOf(computeId: string): number {
    const { scaleSettings } = (this.#options.resources.get(computeId)?.properties['properties'] ?? {}) as { scaleSettings?: { maxNodeCount?: number } };
    return scaleSettings?.maxNodeCount ?? NODES_PER_COMPUTE;
  }

  #directory(run: JobRun): JobDirectory {
    return new JobDirectory(this.#options.stateDir, run, this.#options.resources, this.#options.blobs);
  }
}

function keyOf({ workspace, name }: JobRun): string {
  return `${workspace}/${name}`;
}

/** In the words of Azure ML. */
function failureMessage(exitStatus: number | null, lastLine: string): string {
  const how = exitStatus === null ? 'was ended by a signal' : `exited with status code ${exitStatus}`;
  return `Execution failed. User process ${how}. Please check log file 'user_logs/std_log.txt' for error details. Error: ${lastLine}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
