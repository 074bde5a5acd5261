/** A secret as it lies in a file: AES-256-GCM, bound to its name and expiry, so that neither can be exchanged. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Secret } from './vault.ts';

const algorithm = 'aes-256-gcm';

/** All but the expiry is unreadable without the key. */
export interface SealedSecret {
  version: 1;
  /** Which key: the first 8 hexadecimal digits of its SHA-256. */
  key: string;
  expiresAt: string;
  /** Base64. */
  nonce: string;
  tag: string;
  text: string;
}

/** 32 bytes. */
export type SecretKey = Buffer;

export function keyId(key: SecretKey): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

export function seal(name: string, { value, expiresAt }: Secret, key: SecretKey): SealedSecret {
  const nonce = randomBytes(12);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(context(name, expiresAt));
  const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return { version: 1, key: keyId(key), expiresAt, nonce: nonce.toString('base64'), tag: cipher.getAuthTag().toString('base64'), text: text.toString('base64') };
}

/** Null when none of the keys opens it, or when a byte of it was changed. */
export function unseal(name: string, sealed: SealedSecret, keys: readonly SecretKey[]): Secret | null {
  const key = keys.find((candidate) => keyId(candidate) === sealed.key);
  if (key === undefined) return null;
  try {
    const decipher = createDecipheriv(algorithm, key, Buffer.from(sealed.nonce, 'base64'), { authTagLength: 16 }).setAAD(context(name, sealed.expiresAt)).setAuthTag(Buffer.from(sealed.tag, 'base64'));
    return { value: Buffer.concat([decipher.update(Buffer.from(sealed.text, 'base64')), decipher.final()]).toString('utf8'), expiresAt: sealed.expiresAt };
  } catch {
    return null;
  }
}

function context(name: string, expiresAt: string): Buffer {
  return Buffer.from(`holdpoint-secret\n${name}\n${expiresAt}`, 'utf8');
}
