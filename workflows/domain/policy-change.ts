/** What a gate that waits takes over from an estate that changed meanwhile: it may get more approvers, and loses those who left; it never becomes easier to pass. */
import { provesAtLeast } from './vocabulary.ts';
import type { GatePolicy } from './policy.ts';

/** The policy from now on, and what is different, one phrase each. */
export function adoptPolicy(held: GatePolicy, fresh: GatePolicy): { policy: GatePolicy; changes: string[] } {
  const joined = fresh.approvers.filter((person) => !held.approvers.includes(person));
  const left = held.approvers.filter((person) => !fresh.approvers.includes(person));
  const policy: GatePolicy = {
    ...held,
    approvers: fresh.approvers,
    // A group that the gate demands stays, with the members that it has now.
    groups: [...fresh.groups, ...held.groups.filter(({ name }) => !fresh.groups.some((group) => group.name === name))],
    mandatoryGroups: [...new Set([...held.mandatoryGroups, ...fresh.mandatoryGroups])],
    delegations: fresh.delegations,
    breakGlass: held.breakGlass.filter((person) => fresh.breakGlass.includes(person)),
    quorum: Math.max(held.quorum, fresh.quorum),
    fourEyes: held.fourEyes || fresh.fourEyes,
    rejection: held.rejection === 'any' ? 'any' : fresh.rejection,
    bindEvidence: held.bindEvidence || fresh.bindEvidence,
    identity: provesAtLeast(fresh.identity, held.identity) ? fresh.identity : held.identity,
  };
  const changes = [
    ...(joined.length > 0 ? [`may decide now: ${joined.join(', ')}`] : []),
    ...(left.length > 0 ? [`may no longer decide: ${left.join(', ')}`] : []),
    ...(policy.quorum > held.quorum ? [`${policy.quorum} must approve`] : []),
    ...(fresh.quorum < held.quorum ? [`the estate now asks for ${fresh.quorum}; this gate keeps ${held.quorum}`] : []),
    ...(policy.identity !== held.identity ? [`identity must be ${policy.identity}`] : []),
    ...(policy.fourEyes && !held.fourEyes ? ['whoever asked may no longer decide'] : []),
    ...(policy.mandatoryGroups.length > held.mandatoryGroups.length ? [`must be among them: ${policy.mandatoryGroups.join(', ')}`] : []),
  ];
  return { policy, changes };
}
