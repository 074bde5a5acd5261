/** The slice of the estate that concerns a pipeline's stage before an environment. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import type { FreezeEnvironment } from '../../workflows/domain/freeze.ts';
import type { GatePolicy, Person } from '../../workflows/domain/policy.ts';
import { effectiveGate, missingFields, type GateVariant } from './effective-gates.ts';
import { gatePolicy } from './gate-policy.ts';
import { gateEnvironments } from './gate-schema.ts';
import type { Estate } from './schema.ts';
import type { UnknownTarget } from './target-policy.ts';

export interface StagePolicy {
  /** SHA-256 of this slice, hexadecimal. */
  digest: string;
  people: Person[];
  /** Where the inbox is, for the card's link; null if there is none. */
  inboxUrl: string | null;
  gate: GatePolicy;
  /** Where a freeze holds it: what comes before the registry is development, all else production. */
  takesPlaceIn: FreezeEnvironment;
  /** Milliseconds between two looks at whether the stage still waits. */
  watchEveryMs: number;
}

/** The stage's policy with its digest. */
export function stagePolicy(estate: Estate, environment: string, inboxUrl: string | null = estate.inbox ?? null): StagePolicy | UnknownTarget {
  const { watchEvery } = estate.azureDevOps.stages;
  const variant = stageVariant(estate, environment);
  const { gate, severity } = variant;
  const missing = missingFields(effectiveGate(estate, variant));
  if (missing.length > 0) return { field: ['gates', gate], problem: `the gate of stages before ${environment} (${gate} at ${severity}) lacks ${missing.join(', ')}` };
  const whole = gatePolicy(estate, variant);
  // A stage that has not run has nothing to roll back: silence lets nothing through.
  const policy = { people: estate.people.map(({ id, aliases, calendar }) => ({ id, aliases, calendar })), gate: { ...whole, onSilence: whole.onSilence === 'rollBack' ? ('expire' as const) : whole.onSilence }, watchEveryMs: watchEvery };
  return { digest: jsonDigest(policy), inboxUrl, takesPlaceIn: gateEnvironments[gate] === 'production' ? 'production' : 'development', ...policy };
}

/** Which gate a stage before this environment has. */
export function stageVariant({ azureDevOps: { stages } }: Pick<Estate, 'azureDevOps'>, environment: string): GateVariant {
  // Azure DevOps tells environments apart without regard to case.
  const named = Object.entries(stages.environments).find(([name]) => name.toLowerCase() === environment.toLowerCase())?.[1];
  return { gate: 'stage3', severity: 'P2', ...named, plant: null };
}
