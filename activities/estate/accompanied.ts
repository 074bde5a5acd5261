/** What of the estate is accompanied: whose build pipelines and approvals the receiver, and the reconciliation of missed hooks, look at. */
import type { BuildRules } from '../../workflows/domain/hook.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import type { Estate } from './schema.ts';
import { targetPolicy } from './target-policy.ts';

/** The policy of a target whose training the build pipeline does; null for any other, and for one that the estate does not know. */
export function accompaniedPolicy(estate: Estate, target: Target): TargetPolicy | null {
  const policy = targetPolicy(estate, target);
  return 'problem' in policy || policy.execution.training !== 'accompany' ? null : policy;
}

/** Whether any target's training is done by a build pipeline. */
export function accompaniesAny(estate: Estate): boolean {
  return Object.entries(estate.plants).some(([plant, { circuits }]) => Object.keys(circuits).some((circuit) => accompaniedPolicy(estate, { plant, circuit }) !== null));
}

/** What builds are followed by; null where no target is accompanied. */
export function buildRules(estate: Estate): BuildRules | null {
  const { releaseBranch, training } = estate;
  return accompaniesAny(estate) ? { releaseBranch, forMs: training.timeout, everyMs: training.pollEvery } : null;
}
