import { createRestClient, type RestClient } from '../http/rest-client.ts';
import { createTransport, type TransportSettings } from '../http/transport.ts';

/** The real client of the notifications adapter. A webhook's URL is its permission, so nothing signs in. */
export function createNotificationClients(settings: TransportSettings): { rest: RestClient } {
  return { rest: createRestClient({ transport: createTransport(settings) }) };
}
