/**
 * A block of the record: the entries of several calls, the digest of the former block, and a signature over its own digest. Its file is the canonical JSON (RFC 8785) of it and one line
 * feed, so that each byte has one right value and every changed one is found.
 */
import canonicalize from 'canonicalize';
import { CompactSign, compactVerify, decodeProtectedHeader } from 'jose';
import { jsonDigest, sha256Hex } from '../../workflows/domain/digest.ts';
import type { RecordedRun, RecordEntry } from '../../workflows/domain/record.ts';
import { signingAlgorithm, type PublicKeys, type SigningKey } from './key-ring.ts';

/** What one call of `appendToRecord` appended. */
export interface RecordedCall {
  /** The idempotency key of the step that called. */
  key: string;
  run: RecordedRun;
  /** The product's version, as the worker knew it that wrote the entries. */
  build: string;
  entries: RecordEntry[];
}

export interface Block {
  /** From 1, without gaps. */
  number: number;
  /** Digest of the former block; null for the first. */
  previous: string | null;
  writtenAt: string;
  calls: RecordedCall[];
}

/** A block as it was found in the store. */
export interface FoundBlock {
  name: string;
  /** By its name. */
  number: number;
  /** Of the contents, whatever the file says; of the bytes, where they are no block. The next block names it. */
  digest: string;
  /** Null where the bytes are no block. */
  block: Block | null;
  /** Thumbprint of the key that the signature names. */
  kid: string | null;
  /** When it says so, and is not proven to: see `problems`. */
  problems: string[];
}

const blockTokenType = 'holdpoint-block';
const namePattern = /^block-(\d{12})\.json$/;

export const blockPrefix = 'block-';

export function blockName(number: number): string {
  return `${blockPrefix}${String(number).padStart(12, '0')}.json`;
}

/** Null for a name that no block has. */
export function blockNumber(name: string): number | null {
  const digits = namePattern.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The bytes of a new block, and its digest. */
export async function sealBlock(block: Block, { kid, key }: SigningKey): Promise<{ bytes: Buffer; digest: string }> {
  const plain = wellFormed(block);
  const digest = jsonDigest(plain);
  const signature = await signDigest(digest, blockTokenType, { kid, key });
  return { bytes: Buffer.from(canonicalText({ block: plain, digest, signature })), digest };
}

/** Reads a block and judges it by itself: form, digest, signature. Whether it stands at its place is the chain's question. */
export async function openBlock(name: string, bytes: Buffer, keys: PublicKeys): Promise<FoundBlock> {
  const number = blockNumber(name) ?? 0;
  const text = bytes.toString('utf8');
  const sealed = parse(text);
  if (sealed === null) return { name, number, digest: sha256Hex(text), block: null, kid: null, problems: ['it is no block: its text is not the JSON that a block has'] };
  const { block, digest: stated, signature } = sealed;
  const digest = jsonDigest(block);
  const problems: string[] = [];
  // Also what a JSON parser forgives, such as white space and the order of fields.
  if (!Buffer.from(canonicalText(sealed)).equals(bytes)) problems.push('its bytes are not those that were written: the text is not canonical');
  if (digest !== stated) problems.push(`its contents have been changed: they have the digest ${digest.slice(0, 12)}, and it states ${stated.slice(0, 12)}`);
  if (block.number !== number) problems.push(`it is block ${block.number} by its contents`);
  const { kid, problem } = await checkSignature(signature, stated, blockTokenType, keys);
  if (problem !== null) problems.push(problem);
  return { name, number, digest, block, kid, problems };
}

/** A compact JWS over a digest. */
export async function signDigest(digest: string, typ: string, { kid, key }: SigningKey): Promise<string> {
  return await new CompactSign(Buffer.from(digest)).setProtectedHeader({ alg: signingAlgorithm, kid, typ }).sign(key);
}

/** `problem` is null where one of the keys has signed this digest. */
export async function checkSignature(signature: string, digest: string, typ: string, keys: PublicKeys): Promise<{ kid: string | null; problem: string | null }> {
  let kid: string | null = null;
  try {
    const header = decodeProtectedHeader(signature);
    kid = typeof header.kid === 'string' ? header.kid : null;
    if (kid === null || !keys.kids.includes(kid)) return { kid, problem: `its signature is by a key that is not the record's (${kid ?? 'without an id'})` };
    if (header.typ !== typ) return { kid, problem: `its signature is one of another kind (${header.typ ?? 'none'})` };
    const { payload } = await compactVerify(signature, keys.find, { algorithms: [signingAlgorithm] });
    if (Buffer.from(payload).toString() !== digest || !isCanonicalToken(signature)) return { kid, problem: 'its signature is not the one that was made for it' };
    return { kid, problem: null };
  } catch {
    return { kid, problem: 'its signature does not verify' };
  }
}

/** Decoders forgive the spare bits of base64url's last digit: the same signature would have several texts. */
function isCanonicalToken(token: string): boolean {
  return token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

export function canonicalText(value: unknown): string {
  return `${canonicalize(value)}\n`;
}

/** A text that was cut inside a character has no canonical form, and `undefined` no JSON. */
function wellFormed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? item.toWellFormed() : item))) as T;
}

function parse(text: string): { block: Block; digest: string; signature: string } | null {
  try {
    const sealed = JSON.parse(text) as { block?: Partial<Block>; digest?: unknown; signature?: unknown } | null;
    const { block, digest, signature } = sealed ?? {};
    const isBlock = typeof block?.number === 'number' && Array.isArray(block.calls) && block.calls.every((call) => typeof call?.key === 'string' && typeof call.run?.workflowId === 'string' && Array.isArray(call.entries));
    return isBlock && typeof digest === 'string' && typeof signature === 'string' ? (sealed as { block: Block; digest: string; signature: string }) : null;
  } catch {
    return null;
  }
}
