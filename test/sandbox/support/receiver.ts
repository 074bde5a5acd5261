import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import fastify, { type FastifyInstance } from 'fastify';

export interface Received {
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown> & { id: string; eventType: string; notificationId: number };
  raw: string;
}

/** A web server that takes notifications and answers the status that the test wants. */
export class Receiver {
  readonly received: Received[] = [];
  /** What it answers next. */
  status = 202;
  readonly #app: FastifyInstance;

  private constructor(app: FastifyInstance) {
    this.#app = app;
  }

  static async start(test: Pick<TestContext, 'after'>): Promise<Receiver> {
    const app = fastify({ forceCloseConnections: true });
    const receiver = new Receiver(app);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    app.post('/hooks', async (request, reply) => {
      const raw = request.body as string;
      receiver.received.push({ headers: request.headers, raw, body: JSON.parse(raw) as Received['body'] });
      return reply.code(receiver.status).send();
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    test.after(() => app.close());
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#app.server.address() as AddressInfo).port}/hooks`;
  }
}
