/** Digests that workflow and activities compute alike. Node's `crypto` does not exist in workflow code, hence the pure implementation. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';

/** SHA-256, hexadecimal, of a text in UTF-8. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** SHA-256, hexadecimal, of a JSON value in its canonical form (RFC 8785), so that the order of keys does not matter. */
export function jsonDigest(value: unknown): string {
  return sha256Hex(canonical(value));
}

function canonical(value: unknown): string {
  try {
    const text = canonicalize(value);
    if (text?.isWellFormed()) return text;
  } catch {
    // Not a number, or half a character: below, as JSON has it.
  }
  // A text that was cut inside a character would have no canonical form.
  return canonicalize(JSON.parse(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? item.toWellFormed() : item)) ?? 'null')) ?? 'null';
}

/** The first 12 hexadecimal digits: what a person is shown and types back. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}
