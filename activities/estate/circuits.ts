/** What the estate says about many circuits at once, as far as a review over them needs it. */
import { jsonDigest, shortDigest } from '../../workflows/domain/digest.ts';
import type { ReviewedCircuit } from '../../workflows/domain/review-plan.ts';
import type { Target, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { Estate } from './schema.ts';
import { targetPolicy } from './target-policy.ts';

export interface LoadedCircuits {
  /** Those that the estate knows. */
  circuits: ReviewedCircuit[];
  /** Where all of them are deployed; null when there is none. */
  production: WorkspaceRef | null;
}

/** Every circuit of the estate, in its order. */
export function allTargets({ plants }: Pick<Estate, 'plants'>): Target[] {
  return Object.entries(plants).flatMap(([plant, { circuits }]) => Object.keys(circuits).map((circuit) => ({ plant, circuit })));
}

export function reviewedCircuits(estate: Estate, targets: readonly Target[]): LoadedCircuits {
  const policies = targets.flatMap((target) => {
    const policy = targetPolicy(estate, target);
    return 'problem' in policy ? [] : [policy];
  });
  return {
    circuits: policies.map(({ target, severity, sensor, endpoint, deployment, gates }) => ({
      target, severity, column: sensor.column, endpoint, deployment,
      terms: Object.fromEntries(Object.entries(gates).map(([gate, policy]) => [gate, shortDigest(jsonDigest(policy))])),
    })),
    production: policies[0]?.workspaces.production ?? null,
  };
}
