import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { VendorError } from '../core/context.ts';

/** Makes the routes of this plugin answer a wrong request with 400 and the name of the wrong field. */
export function refuseByField(app: FastifyInstance): void {
  app.setErrorHandler(async (error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof VendorError) return reply.code(error.statusCode).send(error.body);
    if (!(error instanceof z.ZodError)) return reply.code(error.statusCode ?? 500).send({ error: error.message });
    const problems = error.issues.map(({ path, message }) => ({ field: path.join('.') || 'body', message }));
    return reply.code(400).send({ error: problems.map(({ field, message }) => `${field}: ${message}`).join('; '), problems });
  });
}
