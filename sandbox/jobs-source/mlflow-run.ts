export type Metrics = Record<string, number>;

/** The run of an MLflow server that a job reports to. */
export interface MlflowRun {
  logParameters(parameters: Record<string, string | number>): Promise<void>;
  logMetrics(metrics: Metrics, step: number): Promise<void>;
}

/**
 * The run that the environment names, as a job finds it: MLFLOW_TRACKING_URI (https), MLFLOW_RUN_ID, MLFLOW_TRACKING_TOKEN.
 * Without them nothing is reported, so that the scripts also work by hand. MLflow has no client for JavaScript.
 */
export function currentRun(environment: NodeJS.ProcessEnv): MlflowRun {
  const { MLFLOW_TRACKING_URI: uri, MLFLOW_RUN_ID: runId, MLFLOW_TRACKING_TOKEN: token } = environment;
  if (!uri || !runId) return { logParameters: async () => {}, logMetrics: async () => {} };
  const logBatch = (body: object) => post(`${uri}/api/2.0/mlflow/runs/log-batch`, token, { run_id: runId, ...body });
  return {
    logParameters: (parameters) => logBatch({ params: Object.entries(parameters).map(([key, value]) => ({ key, value: String(value) })) }),
    logMetrics: (metrics, step) => {
      const timestamp = Date.now();
      return logBatch({ metrics: Object.entries(metrics).map(([key, value]) => ({ key, value: jsonNumber(value), timestamp, step })) });
    },
  };
}

/** JSON has no NaN and no infinity; MLflow's REST API (protocol buffers as JSON) takes their names. */
function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

async function post(url: string, token: string | undefined, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`MLflow answered ${response.status}: ${await response.text()}`);
}
