import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseByField } from '../control/refusal.ts';
import type { SandboxContext } from '../core/context.ts';
import { VendorError } from '../core/context.ts';
import { blockProblems } from './blocks.ts';

interface SlackMessage {
  id: number;
  /** The channel of chat.postMessage, or the second part of the webhook's address. */
  channel: string;
  receivedAt: string;
  body: Record<string, unknown>;
}

const MESSAGES = 'slack-messages';

/** What a bot signs in with. */
export const SLACK_TOKEN = 'xoxb-sandbox';

/** Slack's incoming webhooks and chat.postMessage: keeps each message as it came, repeated ones too, for Slack deduplicates neither. */
export async function slackPlugin(app: FastifyInstance, { store, clock }: SandboxContext): Promise<void> {
  const keep = (channel: string, body: Record<string, unknown>): SlackMessage => {
    const message = { id: store.next(MESSAGES), channel, receivedAt: clock.iso(), body };
    store.put(MESSAGES, String(message.id), message);
    return message;
  };

  app.post<{ Params: { team: string; service: string; secret: string } }>('/slack/services/:team/:service/:secret', async (request, reply) => {
    const { service, secret } = request.params;
    const refuse = (status: number, word: string) => new VendorError(status, word, { 'content-type': 'text/plain' });
    if (secret === 'revoked') throw refuse(404, 'no_service');
    if (service === 'BARCHIVED') throw refuse(410, 'channel_is_archived');
    const { body } = request;
    if (!isObject(body)) throw refuse(400, 'invalid_payload');
    if (body['blocks'] !== undefined && blockProblems(body['blocks']).length > 0) throw refuse(400, 'invalid_blocks');
    if (body['blocks'] === undefined && (typeof body['text'] !== 'string' || body['text'] === '')) throw refuse(400, 'no_text');
    keep(service, body);
    request.markChanged();
    return reply.type('text/plain').send('ok');
  });

  app.post('/slack/api/chat.postMessage', async (request) => {
    const { body } = request;
    if (request.headers.authorization === undefined) return { ok: false, error: 'not_authed' };
    if (request.headers.authorization !== `Bearer ${SLACK_TOKEN}`) return { ok: false, error: 'invalid_auth' };
    if (!isObject(body)) return { ok: false, error: 'invalid_json' };
    const { channel, blocks, text } = body;
    if (typeof channel !== 'string' || !/^C[A-Z0-9]+$/.test(channel)) return { ok: false, error: 'channel_not_found' };
    const problems = blocks === undefined ? [] : blockProblems(blocks);
    if (problems.length > 0) return { ok: false, error: 'invalid_blocks', errors: problems };
    if (blocks === undefined && (typeof text !== 'string' || text === '')) return { ok: false, error: 'no_text' };
    const { id } = keep(channel, body);
    request.markChanged();
    return { ok: true, channel, ts: `${Math.floor(clock.nowMs() / 1000)}.${String(id).padStart(6, '0')}`, message: { type: 'message', text, blocks } };
  });

  await app.register(async (control) => {
    refuseByField(control);
    control.get('/_sandbox/slack', async (request) => {
      const { channel } = z.object({ channel: z.string().optional() }).parse(request.query);
      const messages = store.list<SlackMessage>(MESSAGES);
      return { messages: channel === undefined ? messages : messages.filter((message) => message.channel === channel) };
    });
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
