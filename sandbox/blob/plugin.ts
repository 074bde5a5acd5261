import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { VendorError } from '../core/context.ts';
import type { SandboxContext } from '../core/context.ts';
import { AUDIENCE, STORAGE_ACCOUNT, STORAGE_CONTAINER } from '../core/tenancy.ts';
import { tokenGuard } from '../core/tokens.ts';
import type { Blob, BlobStore } from './blob-store.ts';
import { errorXml, listingXml } from './listing.ts';
import type { ListingQuery } from './listing.ts';
import { isSignedFor } from './signed-url.ts';

const CONTAINER_PATH = `/${STORAGE_ACCOUNT}/:container`;
const XML = 'application/xml';

type BlobRequest = FastifyRequest<{ Params: { container: string; '*': string }; Querystring: Record<string, string | undefined> }>;

/**
 * Azure Blob Storage, path style: one account, block blobs that are put whole. Everything is in the container `azureml`; a workspace's
 * own container, which its datastore names, is a view of the folder of that workspace.
 */
export async function blobPlugin(app: FastifyInstance, context: SandboxContext): Promise<void> {
  const { blobs } = context;
  acceptAnyBody(app);
  app.addHook('onRequest', async ({ params }) => {
    const named = params as Partial<BlobRequest['params']>;
    if (named['*'] !== undefined) named['*'] = folderOf(named.container) + named['*'];
  });
  app.setErrorHandler<Error>(async (error, request, reply) => sendError(error, request, reply));
  app.addHook(
    'onRequest',
    tokenGuard(context.tokens, {
      audience: AUDIENCE.storage,
      alternative: (request) => mayReadBySignature(context, request as BlobRequest),
      body: (_refusal, message) => errorXml('AuthenticationFailed', message),
    }),
  );
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-ms-version': request.headers['x-ms-version'] ?? '2024-11-04', 'x-ms-request-id': request.id });
  });

  app.get<{ Params: { container: string } }>(CONTAINER_PATH, async (request, reply) => {
    const query = request.query as ListingQuery & { comp?: string };
    if (query.comp !== 'list') return reply.header('last-modified', context.clock.now().toUTCString()).send();
    const { container } = request.params;
    const folder = folderOf(container);
    const listed = blobs.list(folder + (query.prefix ?? '')).map((blob) => ({ ...blob, name: blob.name.slice(folder.length) }));
    return reply.type(XML).send(listingXml(listed, query, { serviceUrl: `${context.baseUrl()}/${STORAGE_ACCOUNT}`, container }));
  });
  app.put(`${CONTAINER_PATH}/*`, async (request, reply) => putBlob(blobs, request as BlobRequest, reply));
  app.get(`${CONTAINER_PATH}/*`, async (request, reply) => sendBlob(existing(blobs, request as BlobRequest), request, reply));
  app.delete(`${CONTAINER_PATH}/*`, async (request, reply) => {
    const { name } = existing(blobs, request as BlobRequest);
    blobs.delete(name);
    request.markChanged();
    return reply.code(202).send();
  });
}

function folderOf(container: string | undefined): string {
  return container === STORAGE_CONTAINER ? '' : `${container}/`;
}

/** A blob's content type says nothing about how to read the request: every body is bytes. */
function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    request.rawBody = body;
    return body;
  });
}

async function putBlob(blobs: BlobStore, request: BlobRequest, reply: FastifyReply): Promise<FastifyReply> {
  const name = request.params['*'];
  if (request.query['comp']) throw blobError(501, 'NotImplemented', `comp=${request.query['comp']} is not part of this stand-in.`);
  if (request.headers['x-ms-blob-type'] !== 'BlockBlob') {
    throw blobError(400, 'InvalidHeaderValue', 'The header x-ms-blob-type must be BlockBlob.');
  }
  const former = blobs.get(name);
  if (request.headers['if-none-match'] === '*' && former) throw blobError(409, 'BlobAlreadyExists', 'The specified blob already exists.');
  const unchanged = former !== undefined && readFileSync(former.file).equals(request.rawBody);
  const type = request.headers['x-ms-blob-content-type'];
  blobs.write(name, request.rawBody, typeof type === 'string' ? type : undefined);
  if (!unchanged) request.markChanged();
  const { etag, modifiedAt } = existing(blobs, request);
  const md5 = createHash('md5').update(request.rawBody).digest('base64');
  return reply.code(201).headers({ etag, 'last-modified': modifiedAt.toUTCString(), 'content-md5': md5 }).send();
}

/** GET, whole or one range, and HEAD, which fastify answers from the same route. */
async function sendBlob(blob: Blob, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const content = readFileSync(blob.file);
  reply.headers({
    etag: blob.etag,
    'last-modified': blob.modifiedAt.toUTCString(),
    'x-ms-creation-time': blob.createdAt.toUTCString(),
    'x-ms-blob-type': 'BlockBlob',
    'accept-ranges': 'bytes',
    'content-type': blob.contentType,
  });
  const range = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers['x-ms-range'] ?? request.headers.range ?? ''));
  if (!range) return reply.send(content);
  const start = Number(range[1]);
  const end = Math.min(range[2] ? Number(range[2]) : content.length - 1, content.length - 1);
  if (start > end) throw blobError(416, 'InvalidRange', 'The range specified is invalid for the current size of the resource.');
  return reply.code(206).header('content-range', `bytes ${start}-${end}/${content.length}`).send(content.subarray(start, end + 1));
}

function existing(blobs: BlobStore, request: BlobRequest): Blob {
  const blob = blobs.get(request.params['*']);
  if (!blob) throw blobError(404, 'BlobNotFound', 'The specified blob does not exist.');
  return blob;
}

function mayReadBySignature(context: SandboxContext, request: BlobRequest): boolean {
  const reading = request.method === 'GET' || request.method === 'HEAD';
  return reading && isSignedFor(context, request.params['*'] ?? '', request.query);
}

function blobError(statusCode: number, code: string, message: string): VendorError {
  return new VendorError(statusCode, errorXml(code, message), { 'x-ms-error-code': code });
}

async function sendError(error: Error, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (!(error instanceof VendorError)) throw error;
  reply.code(error.statusCode).headers(error.headers).type(XML);
  return reply.send(request.method === 'HEAD' ? undefined : error.body);
}
