import type { FastifyInstance, FastifyRequest } from 'fastify';
import { armError } from './context.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it arrived; empty when there was none. */
    rawBody: Buffer;
  }
}

const EMPTY = Buffer.alloc(0);

/**
 * Parses bodies: JSON of any kind to values (an empty body to undefined), forms to URLSearchParams, anything else stays a
 * Buffer. The bytes remain readable as `request.rawBody`.
 */
export function registerBodyParsers(app: FastifyInstance): void {
  app.decorateRequest('rawBody');
  app.addHook('onRequest', async (request) => {
    request.rawBody = EMPTY;
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/(.+\+)?json/, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    request.rawBody = body;
    if (body.length === 0) return undefined;
    try {
      return JSON.parse(body.toString('utf8')) as unknown;
    } catch (error) {
      throw armError(400, 'InvalidRequestContent', `The request content was invalid and could not be deserialized: ${String(error)}`);
    }
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    request.rawBody = body;
    return new URLSearchParams(body.toString('utf8'));
  });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    request.rawBody = body;
    return body;
  });
}
