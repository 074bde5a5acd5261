/**
 * The value of a button in a chat message: minted when the message is sent, read when somebody presses the button. It says what the button does, and that the product made it; who
 * presses it is for the chat platform to prove. So the key is shared by whoever sends messages and whoever takes the answers, and is not the key that signs decisions.
 *
 * A compact JWS (HS256), some 600 characters: Slack takes 2,000 in a button's value.
 */
import { createSecretKey, randomBytes, randomUUID, type KeyObject } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { jwtVerify, SignJWT } from 'jose';

/** `typ` of the JWS header, so that no other token of the product passes for a button. */
export const buttonTokenType = 'holdpoint-button+jwt';

export interface ButtonClaims {
  workflowId: string;
  /** First run id of the workflow. */
  runId: string;
  gate: string;
  generation: number;
  /** The first 12 digits of the evidence digest that the message showed. */
  evidence: string;
  verdict: 'approve' | 'reject';
  /** ISO instant after which the button does nothing: the gate's deadline. */
  expiresAt: string;
}

/** A button that was read: `id` is unique to the button, so that pressing it twice is found. */
export type ReadButton = ButtonClaims & { id: string };

export interface ButtonKey {
  kid: string;
  secret: KeyObject;
}

/** Why a button does nothing; never says more than that to whoever sent it. */
export class ButtonRefused extends Error {
  readonly reason: 'forged' | 'expired';

  constructor(reason: 'forged' | 'expired', cause?: unknown) {
    super(`the button is ${reason}`, { cause });
    this.reason = reason;
  }
}

/** Makes the value of a button. */
export async function mintButton({ kid, secret }: ButtonKey, { expiresAt, workflowId, runId, gate, generation, evidence, verdict }: ButtonClaims): Promise<string> {
  return await new SignJWT({ workflowId, runId, gate, generation, evidence, verdict })
    .setProtectedHeader({ alg: 'HS256', typ: buttonTokenType, kid })
    .setJti(randomUUID())
    .setExpirationTime(Math.floor(Date.parse(expiresAt) / 1000))
    .sign(secret);
}

/**
 * Reads the value of a button; `now` is for tests of the expiry.
 *
 * @throws ButtonRefused for anything that none of the keys signed, or that is past its time
 */
export async function readButton(keys: readonly ButtonKey[], token: string, now: Date = new Date()): Promise<ReadButton> {
  try {
    const { payload } = await jwtVerify(token, ({ kid }) => secretOf(keys, kid), { algorithms: ['HS256'], typ: buttonTokenType, requiredClaims: ['exp', 'jti'], currentDate: now });
    const { jti, exp, workflowId, runId, gate, generation, evidence, verdict } = payload as typeof payload & ButtonClaims;
    return { id: jti!, workflowId, runId, gate, generation, evidence, verdict, expiresAt: new Date(exp! * 1000).toISOString() };
  } catch (error) {
    throw new ButtonRefused(error instanceof Error && 'code' in error && error.code === 'ERR_JWT_EXPIRED' ? 'expired' : 'forged', error);
  }
}

function secretOf(keys: readonly ButtonKey[], kid: string | undefined): KeyObject {
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key === undefined) throw new Error('no such key');
  return key.secret;
}

/** File name of the keys in the directory of keys: a JWK set; the first key signs, all are read. */
export const buttonKeysFile = 'buttons.private.json';

/** Reads the keys, and mints the first one where there is none: sender and receiver may start in any order, and find the same. */
export async function openButtonKeys(file: string): Promise<[ButtonKey, ...ButtonKey[]]> {
  try {
    return await readButtonKeys(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const minted = `${file}.${randomUUID()}`;
  await writeFile(minted, JSON.stringify({ keys: [newJwk()] }, null, 2), { mode: 0o600 });
  try {
    await link(minted, file); // unlike a rename, it does not replace what the other process has minted meanwhile
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(minted);
  }
  return await readButtonKeys(file);
}

/** Reads the keys; throws ENOENT when there is no file, and names the file when it is not a set of keys. */
export async function readButtonKeys(file: string): Promise<[ButtonKey, ...ButtonKey[]]> {
  const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys?: { kty?: string; kid?: string; k?: string }[] };
  const read = (keys ?? []).flatMap(({ kty, kid, k }) => (kty === 'oct' && kid !== undefined && k !== undefined ? [{ kid, secret: createSecretKey(Buffer.from(k, 'base64url')) }] : []));
  const [first, ...rest] = read;
  if (first === undefined) throw new Error(`${file} holds no symmetric key with a "kid"`);
  return [first, ...rest];
}

function newJwk(): { kty: 'oct'; kid: string; alg: 'HS256'; use: 'sig'; k: string } {
  return { kty: 'oct', kid: randomUUID(), alg: 'HS256', use: 'sig', k: randomBytes(32).toString('base64url') };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
