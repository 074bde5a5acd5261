import type { Snapshot } from './repository.ts';

/** What happened to one file between two snapshots. */
export interface FileChange {
  changeType: 'add' | 'edit' | 'delete' | 'rename';
  /** The path afterwards; for a deletion the one before. */
  path: string;
  objectId?: string;
  originalObjectId?: string;
  /** The path before a rename. */
  originalPath?: string;
}

/**
 * The changes from one snapshot to another, by path. A file that disappears while one of the same content appears is a rename;
 * a moved and edited file counts as a deletion and an addition.
 */
export function changesBetween(before: Snapshot, after: Snapshot): FileChange[] {
  const removed = Object.keys(before).filter((path) => !(path in after));
  const changes: FileChange[] = [];
  for (const [path, objectId] of Object.entries(after)) {
    const originalObjectId = before[path];
    if (originalObjectId === objectId) continue;
    if (originalObjectId !== undefined) {
      changes.push({ changeType: 'edit', path, objectId, originalObjectId });
      continue;
    }
    const source = removed.findIndex((candidate) => before[candidate] === objectId);
    const [originalPath] = source < 0 ? [] : removed.splice(source, 1);
    if (originalPath === undefined) changes.push({ changeType: 'add', path, objectId });
    else changes.push({ changeType: 'rename', path, objectId, originalObjectId: objectId, originalPath });
  }
  for (const path of removed) changes.push({ changeType: 'delete', path, originalObjectId: before[path]! });
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
