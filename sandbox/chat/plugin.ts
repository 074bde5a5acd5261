import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseByField } from '../control/refusal.ts';
import type { SandboxContext } from '../core/context.ts';
import { VendorError } from '../core/context.ts';

interface ChatMessage {
  id: number;
  /** The last part of the webhook's address. */
  webhook: string;
  receivedAt: string;
  /** The JSON as it was sent. */
  body: unknown;
}

const MESSAGES = 'chat-messages';

/** An incoming webhook of a chat: keeps each message as it came, repeated ones too. */
export async function chatPlugin(app: FastifyInstance, { store, clock }: SandboxContext): Promise<void> {
  app.post<{ Params: { webhook: string } }>('/chat/webhook/:webhook', async (request, reply) => {
    const { body } = request;
    if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) throw new VendorError(400, 'invalid_payload');
    const message: ChatMessage = { id: store.next(MESSAGES), webhook: request.params.webhook, receivedAt: clock.iso(), body };
    store.put(MESSAGES, String(message.id), message);
    request.markChanged();
    return reply.type('text/plain').send('ok');
  });

  await app.register(async (control) => {
    refuseByField(control);
    control.get('/_sandbox/chat', async (request) => {
      const { webhook } = z.object({ webhook: z.string().optional() }).parse(request.query);
      const messages = store.list<ChatMessage>(MESSAGES);
      return { messages: webhook === undefined ? messages : messages.filter((message) => message.webhook === webhook) };
    });
  });
}
