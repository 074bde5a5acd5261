/** What every adapter sees of HTTP: one narrow interface, whatever credential and SDK stand behind it. */

import type { TokenCredential } from '@azure/identity';
import { bearerTokenAuthenticationPolicy, createPipelineFromOptions, createPipelineRequest, RestError, type HttpClient, type PipelineResponse } from '@azure/core-rest-pipeline';
import { classify, secretUrlHeader } from './classify.ts';

export interface RestRequest {
  method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Absolute, or relative to the client's base. */
  url: string;
  /** Parameters without a value are left out. */
  query?: Record<string, string | number | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, in place of a body. */
  text?: string;
  /** `application/json` unless the platform wants another kind of JSON. */
  contentType?: string;
  headers?: Record<string, string>;
  /** The URL itself is a secret (a webhook): errors then name its host only. */
  secretUrl?: boolean;
}

export interface RestResponse<T = unknown> {
  status: number;
  /** JSON as parsed; the text itself where the answer is no JSON; null where there is none. */
  body: T;
  header: (name: string) => string | undefined;
}

export interface RestClient {
  /** Sends one request, once. Every answer of 400 or more, and every failure to get one, is thrown as a classified `ApplicationFailure`. */
  send<T = unknown>(request: RestRequest): Promise<RestResponse<T>>;
}

export interface RestClientOptions {
  transport: HttpClient;
  /** What relative URLs begin with. */
  baseUrl?: string;
  /** Left out for URLs that carry their own permission. */
  authentication?: { credential: TokenCredential; scope: string };
}

/** A client on Azure's own pipeline: bearer tokens, request ids, redirects; retries are off, because Temporal retries. */
export function createRestClient({ transport, baseUrl, authentication }: RestClientOptions): RestClient {
  const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 }, userAgentOptions: { userAgentPrefix: 'holdpoint' } });
  if (authentication) pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential: authentication.credential, scopes: authentication.scope }));
  return {
    async send<T>(request: RestRequest): Promise<RestResponse<T>> {
      const url = requestUrl(request, baseUrl);
      const outgoing = createPipelineRequest({ url, method: request.method });
      outgoing.headers.set('Accept', 'application/json');
      for (const [name, value] of Object.entries(request.headers ?? {})) outgoing.headers.set(name, value);
      if (request.secretUrl) outgoing.headers.set(secretUrlHeader, 'true');
      if (request.body !== undefined) {
        outgoing.headers.set('Content-Type', request.contentType ?? 'application/json');
        outgoing.body = JSON.stringify(request.body);
      } else if (request.text !== undefined) {
        outgoing.headers.set('Content-Type', request.contentType ?? 'text/plain; charset=utf-8');
        outgoing.body = request.text;
      }
      try {
        const response = await pipeline.sendRequest(transport, outgoing);
        if (response.status >= 400 || response.status === 203) throw new RestError('refused', { statusCode: response.status, request: outgoing, response });
        return answer<T>(response);
      } catch (error) {
        throw classify(error);
      }
    },
  };
}

/** The absolute URL of a request, its query encoded. */
export function requestUrl({ url, query = {} }: Pick<RestRequest, 'url' | 'query'>, baseUrl: string | undefined): string {
  const absolute = new URL(/^https?:\/\//.test(url) ? url : `${(baseUrl ?? '').replace(/\/$/, '')}${url}`);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    // Not by URLSearchParams, which writes `%24top`: Azure takes that for another parameter than `$top`.
    const others = absolute.search.replace(/^\?/, '').split('&').filter((part) => part !== '' && part.split('=')[0] !== name);
    absolute.search = [...others, `${name}=${encodeURIComponent(String(value))}`].join('&');
  }
  return absolute.toString();
}

/** The part of a pipeline's response that callers need. */
export function answer<T>({ status, bodyAsText, headers }: PipelineResponse): RestResponse<T> {
  return { status, body: parse(bodyAsText) as T, header: (name) => headers.get(name) };
}

function parse(text: string | null | undefined): unknown {
  if (text === undefined || text === null || text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
