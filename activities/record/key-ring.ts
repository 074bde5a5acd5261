/**
 * The keys that decisions and the record are signed with: Ed25519, as JWK sets in files. A key's `kid` is its thumbprint (RFC 7638). The first key of a private set signs; public
 * keys are never removed, so that what an older key has signed can be verified for ever.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { calculateJwkThumbprint, createLocalJWKSet, exportJWK, generateKeyPair, importJWK, type CryptoKey, type JSONWebKeySet, type JWK } from 'jose';
import { syncDirectory } from './sync-directory.ts';

/** `decisions`: the receiver signs what somebody who is signed in has decided. `record`: the record's worker signs each block. */
export const keyNames = ['decisions', 'record'] as const;
export type KeyName = (typeof keyNames)[number];

export const signingAlgorithm = 'EdDSA';

export interface SigningKey {
  kid: string;
  key: CryptoKey;
}

export interface PublicKeys {
  kids: string[];
  set: JSONWebKeySet;
  /** Finds the key of a signature by its header. */
  find: ReturnType<typeof createLocalJWKSet>;
}

/** A key file is missing or is none; the message names it and says what to do, and nothing of what stands in it. */
export class KeyRingError extends Error {}

/** Where a directory of keys has the halves of a pair. In production each process has only the files that it needs. */
export function keyFiles(directory: string, name: KeyName): { privateKeys: string; publicKeys: string } {
  return { privateKeys: join(directory, `${name}.private.json`), publicKeys: join(directory, `${name}.public.json`) };
}

/** @throws KeyRingError */
export async function readPublicKeys(file: string): Promise<PublicKeys> {
  const set = await readKeySet(file);
  return { kids: set.keys.map(({ kid }) => kid!), set, find: createLocalJWKSet({ keys: set.keys.map(publicHalf) }) };
}

/**
 * The key that signs now.
 *
 * @throws KeyRingError
 */
export async function readSigningKey(file: string): Promise<SigningKey> {
  const [first] = (await readKeySet(file)).keys;
  if (typeof first?.['d'] !== 'string') throw new KeyRingError(`${file} has no private key; \`holdpoint keys mint\` makes one`);
  return { kid: first.kid!, key: (await importJWK(first, signingAlgorithm)) as CryptoKey };
}

/** Reads a key file again only when it has changed, so that a rotation reaches a process that runs. */
export function watched<T>(file: string, read: (file: string) => Promise<T>): () => Promise<T> {
  let known: { at: number | undefined; value: T } | undefined;
  return async () => {
    const at = await stat(file).then(({ mtimeMs }) => mtimeMs, () => undefined);
    if (known === undefined || known.at !== at) known = { at, value: await read(file) };
    return known.value;
  };
}

/**
 * Makes the pairs that a directory lacks, and the public half of each private key that has none. What is there stays as it is, so that minting twice, or by two processes at the same
 * time, changes nothing.
 *
 * @returns the names of the pairs that were made
 */
export async function mintKeys(directory: string, names: readonly KeyName[] = keyNames): Promise<KeyName[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const minted: KeyName[] = [];
  for (const name of names) {
    if (await createOnce(keyFiles(directory, name).privateKeys, { keys: [await generate()] })) minted.push(name);
    await publish(directory, name);
  }
  return minted;
}

/**
 * Lets a new key sign from now on. Its public half is there before it signs anything; the former private key stays second, for a return to it, and older ones go. All public keys stay.
 *
 * @throws KeyRingError when there is no key to rotate
 */
export async function rotateKey(directory: string, name: KeyName): Promise<{ kid: string; former: string }> {
  const { privateKeys, publicKeys } = keyFiles(directory, name);
  const [former] = (await readKeySet(privateKeys)).keys;
  const fresh = await generate();
  const known = await readKeySet(publicKeys).catch(() => ({ keys: [] }));
  await replace(publicKeys, { keys: [publicHalf(fresh), ...known.keys] });
  await replace(privateKeys, { keys: [fresh, ...(former ? [former] : [])] });
  await publish(directory, name);
  return { kid: fresh.kid!, former: former?.kid ?? '' };
}

/** Adds to the public set what of the private one is missing there. */
async function publish(directory: string, name: KeyName): Promise<void> {
  const { privateKeys, publicKeys } = keyFiles(directory, name);
  const { keys } = await readKeySet(privateKeys);
  if (await createOnce(publicKeys, { keys: keys.map(publicHalf) })) return;
  const known = await readKeySet(publicKeys);
  const missing = keys.filter(({ kid }) => !known.keys.some((key) => key.kid === kid));
  if (missing.length > 0) await replace(publicKeys, { keys: [...missing.map(publicHalf), ...known.keys] });
}

async function generate(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(signingAlgorithm, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  return { kid: await calculateJwkThumbprint(jwk), use: 'sig', alg: signingAlgorithm, ...jwk };
}

function publicHalf({ d: _private, ...jwk }: JWK): JWK {
  return jwk;
}

async function readKeySet(file: string): Promise<JSONWebKeySet> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new KeyRingError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}); \`holdpoint keys mint\` makes keys, HOLDPOINT_KEYS names their directory`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new KeyRingError(`${file}: is not JSON`); // without the parser's own message, which repeats what it read
  }
  const { keys } = (parsed ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys) || !keys.every(isEd25519)) throw new KeyRingError(`${file}: is not a set of Ed25519 keys ({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid", "x"}]})`);
  return { keys };
}

function isEd25519(key: unknown): key is JWK {
  const { kty, crv, kid, x } = (key ?? {}) as JWK;
  return kty === 'OKP' && crv === 'Ed25519' && typeof kid === 'string' && typeof x === 'string';
}

/** False where the file was there already. */
async function createOnce(file: string, set: JSONWebKeySet): Promise<boolean> {
  const temporary = await writeTemporary(file, set);
  try {
    await link(temporary, file);
    await syncDirectory(dirname(file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function replace(file: string, set: JSONWebKeySet): Promise<void> {
  await rename(await writeTemporary(file, set), file);
  await syncDirectory(dirname(file));
}

/** On disk, with all its bytes, before it gets its name. */
async function writeTemporary(file: string, set: JSONWebKeySet): Promise<string> {
  const temporary = `${file}.${randomUUID()}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(set, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
}
