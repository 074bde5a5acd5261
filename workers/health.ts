/** The worker's health for supervisors: `/healthz` says that the process lives, `/readyz` that its workers poll. */
import fastify, { type FastifyInstance } from 'fastify';

export async function serveHealth(port: number, isReady: () => boolean): Promise<FastifyInstance> {
  const app = fastify();
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => reply.code(isReady() ? 200 : 503).send({ status: isReady() ? 'ready' : 'starting' }));
  await app.listen({ host: '127.0.0.1', port });
  return app;
}
