import type { FastifyInstance } from 'fastify';
import { logBlobName, LOG_FILE } from '../jobs/job-runs.ts';
import type { JobRun } from '../jobs/job-runs.ts';
import { signedBlobUrl } from '../blob/signed-url.ts';
import { armError } from '../core/context.ts';
import type { SandboxContext } from '../core/context.ts';
import { AUDIENCE, machineLearningId } from '../core/tenancy.ts';
import { tokenGuard } from '../core/tokens.ts';

type Run = { Params: { workspace: string; runId: string } };

/** The run history of each workspace: how a run went, why it failed, and where its log is. */
export async function runHistoryPlugin(app: FastifyInstance, context: SandboxContext): Promise<void> {
  app.addHook('onRequest', tokenGuard(context.tokens, { audience: AUDIENCE.resourceManager }));
  const base = `/history/v1.0${machineLearningId('workspaces/:workspace')}/runs/:runId`;
  const find = ({ workspace, runId }: Run['Params']): JobRun => {
    const run = context.jobs.runs.get(workspace, runId);
    if (!run) throw armError(404, 'UserError', `Run ${runId} was not found.`);
    return run;
  };

  app.get<Run>(base, async ({ params }) => summary(find(params)));
  app.get<Run>(`${base}/details`, async ({ params }) => {
    const run = find(params);
    const log = logBlobName(run.workspace, run.name);
    const logFiles = context.blobs.get(log) ? { [LOG_FILE]: signedBlobUrl(context, log) } : {};
    return { ...summary(run), logFiles };
  });
}

function summary({ name, status, error, startTimeUtc, endTimeUtc, createdTimeUtc, plan }: JobRun) {
  return {
    runId: name,
    target: plan.computeId.slice(plan.computeId.lastIndexOf('/') + 1),
    status,
    createdTimeUtc,
    startTimeUtc,
    endTimeUtc,
    error: error && { error: { code: error.code, message: error.message, messageParameters: {}, details: [] }, correlation: null },
    warnings: [],
    properties: {},
  };
}
