/**
 * Where Azure Pipelines' checks come in. Azure Pipelines waits 3 seconds for an answer: 200 says that the check is taken, whatever the decision will be. 503: it delivers again. 400 and
 * 401: it delivers again too, a few times, and then fails the stage; both are for whoever configured the check.
 */
import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance } from 'fastify';
import type { ApprovePipelineStageInput } from '../../../workflows/domain/stage-check.ts';
import { TryLater } from '../try-later.ts';
import { credentialCheck, type WebhookCredentials } from '../webhook-credentials.ts';
import { MalformedCheck, readCheckRequest } from './check-request.ts';

/** Where a run stands, for the polling form. Only `approved` lets a stage pass. */
export type StageStanding = 'waiting' | 'approved' | 'rejected' | 'expired' | 'failed';

export interface CheckPorts {
  /** The one whose checks are answered: `https://dev.azure.com/<organisation>`. */
  organisationUrl: string;
  /** Keeps a check's token outside history. */
  keepToken: (secret: string, token: string) => Promise<void>;
  /** Returns once Temporal has the run, whether this delivery or an earlier one started it, with where it stands. */
  startApproval: (input: ApprovePipelineStageInput) => Promise<{ workflowId: string; started: boolean; standing: StageStanding }>;
}

export interface CheckRoutesOptions extends CheckPorts {
  credentials: WebhookCredentials;
}

/** Milliseconds for everything: half a second less than Azure Pipelines waits. */
const answerWithinMs = 2_500;

export async function checkRoutes(app: FastifyInstance, { credentials, organisationUrl, keepToken, startApproval }: CheckRoutesOptions): Promise<void> {
  await app.register(basicAuth, { validate: credentialCheck(credentials), authenticate: { realm: 'Holdpoint checks' } });
  // Before the body is read, and before anything is kept.
  app.addHook('onRequest', app.basicAuth);

  app.post('/checks/azure-pipelines', async (request, reply) => {
    const { input, token } = read(() => readCheckRequest(request.headers, request.body, organisationUrl));
    const taken = async () => {
      // The token first: a run in observe mode uses it at once.
      if (token !== null && input.secret !== null) await keepToken(input.secret, token);
      return await startApproval(input);
    };
    const { workflowId, started, standing } = await inTime(taken());
    const { buildId, stage, environment, mode, form } = input;
    request.log.info({ workflowId, started, buildId, stage, environment: environment.name, mode, form, standing }, started ? 'check taken' : 'check was taken before');
    if (form === 'callback') return reply.code(200).send({ workflowId, started });
    return reply.code(200).send(mode === 'observe' ? { status: 'approved', observed: standing, workflowId } : { status: standing, workflowId });
  });
}

function read<T>(reading: () => T): T {
  try {
    return reading();
  } catch (error) {
    throw error instanceof MalformedCheck ? Object.assign(error, { statusCode: 400 }) : error;
  }
}

/** What is not done in time is told to come again; it may be done all the same, and then the next delivery finds it. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TryLater('the check could not be taken in time; deliver it again', undefined)), answerWithinMs);
  });
  work.catch(() => undefined); // it may fail after its answer was given up
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
