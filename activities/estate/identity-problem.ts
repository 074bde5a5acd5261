/** Whether what the estate demands about who answers can be had here. The worker asks when it starts; a policy that has changed since is asked about when it is loaded. */
import type { GatePolicy } from '../../workflows/domain/policy.ts';
import type { IdentityLevel } from '../../workflows/domain/vocabulary.ts';
import { effectiveGate, type GateVariant } from './effective-gates.ts';
import type { Path } from './complaints.ts';
import type { Estate } from './schema.ts';

/** What is wrong with a gate of this level in this installation, and what to do; null: nothing. */
export type IdentityProblem = (level: IdentityLevel) => string | null;

/** The first gate that must not be opened as it is, as a complaint about its field. */
export function identityComplaint(estate: Estate, gates: readonly { variant: GateVariant; policy: GatePolicy }[], identityProblem: IdentityProblem): { field: Path; problem: string } | null {
  for (const { variant, policy } of gates) {
    const problem = identityProblem(policy.identity);
    if (problem !== null) return { field: effectiveGate(estate, variant).origin('identity'), problem: `gates such as ${variant.gate} ${problem}` };
  }
  return null;
}
