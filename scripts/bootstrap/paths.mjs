import { delimiter, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..', '..');
export const cache = join(root, '.cache');
/** Where Node keeps what it made of TypeScript: it spares each process of the product about half a second of a core. */
export const compileCache = join(cache, 'node-compile-cache');
export const binaries = join(root, 'node_modules', '.bin');

/** PATH with the project's own programs first, Node among them. */
export function pathWithProject(path = process.env.PATH ?? '') {
  return [binaries, ...withoutProject(path)].join(delimiter);
}

/** PATH without the project's own programs: npm replaces node_modules, so it must not run on a Node that lies in there. */
export function pathWithoutProject(path = process.env.PATH ?? '') {
  return withoutProject(path).join(delimiter);
}

function withoutProject(path) {
  return path.split(delimiter).filter((directory) => resolve(directory) !== binaries);
}
