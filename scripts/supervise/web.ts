import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createServer } from 'node:net';

export interface WebRequest {
  method?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** PEM file of the authority to trust. Node's own `fetch` takes none, and the process has started before the certificate is minted. */
  caFile?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface WebAnswer {
  status: number;
  text: string;
}

/** One request, on a connection of its own. Rejects when there is no answer in time. */
export function askWeb(url: string, { method = 'GET', headers = {}, body, caFile, timeoutMs = 5_000, signal }: WebRequest = {}): Promise<WebAnswer> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const options = {
      method,
      headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
      agent: false,
      timeout: timeoutMs,
      signal,
      ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    };
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error(`no answer from ${url} within ${timeoutMs} ms`)));
    request.once('error', reject);
    request.end(payload);
  });
}

/** The same, for JSON; throws with the answer's text if its status is 400 or more. */
export async function askJson<T>(url: string, request: WebRequest = {}): Promise<T> {
  const { status, text } = await askWeb(url, request);
  if (status >= 400) throw new Error(`${request.method ?? 'GET'} ${url} answered ${status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

/** Whether something answers with a 2xx. */
export async function answersWell(url: string, caFile?: string): Promise<boolean> {
  try {
    const { status } = await askWeb(url, { caFile, timeoutMs: 2_000 });
    return status >= 200 && status < 300;
  } catch {
    return false;
  }
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
