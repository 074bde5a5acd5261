import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseByField } from '../../control/refusal.ts';
import { invalidArgument } from '../errors.ts';
import { DEFAULT_BRANCH } from '../git/repository.ts';
import { SETTINGS, type CheckServices } from './routes.ts';
import { stageRunOrderSchema, type StageRun } from './stage-runs.ts';

/** What tests and the demo order of pipelines with a protected stage. */
export async function checkControl(app: FastifyInstance, { runs, environments, evaluations, pullRequests, git, store }: CheckServices): Promise<void> {
  refuseByField(app);
  const runOf = ({ buildId }: { buildId: string }): StageRun => {
    const found = runs.get(Number(buildId));
    if (!found) throw invalidArgument(`There is no stage run ${buildId}.`);
    return found;
  };

  app.post('/_sandbox/stage-runs', async (request, reply) => {
    const { environment: name, pullRequestId, tests, ...order } = stageRunOrderSchema.parse(request.body ?? {});
    const environment = environments.list().find((other) => other.name === name) ?? environments.create(name, '');
    const merged = pullRequestId === undefined ? undefined : pullRequests.get(pullRequestId);
    if (pullRequestId !== undefined && !merged) throw invalidArgument(`There is no pull request ${pullRequestId}.`);
    const sourceVersion = merged?.mergeCommit ?? git.tip(DEFAULT_BRANCH)!;
    const run = runs.create({ ...order, tests: tests ?? null, environmentId: environment.id, sourceBranch: DEFAULT_BRANCH, sourceVersion });
    return reply.code(201).send(evaluations.begin(run));
  });
  app.get<{ Params: { buildId: string } }>('/_sandbox/stage-runs/:buildId', async ({ params }) => {
    const run = runOf(params);
    const log = run.checks.map(({ logId }) => (logId === null ? '' : store.get<{ text: string }>('check-logs', String(logId))!.text)).join('');
    return { ...run, log };
  });
  app.post<{ Params: { buildId: string } }>('/_sandbox/stage-runs/:buildId/cancel', async ({ params }) => {
    evaluations.cancel(runOf(params));
    return runOf(params);
  });
  app.post<{ Params: { buildId: string } }>('/_sandbox/stage-runs/:buildId/redeliver', async ({ params }) => {
    await evaluations.redeliver(runOf(params));
    return runOf(params);
  });

  const settingsSchema = z.strictObject({ serviceCredentialCompletes: z.boolean() });
  app.put('/_sandbox/check-settings', async (request) => {
    const settings = settingsSchema.parse(request.body);
    store.put(SETTINGS, 'current', settings);
    return settings;
  });
}
