/** Reading what jobs wrote: outputs in a workspace's storage, and log files behind signed URLs; and writing the reports that a run leaves beside them. */
import { asyncLocalStorage } from '@temporalio/activity';
import { BlobClient, BlobServiceClient, type BlockBlobClient, type ContainerClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { FailureType } from '../../workflows/domain/failures.ts';
import { classify, isFailure, vendorFailure } from '../http/classify.ts';
import type { PlatformSettings } from '../http/settings.ts';
import { tlsSettings } from '../http/transport.ts';

export interface BlobReader {
  /** The blob's text, at most `maximumBytes` from its beginning; null when there is no such blob. */
  read(blob: BlobAddress, maximumBytes: number): Promise<string | null>;
  /** The same for a URL that carries its own signature, as log files have. */
  readSigned(url: string, maximumBytes: number): Promise<string | null>;
  /** The blobs whose names begin with the address's, at most so many, in order; none where there is no such container. */
  list(folder: BlobAddress, most: number): Promise<{ name: string; bytes: number }[]>;
  /** Writes a blob whole, over one of the same name. */
  write(blob: BlobAddress, text: string, contentType: string): Promise<void>;
}

export interface BlobAddress {
  account: string;
  container: string;
  name: string;
}

export function createBlobReader(settings: Pick<PlatformSettings, 'credential' | 'blobEndpoint' | 'caFile' | 'requestTimeoutMs'>): BlobReader {
  // The options go through to the pipeline, though their declared type does not mention TLS. Retries are Temporal's.
  const options: StoragePipelineOptions & { tlsOptions?: object } = { retryOptions: { maxTries: 1 }, tlsOptions: tlsSettings(settings) };
  const services = new Map<string, BlobServiceClient>();
  const serviceOf = (account: string): BlobServiceClient => {
    const service = services.get(account) ?? new BlobServiceClient(settings.blobEndpoint.replace('{account}', account), settings.credential, options);
    services.set(account, service);
    return service;
  };
  return {
    read: ({ account, container, name }, maximumBytes) => download(serviceOf(account).getContainerClient(container).getBlobClient(name), maximumBytes, settings.requestTimeoutMs),
    readSigned: (url, maximumBytes) => download(new BlobClient(url, undefined, options), maximumBytes, settings.requestTimeoutMs),
    list: ({ account, container, name }, most) => listed(serviceOf(account).getContainerClient(container), name, most, settings.requestTimeoutMs),
    write: ({ account, container, name }, text, contentType) => upload(serviceOf(account).getContainerClient(container).getBlockBlobClient(name), text, contentType, settings.requestTimeoutMs),
  };
}

async function upload(blob: BlockBlobClient, text: string, contentType: string, timeoutMs: number): Promise<void> {
  const content = Buffer.from(text, 'utf8');
  const written = await orAbsent(blob.url, timeoutMs, null, (abortSignal) => blob.upload(content, content.length, { abortSignal, blobHTTPHeaders: { blobContentType: contentType } }));
  if (written === null) throw vendorFailure(FailureType.NotFound, `PUT ${new URL(blob.url).pathname}: there is no such container`);
}

async function download(blob: BlobClient, maximumBytes: number, timeoutMs: number): Promise<string | null> {
  return await orAbsent(blob.url, timeoutMs, null, async (abortSignal) => {
    // No range is asked for: the service refuses every range of an empty blob.
    const response = await blob.download(0, undefined, { abortSignal, maxRetryRequests: 0 });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.readableStreamBody!) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes >= maximumBytes) break;
    }
    return Buffer.concat(chunks).subarray(0, maximumBytes).toString('utf8');
  });
}

async function listed(container: ContainerClient, prefix: string, most: number, timeoutMs: number): Promise<{ name: string; bytes: number }[]> {
  return await orAbsent(container.url, timeoutMs, [], async (abortSignal) => {
    const found: { name: string; bytes: number }[] = [];
    for await (const { name, properties } of container.listBlobsFlat({ prefix, abortSignal })) {
      found.push({ name, bytes: properties.contentLength ?? 0 });
      if (found.length >= most) break;
    }
    return found;
  });
}

/** One call within its time, given up with the activity. */
async function orAbsent<T, A>(url: string, timeoutMs: number, absent: A, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T | A> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const cancellation = asyncLocalStorage.getStore()?.cancellationSignal;
  try {
    return await call(cancellation ? AbortSignal.any([timeout, cancellation]) : timeout);
  } catch (error) {
    if (timeout.aborted) throw vendorFailure(FailureType.Unavailable, `${new URL(url).pathname}: nothing within ${timeoutMs} ms`);
    const failure = classify(error);
    if (isFailure(failure, FailureType.NotFound)) return absent;
    throw failure;
  }
}
