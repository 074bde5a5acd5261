import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseByField } from '../../control/refusal.ts';
import { devOpsError } from '../errors.ts';
import { DEFAULT_BRANCH, type GitRepository } from '../git/repository.ts';
import { stagedRunOrderSchema, timelineOf, type StagedRun, type StagedRuns } from './staged-runs.ts';

export interface StagedRunServices {
  stagedRuns: StagedRuns;
  git: GitRepository;
}

type Id = { Params: { id: string } };

const updateSchema = z.object({ state: z.enum(['retry', 'cancel']), forceRetryAllJobs: z.boolean().default(false), retryDependencies: z.boolean().default(true) });
const forgetSchema = z.strictObject({ isStillTold: z.boolean().default(false) });

/** The run of a path, or 404: also of one that retention has deleted. */
function required(stagedRuns: StagedRuns, id: string): StagedRun {
  const found = stagedRuns.get(Number(id));
  if (!found || found.isDeleted) throw devOpsError(404, 'BuildNotFoundException', `The requested build ${id} could not be found.`);
  return found;
}

/** A stage of a run, once more or no longer, and the timelines of its earlier attempts. */
export async function stagedRunRoutes(app: FastifyInstance, { stagedRuns }: StagedRunServices): Promise<void> {
  app.patch<{ Params: { id: string; stage: string } }>('/builds/:id/stages/:stage', async (request, reply) => {
    const { id, stage } = request.params;
    const run = required(stagedRuns, id);
    const { state, forceRetryAllJobs, retryDependencies } = updateSchema.parse(request.body);
    if (run.stage !== stage) throw devOpsError(404, 'StageNotFoundException', `Stage ${stage} was not found in build ${id}.`);
    const { result } = run.attempts.at(-1)!;
    const refused = (why: string) => devOpsError(400, 'InvalidTimelineRecordStateChange', `Stage ${stage} of build ${id} ${why}.`);
    if (state === 'cancel') {
      if (result !== undefined) throw refused('has ended');
      stagedRuns.cancel(run);
    } else {
      if (result === undefined) throw refused('is under way');
      if (result === 'succeeded' && !forceRetryAllJobs) throw refused('has no job that failed');
      stagedRuns.retry(run, retryDependencies);
    }
    request.markChanged();
    return reply.code(204).send();
  });

  app.get<{ Params: { id: string; timelineId: string } }>('/builds/:id/timeline/:timelineId', async ({ params: { id, timelineId } }, reply) => {
    const run = required(stagedRuns, id);
    const attempt = run.attempts.find((each) => timelineOf(run, each.attempt) === timelineId);
    return attempt === undefined ? reply.code(204).send() : { id: timelineId, records: stagedRuns.records(run, attempt.attempt) };
  });
}

/** What tests and the simulator order of such runs. */
export async function stagedRunControl(app: FastifyInstance, { stagedRuns, git }: StagedRunServices): Promise<void> {
  refuseByField(app);
  app.post('/_sandbox/staged-runs', async (request, reply) => reply.code(201).send({ runId: stagedRuns.create(stagedRunOrderSchema.parse(request.body), git.tip(DEFAULT_BRANCH)!).id }));
  app.get<Id>('/_sandbox/staged-runs/:id', async ({ params }) => required(stagedRuns, params.id));
  /** As retention does. */
  app.post<Id>('/_sandbox/staged-runs/:id/forget', async ({ params, body }) => {
    stagedRuns.forget(required(stagedRuns, params.id), forgetSchema.parse(body ?? {}).isStillTold);
    return {};
  });
}
