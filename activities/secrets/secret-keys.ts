/** The keys of the vault: from the configuration, or minted for the demo. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecretKey } from './sealed.ts';

const keyBytes = 32;

/**
 * Reads keys as the configuration gives them: base64 of 32 bytes each, separated by commas; during a rotation the new one first.
 *
 * @throws Error that names what is wrong and never the key
 */
export function parseSecretKeys(text: string): [SecretKey, ...SecretKey[]] {
  const keys = text.split(',').map((part) => Buffer.from(part.trim(), 'base64'));
  if (keys.some((key) => key.length !== keyBytes)) throw new Error(`must be base64 of ${keyBytes} bytes; \`openssl rand -base64 ${keyBytes}\` makes one`);
  return keys as [SecretKey, ...SecretKey[]];
}

/** The demo's key, made by whichever process comes first. It lies beside what it opens, which protects nothing: production gives the key by its configuration. */
export function mintedSecretKeys(directory: string): [SecretKey] {
  const file = join(directory, 'demo.key');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, randomBytes(keyBytes).toString('base64'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return [parseSecretKeys(readFileSync(file, 'utf8'))[0]];
}
