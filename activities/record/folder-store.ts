import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureType } from '../../workflows/domain/failures.ts';
import { vendorFailure } from '../http/classify.ts';
import { syncDirectory } from './sync-directory.ts';
import type { WriteOnceStore } from './write-once-store.ts';

/** Files that are still being written; a worker that was killed may leave one behind, which nobody reads. */
const unfinished = '.unfinished-';

/** A folder of files that nobody may write, not even their owner. It keeps honest people from mistakes, not a person with the owner's rights: what they change, the audit finds. */
export function openFolderStore(folder: string): WriteOnceStore {
  let isMade = false;
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      const type = code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? FailureType.Unauthorized : FailureType.Unavailable;
      throw vendorFailure(type, `the folder ${folder}: ${code}`, { code });
    }
  };
  const created = async (name: string, bytes: Buffer): Promise<'created' | 'exists'> => {
    if (!isMade) await mkdir(folder, { recursive: true });
    isMade = true;
    const temporary = join(folder, `${unfinished}${randomUUID()}`);
    const handle = await open(temporary, 'wx', 0o444);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      // A link, because a rename would replace what is there.
      await link(temporary, join(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'exists';
      throw error;
    } finally {
      await rm(temporary, { force: true });
      await syncDirectory(folder);
    }
    return 'created';
  };
  return {
    location: folder,
    create: (name, bytes) => explained(() => created(name, bytes)),
    read: (name) => explained(() => orAbsent(readFile(join(folder, name)), null)),
    list: (prefix) => explained(async () => (await orAbsent(readdir(folder), [])).filter((name) => name.startsWith(prefix) && !name.startsWith(unfinished)).sort()),
  };
}

async function orAbsent<T, A>(work: Promise<T>, absent: A): Promise<T | A> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent;
    throw error;
  }
}
