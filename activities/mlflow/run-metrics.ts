import { FailureType } from '../../workflows/domain/failures.ts';
import type { TrainingMetrics } from '../../workflows/domain/release.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { workspaceServices } from '../azure-resource-manager/workspace-services.ts';
import { vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';

export interface ReadRunMetricsInput {
  workspace: WorkspaceRef;
  /** Azure ML job name, which is the MLflow run id too. */
  runId: string;
}

export interface RunMetrics {
  metrics: TrainingMetrics;
  /** Rows that the training used; null where it logged none. */
  rows: number | null;
  droppedRows: number | null;
}

interface RunBody {
  run: { data?: { metrics?: { key: string; value: number | string }[] } };
}

/**
 * Reads what a training logged about its candidate and about the version in production.
 *
 * Safe to retry because it only reads.
 *
 * @throws InvalidRequest (not retried) naming a metric that the training did not log
 */
export async function readRunMetrics(rest: RestClient, { workspace, runId }: ReadRunMetricsInput): Promise<RunMetrics> {
  const { mlflowUrl } = await workspaceServices(rest, workspace);
  const { body } = await rest.send<RunBody>({ method: 'GET', url: `${mlflowUrl}/api/2.0/mlflow/runs/get`, query: { run_id: runId } });
  // MLflow writes NaN and infinity as texts, because JSON has no such numbers.
  const logged = new Map((body.run.data?.metrics ?? []).map(({ key, value }) => [key, Number(value)]));
  const required = (name: string): number => {
    const value = logged.get(name);
    if (value === undefined) throw vendorFailure(FailureType.InvalidRequest, `run ${runId} logged no metric ${name}`);
    return value;
  };
  const production = logged.has('production_mae') ? { mae: required('production_mae'), rmse: required('production_rmse'), r2: required('production_r2') } : null;
  return {
    metrics: { candidate: { mae: required('mae'), rmse: required('rmse'), r2: required('r2') }, production, holdoutRows: required('holdout_rows') },
    rows: logged.get('rows') ?? null,
    droppedRows: logged.get('dropped_rows') ?? null,
  };
}
