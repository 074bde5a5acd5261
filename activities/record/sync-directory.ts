import { open } from 'node:fs/promises';

/** Makes the names in a directory outlive a power failure: syncing a file alone does not. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
