/** What really changed on the platforms, counted by resource, from the stand-in's ledger. */
import type { LedgerEntry } from '../../sandbox/core/ledger.ts';

/**
 * Counts the requests that created a resource or changed one, by method and a short form of the resource: `{'PUT dev/jobs/train-P001-C001-…': 1}`. What jobs report about
 * themselves to MLflow is left out.
 */
export function transitions(entries: readonly LedgerEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { changed, method, path } of entries) {
    if (!changed || path.includes('/mlflow/')) continue;
    const name = `${method} ${shortPath(path)}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).sort(([left], [right]) => left.localeCompare(right)));
}

/** `dev/jobs/train-…`, `registry/models/…`, `scoring/test/…`, `git/…/threads`, `wit/workitems/$Bug`, `chat/…`. */
function shortPath(path: string): string {
  return path
    .replace(/^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.MachineLearningServices\//i, '')
    .replace(/^\/ado\/[^/]+\/[^/]+\/_apis\//, '')
    .replace(/^\//, '')
    .replace(/\b(dev|test|prod)-ml-workspace\b/, '$1')
    .replace(/^workspaces\//, '')
    .replace(/^registries\/ml-registry\//, 'registry/')
    .replace(/git\/repositories\/[^/]+\//, '');
}
