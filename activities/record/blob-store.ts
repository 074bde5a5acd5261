import { ContainerClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { FailureType } from '../../workflows/domain/failures.ts';
import { classify, isFailure, vendorAnswer, vendorFailure } from '../http/classify.ts';
import { tlsSettings } from '../http/transport.ts';
import type { StoreSettings, WriteOnceStore } from './write-once-store.ts';

/** How the service says that a name is taken; the last one where the container has an immutability policy. */
const takenCodes = ['BlobAlreadyExists', 'ConditionNotMet', 'BlobImmutableDueToPolicy'];

/**
 * A container of Azure Blob Storage. Each write demands that the name is free (`If-None-Match: *`); that nobody, the owner of the account included, can change or delete what was
 * written is the container's immutability policy, which its operator sets and locks.
 */
export function openBlobStore(containerUrl: string, settings: StoreSettings): WriteOnceStore {
  // The options go through to the pipeline, though their declared type does not mention TLS. Retries are Temporal's.
  const options: StoragePipelineOptions & { tlsOptions?: object } = { retryOptions: { maxTries: 1 }, tlsOptions: tlsSettings(settings) };
  const container = new ContainerClient(containerUrl, settings.credential, options);
  const bounded = async <T>(what: string, work: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
    const timeout = AbortSignal.timeout(settings.requestTimeoutMs);
    try {
      return await work(timeout);
    } catch (error) {
      if (timeout.aborted) throw vendorFailure(FailureType.Unavailable, `${what} of ${container.containerName}: nothing within ${settings.requestTimeoutMs} ms`);
      throw classify(error);
    }
  };
  return {
    location: containerUrl,
    async create(name, bytes) {
      try {
        await bounded(`PUT ${name}`, (abortSignal) => container.getBlockBlobClient(name).upload(bytes, bytes.length, { conditions: { ifNoneMatch: '*' }, blobHTTPHeaders: { blobContentType: 'application/json' }, abortSignal }));
        return 'created';
      } catch (error) {
        if (takenCodes.includes(vendorAnswer(error)?.code ?? '')) return 'exists';
        throw error;
      }
    },
    async read(name) {
      try {
        return await bounded(`GET ${name}`, (abortSignal) => container.getBlobClient(name).downloadToBuffer(0, undefined, { abortSignal, maxRetryRequestsPerBlock: 0 }));
      } catch (error) {
        if (isFailure(error, FailureType.NotFound)) return null;
        throw error;
      }
    },
    list: (prefix) =>
      bounded('the list', async (abortSignal) => {
        const names: string[] = [];
        for await (const { name } of container.listBlobsFlat({ prefix, abortSignal })) names.push(name);
        return names.sort();
      }),
  };
}
