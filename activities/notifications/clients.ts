import { createRestClient, type RestClient } from '../http/rest-client.ts';
import { createTransport, type TransportSettings } from '../http/transport.ts';
import { createMailClient, type MailClient } from './mail.ts';

/** An attempt has half a minute for all channels; none may use it up, in milliseconds. */
const longestRequestMs = 20_000;

/** The real clients of the notifications adapter. A webhook's URL is its permission, and a pager's key is in the body, so nothing signs in. */
export function createNotificationClients(settings: TransportSettings): { rest: RestClient; mail: MailClient } {
  const bounded = { ...settings, requestTimeoutMs: Math.min(settings.requestTimeoutMs, longestRequestMs) };
  return { rest: createRestClient({ transport: createTransport(bounded) }), mail: createMailClient(bounded) };
}
