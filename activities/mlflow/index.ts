/** Activities against MLflow tracking, as Azure ML serves it for each workspace. */
import type { RestClient } from '../http/rest-client.ts';
import { readRunMetrics, type ReadRunMetricsInput } from './run-metrics.ts';

export const createMlflowActivities = ({ rest }: { rest: RestClient }) => ({
  readRunMetrics: (input: ReadRunMetricsInput) => readRunMetrics(rest, input),
});
