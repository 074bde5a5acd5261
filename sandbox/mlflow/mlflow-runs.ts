import type { Store } from '../core/store.ts';

const RUNS = 'mlflow-runs';
const METRICS = 'mlflow-metrics';

/** JSON has no NaN and no infinity; protocol buffers as JSON write their names. */
export type MetricValue = number | 'NaN' | 'Infinity' | '-Infinity';

export interface MetricPoint {
  key: string;
  value: MetricValue;
  /** Milliseconds since the epoch, as the client says. */
  timestamp: number;
  step: number;
}

export interface MlflowRun {
  runId: string;
  experimentId: string;
  params: Record<string, string>;
  tags: Record<string, string>;
  /** Of a run that is not a job's: what the client said last. */
  status: string;
  startTime: number;
  endTime?: number;
}

/** What was logged to the runs of all workspaces. A job's run has the job's name as id. */
export class MlflowRuns {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(workspace: string, runId: string): MlflowRun | undefined {
    return this.#store.get<MlflowRun>(RUNS, `${workspace}/${runId}`);
  }

  put(workspace: string, run: MlflowRun): void {
    this.#store.put(RUNS, `${workspace}/${run.runId}`, run);
  }

  list(workspace: string): MlflowRun[] {
    return this.#store.list<MlflowRun>(RUNS, `${workspace}/`);
  }

  /** Begins a job's run, or begins it anew when the job is run again. */
  reset(workspace: string, runId: string): void {
    for (const { key } of this.metricsOf(workspace, runId)) this.#store.delete(METRICS, metricId(workspace, runId, key));
    this.put(workspace, { runId, experimentId: '0', params: {}, tags: {}, status: 'RUNNING', startTime: Date.now() });
  }

  /** Keeps points in the order in which they came; one that is there already, as a repeated request brings it, is kept once. */
  logMetrics(workspace: string, runId: string, points: MetricPoint[]): void {
    for (const point of points) {
      const history = this.history(workspace, runId, point.key);
      const known = history.some(({ step, timestamp, value }) => step === point.step && timestamp === point.timestamp && value === point.value);
      if (!known) this.#store.put(METRICS, metricId(workspace, runId, point.key), { points: [...history, point] });
    }
  }

  history(workspace: string, runId: string, key: string): MetricPoint[] {
    return this.#store.get<{ points: MetricPoint[] }>(METRICS, metricId(workspace, runId, key))?.points ?? [];
  }

  /** The last point of each metric: the highest step, and of equal ones the latest. */
  metricsOf(workspace: string, runId: string): MetricPoint[] {
    const histories = this.#store.list<{ points: MetricPoint[] }>(METRICS, metricId(workspace, runId, ''));
    return histories.flatMap(({ points }) => points.reduce((last, point) => (point.step >= last.step ? point : last), points[0] as MetricPoint));
  }
}

function metricId(workspace: string, runId: string, key: string): string {
  return `${workspace}/${runId}/${key}`;
}
