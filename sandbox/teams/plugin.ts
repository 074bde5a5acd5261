import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { SandboxContext } from '../core/context.ts';
import { VendorError } from '../core/context.ts';

interface TeamsPost {
  id: number;
  workflow: string;
  receivedAt: string;
  body: unknown;
  /** Why the workflow's run would fail after its 202, and no card be seen; empty where it is posted. */
  problems: string[];
}

const POSTS = 'teams-posts';
/** Teams refuses larger messages. */
const LARGEST_BYTES = 28 * 1024;

/**
 * The webhook of a Teams workflow ("when a Teams webhook request is received"): a signed address, answered 202 before the card is looked at. So a card that Teams cannot show is
 * kept with its problems, as the workflow's failed run would show it.
 */
export async function teamsPlugin(app: FastifyInstance, { store, clock }: SandboxContext): Promise<void> {
  app.post<{ Params: { workflow: string }; Querystring: { sig?: string; 'api-version'?: string } }>('/teams/workflows/:workflow/triggers/manual/paths/invoke', async (request, reply) => {
    const error = (status: number, code: string, message: string) => new VendorError(status, { error: { code, message } });
    if (request.query['api-version'] === undefined) throw error(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.');
    if (!request.query.sig) throw error(401, 'DirectApiAuthorizationRequired', "The request must be authenticated only by Shared Access scheme.");
    if (request.params.workflow === 'deleted') throw error(404, 'WorkflowNotFound', "The workflow 'deleted' could not be found.");
    const { body } = request;
    if (typeof body !== 'object' || body === null || Array.isArray(body) || Buffer.isBuffer(body)) throw error(400, 'TriggerInputSchemaMismatch', 'The input body for trigger did not match its schema definition.');
    const problems = [...(request.rawBody.length > LARGEST_BYTES ? ['the message is larger than 28 KB'] : []), ...cardProblems(body as Record<string, unknown>)];
    const post: TeamsPost = { id: store.next(POSTS), workflow: request.params.workflow, receivedAt: clock.iso(), body, problems };
    store.put(POSTS, String(post.id), post);
    request.markChanged();
    return reply.code(202).header('x-ms-workflow-run-id', randomUUID()).send();
  });

  app.get('/_sandbox/teams', async () => ({ posts: store.list<TeamsPost>(POSTS) }));
}

const elements = ['TextBlock', 'RichTextBlock', 'Container', 'ColumnSet', 'FactSet', 'ActionSet', 'Image'];

function cardProblems(body: Record<string, unknown>): string[] {
  if (body['type'] !== 'message' || !Array.isArray(body['attachments']) || body['attachments'].length === 0) return ['a message with attachments is wanted'];
  return (body['attachments'] as Record<string, unknown>[]).flatMap(({ contentType, content }) => {
    if (contentType !== 'application/vnd.microsoft.card.adaptive') return ['the attachment is no Adaptive Card'];
    const card = content as Record<string, unknown>;
    if (card['type'] !== 'AdaptiveCard' || !/^1\.[0-5]$/.test(String(card['version']))) return ['the card must be an AdaptiveCard of version 1.5 or lower'];
    const parts = ((card['body'] ?? []) as { type?: string; items?: { type?: string }[] }[]).flatMap((part) => [part, ...(part.items ?? [])]);
    return [
      ...parts.filter(({ type }) => !elements.includes(type ?? '')).map(({ type }) => `no element is called ${String(type)}`),
      ...((card['actions'] ?? []) as { type?: string; url?: string }[]).filter(({ type, url }) => type !== 'Action.OpenUrl' || !URL.canParse(url ?? '')).map(({ type }) => `an action ${String(type)} does nothing in a workflow's card`),
    ];
  });
}
