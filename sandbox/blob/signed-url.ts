import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SandboxContext } from '../core/context.ts';
import { STORAGE_ACCOUNT, STORAGE_CONTAINER } from '../core/tenancy.ts';

const LIFETIME_MS = 3600_000;

/** The path of a blob on the stand-in, percent-encoded. */
export function blobPath(name: string): string {
  return `/${STORAGE_ACCOUNT}/${STORAGE_CONTAINER}/${name.split('/').map(encodeURIComponent).join('/')}`;
}

/** A URL that lets its holder read one blob for an hour, in the form of a shared access signature. */
export function signedBlobUrl(context: SandboxContext, name: string): string {
  const expiry = new Date(context.clock.nowMs() + LIFETIME_MS).toISOString();
  const query = new URLSearchParams({ sv: '2024-11-04', sr: 'b', sp: 'r', se: expiry, sig: signature(context, name, expiry) });
  return `${context.baseUrl()}${blobPath(name)}?${query.toString()}`;
}

/** Whether the query holds a signature for reading this blob that is genuine and has not expired. */
export function isSignedFor(context: SandboxContext, name: string, query: Record<string, string | undefined>): boolean {
  const { se: expiry = '', sig = '' } = query;
  const expected = Buffer.from(signature(context, name, expiry));
  const given = Buffer.from(sig);
  return given.length === expected.length && timingSafeEqual(given, expected) && Date.parse(expiry) > context.clock.nowMs();
}

function signature({ store }: SandboxContext, name: string, expiry: string): string {
  const kept = store.get<{ key: string }>('blob-signing', 'current');
  const key = kept?.key ?? randomBytes(32).toString('base64');
  if (!kept) store.put('blob-signing', 'current', { key });
  return createHmac('sha256', key).update(`${name}\n${expiry}`).digest('base64');
}
