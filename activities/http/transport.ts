import { readFileSync } from 'node:fs';
import { asyncLocalStorage } from '@temporalio/activity';
import { createDefaultHttpClient, RestError, type HttpClient, type PipelineRequest, type TlsSettings } from '@azure/core-rest-pipeline';
import { secretUrlHeader } from './classify.ts';

export interface TransportSettings {
  /** PEM file of an authority that TLS connections trust instead of the usual ones. */
  caFile?: string;
  /** Bounds every single request, answer included, in milliseconds. */
  requestTimeoutMs: number;
}

/** TLS options for the clients that bring their own transport. */
export function tlsSettings({ caFile }: TransportSettings): TlsSettings | undefined {
  return caFile === undefined ? undefined : { ca: readFileSync(caFile, 'utf8') };
}

/**
 * The HTTP client below every pipeline: it knows the authority, bounds each request, and gives up *reading* when the activity is cancelled. A write in flight is finished or runs
 * into its time-out: cutting it off would only leave unknown whether the platform took it.
 */
export function createTransport(settings: TransportSettings): HttpClient {
  const inner = createDefaultHttpClient();
  const tls = tlsSettings(settings);
  return {
    async sendRequest(request) {
      const timeout = AbortSignal.timeout(settings.requestTimeoutMs);
      const own = request.abortSignal;
      request.abortSignal = AbortSignal.any([timeout, ...cancellation(request)]);
      if (tls) request.tlsSettings = tls;
      const sent = request.headers.get(secretUrlHeader);
      if (sent !== undefined) request.headers.delete(secretUrlHeader);
      try {
        return await inner.sendRequest(request);
      } catch (error) {
        if (timeout.aborted) throw new RestError(`nothing within ${settings.requestTimeoutMs} ms`, { code: 'ETIMEDOUT', request });
        throw error;
      } finally {
        // The policies above would take an aborted request for one that its caller gave up.
        request.abortSignal = own;
        if (sent !== undefined) request.headers.set(secretUrlHeader, sent);
      }
    },
  };
}

/** Signals that end a request early: the caller's own, and for reads the cancellation of the activity. */
function cancellation({ method, abortSignal }: PipelineRequest): AbortSignal[] {
  const activity = method === 'GET' || method === 'HEAD' ? asyncLocalStorage.getStore()?.cancellationSignal : undefined;
  return [activity, abortSignal as AbortSignal | undefined].filter((signal) => signal instanceof AbortSignal);
}
