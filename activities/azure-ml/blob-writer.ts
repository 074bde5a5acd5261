/** Writing small texts, such as reports, into a workspace's storage. */
import { BlobServiceClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { FailureType } from '../../workflows/domain/failures.ts';
import { classify, vendorFailure } from '../http/classify.ts';
import type { PlatformSettings } from '../http/settings.ts';
import { tlsSettings } from '../http/transport.ts';
import type { BlobAddress } from './blob-reader.ts';

export interface BlobWriter {
  /** Puts the whole text in one request; what was there is replaced. */
  write(blob: BlobAddress, text: string, contentType: string): Promise<void>;
}

export function createBlobWriter(settings: Pick<PlatformSettings, 'credential' | 'blobEndpoint' | 'caFile' | 'requestTimeoutMs'>): BlobWriter {
  // The options go through to the pipeline, though their declared type does not mention TLS. Retries are Temporal's.
  const options: StoragePipelineOptions & { tlsOptions?: object } = { retryOptions: { maxTries: 1 }, tlsOptions: tlsSettings(settings) };
  return {
    async write({ account, container, name }, text, contentType) {
      const client = new BlobServiceClient(settings.blobEndpoint.replace('{account}', account), settings.credential, options).getContainerClient(container).getBlockBlobClient(name);
      const timeout = AbortSignal.timeout(settings.requestTimeoutMs);
      try {
        await client.upload(text, Buffer.byteLength(text), { blobHTTPHeaders: { blobContentType: contentType }, abortSignal: timeout });
      } catch (error) {
        if (timeout.aborted) throw vendorFailure(FailureType.Unavailable, `PUT ${new URL(client.url).pathname}: nothing within ${settings.requestTimeoutMs} ms`);
        throw classify(error);
      }
    },
  };
}
