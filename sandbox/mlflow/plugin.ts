import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { SandboxContext } from '../core/context.ts';
import { AUDIENCE, RESOURCE_GROUP, SUBSCRIPTION_ID } from '../core/tenancy.ts';
import { tokenGuard } from '../core/tokens.ts';
import type { JobRun } from '../jobs/job-runs.ts';
import type { MetricPoint, MlflowRun } from './mlflow-runs.ts';
import { mlflowError, readRequest, REQUESTS } from './requests.ts';

type Scoped = { Params: { workspace: string } };

const WORKSPACE = `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.MachineLearningServices/workspaces/:workspace`;

/** The MLflow tracking server of each workspace, under both versions of the path that Azure ML has. */
export async function mlflowPlugin(app: FastifyInstance, context: SandboxContext): Promise<void> {
  app.addHook('onRequest', tokenGuard(context.tokens, { audience: AUDIENCE.resourceManager }));
  for (const version of ['v1.0', 'v2.0']) {
    const base = `/mlflow/${version}${WORKSPACE}/api/2.0/mlflow`;
    readingRoutes(app, context, base);
    writingRoutes(app, context, base);
  }
}

function readingRoutes(app: FastifyInstance, context: SandboxContext, base: string): void {
  const { mlflow } = context;

  app.get<Scoped>(`${base}/runs/get`, async ({ params, query }) => {
    const { run_id: runId } = readRequest(REQUESTS.runId, query);
    return { run: present(context, params.workspace, find(context, params.workspace, runId)) };
  });
  app.get<Scoped>(`${base}/metrics/get-history`, async ({ params, query }) => {
    const { run_id: runId, metric_key: key } = readRequest(REQUESTS.history, query);
    find(context, params.workspace, runId);
    return { metrics: mlflow.history(params.workspace, runId, key) };
  });
  app.post<Scoped>(`${base}/runs/search`, async ({ params, body }) => {
    const { max_results: size, page_token: token } = readRequest(REQUESTS.search, body);
    const runs = mlflow.list(params.workspace);
    const start = Number(token ?? 0);
    const next = start + size < runs.length ? { next_page_token: String(start + size) } : {};
    return { runs: runs.slice(start, start + size).map((run) => present(context, params.workspace, run)), ...next };
  });
  app.get<Scoped>(`${base}/experiments/get-by-name`, async ({ query }) => {
    const name = (query as { experiment_name?: string }).experiment_name ?? '';
    return { experiment: { experiment_id: '0', name, lifecycle_stage: 'active' } };
  });
}

function writingRoutes(app: FastifyInstance, context: SandboxContext, base: string): void {
  const { mlflow } = context;
  const change = (workspace: string, runId: string, by: (run: MlflowRun) => Partial<MlflowRun>) => {
    const run = find(context, workspace, runId);
    mlflow.put(workspace, { ...run, ...by(run) });
  };

  app.post<Scoped>(`${base}/runs/create`, async (request) => {
    const { run_id: runId = randomUUID(), experiment_id: experimentId, start_time: startTime = Date.now(), tags } = readRequest(REQUESTS.create, request.body);
    const run: MlflowRun = { runId, experimentId, params: {}, tags: record(tags), status: 'RUNNING', startTime };
    mlflow.put(request.params.workspace, run);
    request.markChanged();
    return { run: present(context, request.params.workspace, run) };
  });
  app.post<Scoped>(`${base}/runs/update`, async (request) => {
    const { run_id: runId, status, end_time: endTime } = readRequest(REQUESTS.update, request.body);
    change(request.params.workspace, runId, (run) => ({ status: status ?? run.status, endTime: endTime ?? run.endTime }));
    request.markChanged();
    return { run_info: present(context, request.params.workspace, find(context, request.params.workspace, runId)).info };
  });
  app.post<Scoped>(`${base}/runs/log-metric`, async (request) => {
    const { run_id: runId, ...point } = readRequest(REQUESTS.logMetric, request.body);
    find(context, request.params.workspace, runId);
    mlflow.logMetrics(request.params.workspace, runId, [point]);
    request.markChanged();
    return {};
  });
  app.post<Scoped>(`${base}/runs/log-parameter`, async (request) => {
    const { run_id: runId, key, value } = readRequest(REQUESTS.logParameter, request.body);
    change(request.params.workspace, runId, ({ params }) => ({ params: { ...params, [key]: value } }));
    request.markChanged();
    return {};
  });
  app.post<Scoped>(`${base}/runs/set-tag`, async (request) => {
    const { run_id: runId, key, value } = readRequest(REQUESTS.setTag, request.body);
    change(request.params.workspace, runId, ({ tags }) => ({ tags: { ...tags, [key]: value } }));
    request.markChanged();
    return {};
  });
  app.post<Scoped>(`${base}/runs/log-batch`, async (request) => {
    const { run_id: runId, metrics, params, tags } = readRequest(REQUESTS.logBatch, request.body);
    change(request.params.workspace, runId, (run) => ({
      params: { ...run.params, ...record(params) },
      tags: { ...run.tags, ...record(tags) },
    }));
    mlflow.logMetrics(request.params.workspace, runId, metrics);
    request.markChanged();
    return {};
  });
}

function find({ mlflow }: SandboxContext, workspace: string, runId: string): MlflowRun {
  const run = mlflow.get(workspace, runId);
  if (!run) throw mlflowError(404, 'RESOURCE_DOES_NOT_EXIST', `Run with id=${runId} not found`);
  return run;
}

function present(context: SandboxContext, workspace: string, run: MlflowRun) {
  const job = context.jobs.runs.get(workspace, run.runId);
  const endTime = job?.endTimeUtc ? Date.parse(job.endTimeUtc) : run.endTime;
  return {
    info: {
      run_id: run.runId,
      run_uuid: run.runId,
      experiment_id: run.experimentId,
      status: job ? statusOf(job) : run.status,
      start_time: job?.startTimeUtc ? Date.parse(job.startTimeUtc) : run.startTime,
      end_time: endTime,
      lifecycle_stage: 'active',
    },
    data: { metrics: context.mlflow.metricsOf(workspace, run.runId) satisfies MetricPoint[], params: pairs(run.params), tags: pairs(run.tags) },
  };
}

/** A job's state as MLflow has it. */
function statusOf({ status }: JobRun): string {
  if (status === 'Completed') return 'FINISHED';
  if (status === 'Failed') return 'FAILED';
  if (status === 'Canceled') return 'KILLED';
  return status === 'Running' || status === 'Finalizing' || status === 'CancelRequested' ? 'RUNNING' : 'SCHEDULED';
}

function pairs(entries: Record<string, string>): { key: string; value: string }[] {
  return Object.entries(entries).map(([key, value]) => ({ key, value }));
}

function record(entries: { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}
