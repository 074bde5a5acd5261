import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * SHA-256 over the names and contents of files; a directory counts with every file below it.
 * @param {string} base the names are relative to it
 * @param {string[]} paths relative to `base`; one that does not exist counts as such
 */
export function digestOf(base, paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((path) => filesBelow(base, path)).sort()) {
    const file = join(base, path);
    hash.update(`${path}\0`).update(existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest() : 'absent');
  }
  return hash.digest('hex');
}

/** Whether what `stampFile` stands for was made from the inputs with this digest. */
export function isFresh(stampFile, digest) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8').trim() === digest;
}

/** Records that what `stampFile` stands for was made from the inputs with this digest. */
export function writeStamp(stampFile, digest) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, `${digest}\n`);
}

function filesBelow(base, path) {
  const full = join(base, path);
  if (!existsSync(full) || !statSync(full).isDirectory()) return [path];
  return readdirSync(full).flatMap((name) => filesBelow(base, join(path, name)));
}
