/** What a run has really done to the platforms, counted at the stand-in: requests that made something or really changed it. */
import type { LedgerEntry } from '../../sandbox/core/ledger.ts';

/** Each kind of effect, by method and path. Reports, metrics and what is said in the chat are none. */
const kinds = {
  productionWrites: /^(PUT|PATCH|DELETE) .*\/workspaces\/prod-ml-workspace\/batchEndpoints\/[^/]+\/deployments\/[^/]+$/i,
  testWrites: /^(PUT|PATCH|DELETE) .*\/workspaces\/test-ml-workspace\/batchEndpoints\/[^/]+\/deployments\/[^/]+$/i,
  /** Of a model version in the registry: its promotion, or its verdict. */
  registryWrites: /^(PUT|DELETE) .*\/registries\/[^/]+\/models\/[^/]+\/versions\/[^/]+$/i,
  environments: /^(PUT|DELETE) .*\/environments\/[^/]+\/versions\/[^/]+$/i,
  /** Versions of data assets: what drift is held against. */
  baselines: /^(PUT|DELETE) .*\/data\/[^/]+\/versions\/[^/]+$/i,
  trainings: /^PUT .*\/workspaces\/dev-ml-workspace\/jobs\/[^/]+$/i,
  batchJobs: /^POST \/scoring\/.*\/jobs$/i,
  cancelledJobs: /^POST .*\/jobs\/[^/]+\/cancel$/i,
  pushes: /^POST \/ado\/.*\/pushes$/i,
  pullRequests: /^POST \/ado\/.*\/pullRequests$/i,
  pullRequestChanges: /^PATCH \/ado\/.*\/pullRequests\/\d+$/i,
  comments: /^(POST|PATCH) \/ado\/.*\/threads(\/.*)?$/i,
  /** What was asked of a stage in Azure DevOps: to deploy once more, or to stop. */
  stageChanges: /^PATCH \/ado\/.*\/(environments\/\d+|stages\/[^/]+)$/i,
  workItems: /^POST \/ado\/.*\/wit\/workitems\/\$[^/]+$/i,
} as const satisfies Record<string, RegExp>;

export type EffectKind = keyof typeof kinds;
export const effectKinds = Object.keys(kinds) as [EffectKind, ...EffectKind[]];

/** How many of each kind; kinds that did not occur are left out. */
export type Effects = Partial<Record<EffectKind, number>>;

export function countEffects(entries: readonly Pick<LedgerEntry, 'method' | 'path' | 'changed'>[]): Effects {
  const counted: Effects = {};
  for (const { method, path } of entries.filter(({ changed }) => changed)) {
    const kind = effectKinds.find((each) => kinds[each].test(`${method} ${path}`));
    if (kind !== undefined) counted[kind] = (counted[kind] ?? 0) + 1;
  }
  return counted;
}
