import { z } from 'zod';
import { VendorError } from '../core/context.ts';

const value = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
const point = z.object({
  key: z.string().min(1),
  value,
  timestamp: z.coerce.number().default(() => Date.now()),
  step: z.coerce.number().int().default(0),
});
const pair = z.object({ key: z.string().min(1), value: z.string() });
const runId = z.object({ run_id: z.string().min(1) });

/** The bodies of MLflow's REST API that the stand-in reads. */
export const REQUESTS = {
  runId,
  create: z.object({ run_id: z.string().optional(), experiment_id: z.string().default('0'), start_time: z.coerce.number().optional(), tags: z.array(pair).default([]) }),
  update: runId.extend({ status: z.enum(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']).optional(), end_time: z.coerce.number().optional() }),
  logMetric: runId.extend(point.shape),
  logParameter: runId.extend(pair.shape),
  setTag: runId.extend(pair.shape),
  logBatch: runId.extend({ metrics: z.array(point).default([]), params: z.array(pair).default([]), tags: z.array(pair).default([]) }),
  history: runId.extend({ metric_key: z.string().min(1) }),
  search: z.object({ max_results: z.coerce.number().int().min(1).max(1000).default(1000), page_token: z.string().optional() }),
};

/** Reads a body or query; answers 400 in MLflow's own words when it is wrong. */
export function readRequest<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  throw mlflowError(400, 'INVALID_PARAMETER_VALUE', z.prettifyError(parsed.error));
}

export function mlflowError(statusCode: number, code: string, message: string): VendorError {
  return new VendorError(statusCode, { error_code: code, message });
}
