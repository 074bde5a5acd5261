import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { calculateJwkThumbprint, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { keyFiles, KeyRingError, mintKeys, readPublicKeys, readSigningKey, rotateKey } from '../../../activities/record/key-ring.ts';
import { createDecisionSigner, UnsignableAnswer } from '../../../starters/decision-signer.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-keys-'));
after(() => rmSync(directory, { recursive: true }));
const fresh = (() => {
  let count = 0;
  return (): string => join(directory, String((count += 1)));
})();
const contents = (where: string): string[] => readdirSync(where).sort().map((name) => `${name} ${readFileSync(join(where, name), 'utf8')}`);

describe('key ring', () => {
  it('mints both pairs, readable by their owner only, and minting again changes nothing', async () => {
    const where = fresh();
    assert.deepEqual(await mintKeys(where), ['decisions', 'record']);
    const before = contents(where);
    assert.deepEqual(readdirSync(where).sort(), ['decisions.private.json', 'decisions.public.json', 'record.private.json', 'record.public.json']);
    for (const file of readdirSync(where)) assert.equal(statSync(join(where, file)).mode & 0o777, 0o600, file);
    assert.deepEqual(await mintKeys(where), []);
    assert.deepEqual(contents(where), before);
  });

  it('makes one pair when several processes mint at the same time', async () => {
    const where = fresh();
    const minted = await Promise.all(Array.from({ length: 8 }, () => mintKeys(where, ['record'])));
    assert.equal(minted.flat().length, 1);
    const { kid } = await readSigningKey(keyFiles(where, 'record').privateKeys);
    assert.deepEqual((await readPublicKeys(keyFiles(where, 'record').publicKeys)).kids, [kid]);
  });

  it('keeps the private half out of the public set, and names keys by their thumbprint', async () => {
    const where = fresh();
    await mintKeys(where);
    const { set, kids } = await readPublicKeys(keyFiles(where, 'decisions').publicKeys);
    assert.equal(set.keys.length, 1);
    assert.ok(!('d' in set.keys[0]!));
    assert.deepEqual(kids, [await calculateJwkThumbprint(set.keys[0]!)]);
  });

  it('rotates: the new key signs, every public key stays, the former private key is kept and older ones are not', async () => {
    const where = fresh();
    await mintKeys(where, ['record']);
    const { privateKeys, publicKeys } = keyFiles(where, 'record');
    const first = (await readSigningKey(privateKeys)).kid;
    const second = await rotateKey(where, 'record');
    assert.equal(second.former, first);
    const third = await rotateKey(where, 'record');
    assert.equal((await readSigningKey(privateKeys)).kid, third.kid);
    assert.deepEqual((await readPublicKeys(publicKeys)).kids, [third.kid, second.kid, first]);
    const kept = JSON.parse(readFileSync(privateKeys, 'utf8')) as JSONWebKeySet;
    assert.deepEqual(kept.keys.map(({ kid }) => kid), [third.kid, second.kid]);
  });

  it('makes the public set again from the private one', async () => {
    const where = fresh();
    await mintKeys(where, ['record']);
    const { privateKeys, publicKeys } = keyFiles(where, 'record');
    rmSync(publicKeys);
    assert.deepEqual(await mintKeys(where, ['record']), []);
    assert.deepEqual((await readPublicKeys(publicKeys)).kids, [(await readSigningKey(privateKeys)).kid]);
  });

  it('names a file that is missing or is none, and repeats nothing of it', async () => {
    const where = fresh();
    await assert.rejects(readSigningKey(join(where, 'record.private.json')), (error: Error) => error instanceof KeyRingError && /record\.private\.json: cannot be read \(ENOENT\); `holdpoint keys mint`/.test(error.message));
    await mintKeys(where);
    for (const text of ['hunter2 {', '{"keys": [{"kty": "oct", "k": "hunter2"}]}']) {
      writeFileSync(keyFiles(where, 'record').publicKeys, text);
      await assert.rejects(readPublicKeys(keyFiles(where, 'record').publicKeys), (error: Error) => error instanceof KeyRingError && !error.message.includes('hunter2'));
    }
    await assert.rejects(readSigningKey(keyFiles(where, 'decisions').publicKeys), /has no private key/);
  });
});

describe('decision signer', () => {
  it('signs the answer as a run reads it, and goes on with the new key after a rotation', async () => {
    const where = fresh();
    await mintKeys(where);
    const { privateKeys, publicKeys } = keyFiles(where, 'decisions');
    const sign = createDecisionSigner({ privateKeysFile: privateKeys });
    const decision = { workflowId: 'releaseModel:P001:C001:1', runId: 'r1', via: 'inbox', by: 'alice', answer: { gate: 'stage1', verdict: 'approve', comment: '  fine ', by: 'somebody else', evidence: '0123456789ab' } as const };
    const { signature, ...answer } = await sign(decision);
    assert.deepEqual(answer, { gate: 'stage1', verdict: 'approve', comment: 'fine', by: 'alice', evidence: '0123456789ab' });
    const { payload } = await jwtVerify(signature!, (await readPublicKeys(publicKeys)).find, { typ: 'holdpoint-decision+jwt', issuer: 'holdpoint' });
    assert.deepEqual([payload.sub, payload['workflowId'], payload['runId'], payload['via'], payload['answer'], typeof payload.jti], ['alice', 'releaseModel:P001:C001:1', 'r1', 'inbox', answer, 'string']);
    const { kid } = await rotateKey(where, 'decisions');
    const later = await sign(decision);
    assert.equal(decodeProtectedHeader(later.signature!).kid, kid);
    for (const token of [signature!, later.signature!]) await jwtVerify(token, (await readPublicKeys(publicKeys)).find);
  });

  it('signs nothing that could serve two verdicts, and nothing malformed', async () => {
    const where = fresh();
    await mintKeys(where);
    const sign = createDecisionSigner({ privateKeysFile: keyFiles(where, 'decisions').privateKeys });
    const base = { workflowId: 'w', runId: 'r', via: 'inbox', by: 'alice' };
    await assert.rejects(sign({ ...base, answer: { gate: 'stage1' } }), UnsignableAnswer);
    await assert.rejects(sign({ ...base, answer: { gate: 'stage1', verdict: 'delegate', to: 'bob', until: 'tomorrow' } }), UnsignableAnswer);
  });
});
