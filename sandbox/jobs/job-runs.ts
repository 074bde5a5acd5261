import type { Clock } from '../core/clock.ts';
import type { Store } from '../core/store.ts';
import type { JobPace } from './job-pace.ts';

const COLLECTION = 'job-runs';

/** The states of a job that the stand-in passes through, of those that Azure ML has. */
export type JobStatus =
  | 'NotStarted'
  | 'Starting'
  | 'Preparing'
  | 'Queued'
  | 'Running'
  | 'Finalizing'
  | 'CancelRequested'
  | 'Completed'
  | 'Failed'
  | 'Canceled';

/** What a job executes. */
export interface JobPlan {
  /** Shell command, with `${{inputs.name}}` and `${{outputs.name}}` where paths or values go. */
  command: string;
  /** ARM id of the code version whose files are the job's working directory; null: an empty one. */
  codeId: string | null;
  /** ARM id of the compute; jobs of one compute share its nodes. */
  computeId: string;
  /** ARM id of the environment version whose libraries the process finds; all of the repository's where it is not said. */
  environmentId?: string;
  environmentVariables: Record<string, string>;
  inputs: Record<string, JobInput>;
  outputs: Record<string, JobOutput>;
}

/** A value that is put into the command, or data that is copied into the job's directory. */
export type JobInput =
  | { kind: 'literal'; value: string }
  /** `mounted`: the job starts although there is nothing at the address; its process finds that out. */
  | { kind: 'data'; uri: string; mounted?: boolean };

/** Where an output goes when the job has succeeded. */
export interface JobOutput {
  kind: 'file' | 'folder';
  uri: string;
}

/** One job of a workspace and how far it has come. */
export interface JobRun {
  workspace: string;
  name: string;
  plan: JobPlan;
  status: JobStatus;
  /** How a fault wants the job to end, whatever its process does. */
  forcedEnd: 'Failed' | 'Canceled' | null;
  /** How long it takes by the stand-in's clock, whatever its process takes. */
  pace?: JobPace;
  createdTimeUtc: string;
  startTimeUtc?: string;
  endTimeUtc?: string;
  error?: { code: string; message: string };
  /** The leader of the process group, while one runs. */
  pid?: number;
}

export function isTerminal(status: JobStatus): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Canceled';
}

/** Where the log of a job is among the blobs. */
export function logBlobName(workspace: string, name: string): string {
  return `${workspace}/ExperimentRun/dcid.${name}/${LOG_FILE}`;
}

/** The log's name in a job's directory and in the run history. */
export const LOG_FILE = 'user_logs/std_log.txt';

/** The jobs of all workspaces. */
export class JobRuns {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(workspace: string, name: string): JobRun | undefined {
    return this.#store.get<JobRun>(COLLECTION, `${workspace}/${name}`);
  }

  create(workspace: string, name: string, plan: JobPlan, forcedEnd: JobRun['forcedEnd'], pace?: JobPace): JobRun {
    const run: JobRun = { workspace, name, plan, status: 'NotStarted', forcedEnd, ...(pace && { pace }), createdTimeUtc: this.#clock.iso() };
    this.#store.put(COLLECTION, `${workspace}/${name}`, run);
    return run;
  }

  delete(workspace: string, name: string): void {
    this.#store.delete(COLLECTION, `${workspace}/${name}`);
  }

  /** In the order of their creation. */
  unfinished(): JobRun[] {
    return this.#store.list<JobRun>(COLLECTION).filter(({ status }) => !isTerminal(status));
  }

  /** Changes a run as it is now in the store. */
  update(run: Pick<JobRun, 'workspace' | 'name'>, change: Partial<JobRun>): void {
    const current = this.get(run.workspace, run.name);
    if (current) this.#store.put(COLLECTION, `${run.workspace}/${run.name}`, { ...current, ...change });
  }

  /** The job's process has started. */
  begin(run: Pick<JobRun, 'workspace' | 'name'>, pid: number): void {
    this.update(run, { status: 'Running', pid, startTimeUtc: this.#clock.iso() });
  }

  end(run: Pick<JobRun, 'workspace' | 'name'>, status: 'Completed' | 'Failed' | 'Canceled', error?: JobRun['error']): void {
    this.update(run, { status, endTimeUtc: this.#clock.iso(), pid: undefined, ...(error ? { error } : {}) });
  }
}
