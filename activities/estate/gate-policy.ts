/** A gate of the estate as runs know it: groups expanded, absences as delegations, durations as a clock. */
import type { GatePolicy } from '../../workflows/domain/policy.ts';
import { completeGate, type GateVariant } from './effective-gates.ts';
import { delegationsOf, groupsAmong, peopleBehind } from './names.ts';
import type { Estate } from './schema.ts';

export function gatePolicy(estate: Estate, variant: GateVariant): GatePolicy {
  const gate = completeGate(estate, variant);
  const approvers = peopleBehind(estate, gate.approvers);
  const widen = gate.widen.map(({ after, approvers: names }) => ({ ...after, approvers: peopleBehind(estate, names) }));
  const named = [gate.approvers, gate.mandatoryGroups, ...gate.widen.map((step) => step.approvers), gate.escalate.map(({ to }) => to), gate.breakGlass, ...gate.checklist.map(({ people }) => people ?? [])].flat();
  return {
    quorum: gate.quorum,
    approvers,
    groups: groupsAmong(estate, named),
    mandatoryGroups: gate.mandatoryGroups,
    delegations: delegationsOf(estate, [...approvers, ...widen.flatMap((step) => step.approvers)]),
    fourEyes: gate.fourEyes,
    rejection: gate.rejection,
    bindEvidence: gate.bindEvidence,
    identity: gate.identity,
    clock: { remind: gate.remindAfter, escalate: gate.escalate.map(({ after, to }) => ({ ...after, to })), widen, decide: gate.deadline },
    onSilence: gate.onSilence,
    evidence: { lifetimeMs: gate.evidence.lifetime, tolerance: gate.evidence.tolerance },
    opening: gate.opening,
    checklist: gate.checklist.map((item) => ({ ...item, people: item.people && peopleBehind(estate, item.people) })),
    breakGlass: peopleBehind(estate, gate.breakGlass),
    severity: variant.severity,
  };
}
