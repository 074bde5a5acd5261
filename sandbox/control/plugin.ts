import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SandboxContext } from '../core/context.ts';
import { faultSchema } from '../core/faults.ts';
import { jobPaceSchema } from '../jobs/job-pace.ts';
import { isSeeded } from '../seed/seed.ts';
import { refuseByField } from './refusal.ts';

const ledgerQuery = z.object({ since: z.coerce.number().int().min(0).default(0) });
const clockBody = z.strictObject({ advanceMs: z.number().int().min(0), settle: z.boolean().default(false) });

/** The stand-in's own API, `/_sandbox/…`: what concerns all platforms. Each platform adds its own routes in a `control.ts`. */
export async function controlPlugin(app: FastifyInstance, context: SandboxContext): Promise<void> {
  refuseByField(app);

  app.get('/_sandbox/health', async () => ({ status: 'ok', seeded: isSeeded(context.store), now: context.clock.iso() }));

  app.get('/_sandbox/ledger', async (request) => {
    const { since } = ledgerQuery.parse(request.query);
    return { entries: context.ledger.since(since) };
  });

  app.get('/_sandbox/faults', async () => ({ faults: context.faults.list() }));
  app.post('/_sandbox/faults', async (request, reply) => reply.code(201).send(context.faults.add(faultSchema.parse(request.body))));
  app.delete('/_sandbox/faults', async (_request, reply) => {
    context.faults.clear();
    return reply.code(204).send();
  });

  app.post('/_sandbox/job-paces', async (request, reply) => reply.code(201).send(context.jobs.paces.add(jobPaceSchema.parse(request.body))));

  app.post('/_sandbox/clock', async (request) => {
    const { advanceMs, settle } = clockBody.parse(request.body);
    context.clock.advance(advanceMs);
    if (settle) await context.jobs.settled();
    return { now: context.clock.iso() };
  });
}
