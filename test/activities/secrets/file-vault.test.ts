import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFileVault } from '../../../activities/secrets/file-vault.ts';
import { mintedSecretKeys, parseSecretKeys } from '../../../activities/secrets/secret-keys.ts';
import type { SealedSecret } from '../../../activities/secrets/sealed.ts';

const key = randomBytes(32);
const secret = { value: 'eyJ0.job-token.sig', expiresAt: '2026-11-23T12:00:00.000Z' };

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-vault-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'secrets');
}

void test('a secret comes back as it was put, and lies unreadable in a file of its own', async (t) => {
  const directory = directoryOf(t);
  const vault = createFileVault({ directory, keys: [key] });
  await vault.put('check-1', { ...secret, value: 'first' });
  await vault.put('check-1', secret);
  assert.deepEqual(await vault.get('check-1'), secret);
  const [file] = readdirSync(directory);
  assert.equal(file, 'check-1.secret.json');
  assert.equal(readFileSync(join(directory, file), 'utf8').includes(secret.value), false);
  assert.deepEqual([statSync(join(directory, file)).mode & 0o777, statSync(directory).mode & 0o777], [0o600, 0o700]);
});

void test('another key, a changed byte, another name or another expiry opens nothing', async (t) => {
  const directory = directoryOf(t);
  await createFileVault({ directory, keys: [key] }).put('check-1', secret);
  assert.equal(await createFileVault({ directory, keys: [randomBytes(32)] }).get('check-1'), null);
  const file = join(directory, 'check-1.secret.json');
  const sealed = JSON.parse(readFileSync(file, 'utf8')) as SealedSecret;
  const vault = createFileVault({ directory, keys: [key] });
  writeFileSync(join(directory, 'check-2.secret.json'), JSON.stringify(sealed));
  assert.equal(await vault.get('check-2'), null);
  for (const changed of [{ ...sealed, expiresAt: '2036-11-23T12:00:00.000Z' }, { ...sealed, text: `${sealed.text.startsWith('A') ? 'B' : 'A'}${sealed.text.slice(1)}` }]) {
    writeFileSync(file, JSON.stringify(changed));
    assert.equal(await vault.get('check-1'), null);
  }
});

void test('after a rotation the old key still opens, and the new one seals', async (t) => {
  const directory = directoryOf(t);
  const next = randomBytes(32);
  await createFileVault({ directory, keys: [key] }).put('old', secret);
  const rotated = createFileVault({ directory, keys: [next, key] });
  await rotated.put('new', secret);
  assert.deepEqual(await rotated.get('old'), secret);
  assert.deepEqual(await createFileVault({ directory, keys: [next] }).get('new'), secret);
});

void test('what has expired is removed, what has not stays; removing twice changes nothing', async (t) => {
  const vault = createFileVault({ directory: directoryOf(t), keys: [key] });
  assert.equal(await vault.removeExpired(new Date()), 0);
  await vault.put('old', { ...secret, expiresAt: '2026-11-20T00:00:00.000Z' });
  await vault.put('new', secret);
  assert.equal(await vault.removeExpired(new Date('2026-11-21T00:00:00.000Z')), 1);
  assert.deepEqual([await vault.get('old'), await vault.get('new')], [null, secret]);
  assert.deepEqual([await vault.remove('new'), await vault.remove('new')], [true, false]);
});

void test('a name that would leave the folder is refused', async (t) => {
  const vault = createFileVault({ directory: directoryOf(t), keys: [key] });
  for (const name of ['../x', 'a/b', '', 'a.b', 'x'.repeat(128)]) await assert.rejects(vault.put(name, secret), /the name of a secret/);
});

void test('keys of a wrong length are refused without being shown; the demo mints one key for all its processes', (t) => {
  assert.throws(() => parseSecretKeys('c2hvcnQ='), (error: Error) => /base64 of 32 bytes/.test(error.message) && !error.message.includes('c2hvcnQ'));
  const directory = directoryOf(t);
  assert.deepEqual(mintedSecretKeys(directory), mintedSecretKeys(directory));
  assert.equal(parseSecretKeys(`${key.toString('base64')}, ${randomBytes(32).toString('base64')}`).length, 2);
});
