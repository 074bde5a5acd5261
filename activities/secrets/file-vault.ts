import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seal, unseal, type SealedSecret, type SecretKey } from './sealed.ts';
import { requireSecretName, type SecretVault } from './vault.ts';

const suffix = '.secret.json';

/**
 * Secrets as sealed files in one directory, which the receiver writes and the worker reads: both on one machine, or on a shared volume.
 *
 * @param keys the first seals; the others still open what was sealed before a rotation
 */
export function createFileVault({ directory, keys }: { directory: string; keys: readonly [SecretKey, ...SecretKey[]] }): SecretVault {
  const fileOf = (name: string): string => {
    requireSecretName(name);
    return join(directory, `${name}${suffix}`);
  };
  const read = async (file: string): Promise<SealedSecret | null> => {
    try {
      return JSON.parse(await readFile(file, 'utf8')) as SealedSecret;
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return null;
      throw error;
    }
  };
  const remove = async (file: string): Promise<boolean> => {
    try {
      await rm(file);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  };

  return {
    async put(name, secret) {
      const file = fileOf(name);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      // Renamed into place: a reader sees the old secret or the new one, never half of it.
      const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
      await writeFile(draft, JSON.stringify(seal(name, secret, keys[0])), { mode: 0o600 });
      await rename(draft, file);
    },
    async get(name) {
      const sealed = await read(fileOf(name));
      return sealed === null ? null : unseal(name, sealed, keys);
    },
    remove: async (name) => remove(fileOf(name)),
    async removeExpired(at) {
      const names = await readdir(directory).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      });
      let removed = 0;
      for (const name of names.filter((file) => file.endsWith(suffix))) {
        const sealed = await read(join(directory, name));
        if (sealed !== null && Date.parse(sealed.expiresAt) <= at.getTime() && (await remove(join(directory, name)))) removed += 1;
      }
      return removed;
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
