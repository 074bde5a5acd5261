/** The kinds of writes that a release sends to the platforms, learnt from the ledger of one that ran undisturbed. */
import type { LedgerEntry } from '../../../sandbox/core/ledger.ts';

export interface VendorWrite {
  method: string;
  /** Regular expression for the paths of this kind, whatever the circuit, version, job or pull request. */
  path: string;
}

/** Distinct kinds of the requests that changed something, in the order of their first occurrence; what jobs report to MLflow is no write of the product. */
export function vendorWrites(entries: readonly LedgerEntry[]): VendorWrite[] {
  const kinds = new Map<string, VendorWrite>();
  for (const { changed, method, path } of entries) {
    if (!changed || path.includes('/mlflow/')) continue;
    const kind = { method, path: pathPattern(path) };
    kinds.set(`${kind.method} ${kind.path}`, kind);
  }
  return [...kinds.values()];
}

/** Names of things become "any name"; what is left tells the kind of resource. */
function pathPattern(path: string): string {
  const pattern = path
    .split('/')
    .map((segment, index, segments) => (isName(segment, segments[index - 1] ?? '') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return `^${pattern}$`;
}

function isName(segment: string, before: string): boolean {
  return ['jobs', 'models', 'versions', 'batchEndpoints', 'deployments', 'pullRequests'].includes(before) || /^batch-endpoint-plant-/.test(segment) || /^\d+$/.test(segment);
}

/** `PUT …/workspaces/dev-ml-workspace/jobs/[^/]+` as a person would call it, for a test's name. */
export function writeName({ method, path }: VendorWrite): string {
  return `${method} ${path.replace(/^\^|\$$/g, '').replace(/^.*MachineLearningServices\//, '').replaceAll('[^/]+', '*').replaceAll('\\', '')}`;
}
