import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError, invalidArgument } from '../errors.ts';
import { SERVICE_IDENTITY } from '../identity.ts';
import type { PullRequests } from './pull-requests.ts';
import { requirePullRequest } from './routes.ts';

interface Attachment {
  id: number;
  fileName: string;
  createdDate: string;
  /** Base64. */
  content: string;
}

export interface AttachmentServices {
  pullRequests: PullRequests;
  store: Store;
  clock: Clock;
  addresses: Addresses;
}

type Params = { pullRequestId: string; fileName: string };

const ATTACHMENTS = 'pull-request-attachments';

/** Files attached to a pull request. A second one of a name is refused: what the service does is not documented. */
export async function attachmentRoutes(app: FastifyInstance, { pullRequests, store, clock, addresses }: AttachmentServices): Promise<void> {
  const root = '/pullRequests/:pullRequestId/attachments';
  const keyOf = (pullRequestId: number, fileName: string): string => `${pullRequestId}:${fileName}`;
  const present = (pullRequestId: number, { id, fileName, createdDate, content }: Attachment): object => ({
    id,
    displayName: fileName,
    createdDate,
    author: SERVICE_IDENTITY,
    contentHash: createHash('sha256').update(Buffer.from(content, 'base64')).digest('hex'),
    properties: {},
    url: addresses.repositoryApi(`/pullRequests/${pullRequestId}/attachments/${encodeURIComponent(fileName)}`),
  });

  app.get<{ Params: Params }>(root, async ({ params }) => {
    const { pullRequestId } = requirePullRequest(pullRequests, params);
    return collection(store.list<Attachment>(ATTACHMENTS, `${pullRequestId}:`).map((attachment) => present(pullRequestId, attachment)));
  });

  app.get<{ Params: Params }>(`${root}/:fileName`, async ({ params }, reply) => {
    const found = store.get<Attachment>(ATTACHMENTS, keyOf(requirePullRequest(pullRequests, params).pullRequestId, params.fileName));
    if (!found) throw devOpsError(404, 'GitPullRequestAttachmentNotFoundException', `The attachment ${params.fileName} was not found.`);
    return reply.type('application/octet-stream').send(Buffer.from(found.content, 'base64'));
  });

  app.post<{ Params: Params }>(`${root}/:fileName`, async (request, reply) => {
    const { fileName } = request.params;
    const { pullRequestId } = requirePullRequest(pullRequests, request.params);
    if (!/^application\/octet-stream/i.test(request.headers['content-type'] ?? '')) throw invalidArgument('The content type of an attachment is application/octet-stream.');
    if (store.get(ATTACHMENTS, keyOf(pullRequestId, fileName))) throw devOpsError(409, 'GitPullRequestAttachmentExistsException', `The attachment ${fileName} exists already.`);
    const attachment: Attachment = { id: store.next(ATTACHMENTS), fileName, createdDate: clock.iso(), content: request.rawBody.toString('base64') };
    store.put(ATTACHMENTS, keyOf(pullRequestId, fileName), attachment);
    request.markChanged();
    return reply.code(201).send(present(pullRequestId, attachment));
  });
}
