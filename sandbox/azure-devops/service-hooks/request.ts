import type { Subscription } from './subscriptions.ts';

/** How long a receiver may take to answer. Microsoft documents no figure. */
const ANSWER_TIMEOUT_MS = 20_000;

export interface Attempt {
  /** When it was sent, by the stand-in's clock. */
  at: string;
  /** The receiver's status; null when none came. */
  status: number | null;
  error?: string;
}

/** What an answer means for the delivery. */
export type Outcome = 'delivered' | 'terminal' | 'transient' | 'enduring';

const TRANSIENT_STATUSES = [408, 502, 503, 504];

/** No answer at all counts as transient: Microsoft's page does not say. */
export function outcomeOf(status: number | null): Outcome {
  if (status === null || TRANSIENT_STATUSES.includes(status)) return 'transient';
  if (status >= 200 && status < 300) return 'delivered';
  return status === 410 ? 'terminal' : 'enduring';
}

/** Posts a notification to the subscriber. Never throws. */
export async function post(subscription: Subscription, body: object, at: string, stop: AbortSignal): Promise<Attempt> {
  const { url } = subscription.consumerInputs;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: headersOf(subscription),
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.any([stop, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return { at, status: response.status };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { at, status: null, error: String(cause) };
  }
}

function headersOf(subscription: Subscription): Headers {
  const { httpHeaders = '', basicAuthUsername: user = '', basicAuthPassword: password = '' } = subscription.consumerInputs;
  const headers = new Headers({ 'content-type': 'application/json; charset=utf-8', 'user-agent': 'VSServices/1.0 (service hooks)' });
  if (user || password) headers.set('authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`);
  for (const line of httpHeaders.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return headers;
}
