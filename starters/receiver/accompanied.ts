/** What of the estate is accompanied: whose build pipelines and approvals the receiver listens to. */
import type { Estate } from '../../activities/estate/schema.ts';
import { targetPolicy } from '../../activities/estate/target-policy.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';

/** The policy of a target whose training the build pipeline does; null for any other, and for one that the estate does not know. */
export function accompaniedPolicy(estate: Estate, target: Target): TargetPolicy | null {
  const policy = targetPolicy(estate, target);
  return 'problem' in policy || policy.execution.training !== 'accompany' ? null : policy;
}

/** Whether any target's training is done by a build pipeline. */
export function accompaniesAny(estate: Estate): boolean {
  return Object.entries(estate.plants).some(([plant, { circuits }]) => Object.keys(circuits).some((circuit) => accompaniedPolicy(estate, { plant, circuit }) !== null));
}
