/** What somebody may do at a gate, as the inbox offers it. The gate itself judges every answer; this only keeps people from filling in what would be refused. */
import type { CountedDecision, GateView } from '../../../workflows/domain/gate-view.ts';
import { canonicalPerson, type Person } from '../../../workflows/domain/policy.ts';

export interface PersonAtGate {
  /** May reject now, and approve unless the checklist is open. */
  mayDecide: boolean;
  /** Why not, for the person. */
  whyNot: string | null;
  decided: CountedDecision | null;
  mayWithdraw: boolean;
  mayDelegate: boolean;
  mayBreakGlass: boolean;
  /** Items of the checklist that wait for this person. */
  checks: GateView['checklist'];
  /** An answer in this person's name that did not count. */
  proposal: GateView['proposals'][number] | null;
}

export function personAtGate(view: GateView, person: string, people: readonly Person[]): PersonAtGate {
  const { policy, state, decisions, eligible } = view;
  const asked = policy.fourEyes && view.requestedBy.some((name) => canonicalPerson(people, name) === person);
  const decided = decisions.find(({ by }) => by === person) ?? null;
  const represented = decisions.find(({ onBehalfOf }) => onBehalfOf === person) ?? null;
  const mayAnswer = eligible.includes(person) && !asked;
  const checks = view.checklist.filter(({ by, people: named, ok }) => by === 'person' && ok !== true && (named === null ? mayAnswer : named.includes(person)));
  const whyNot = asked
    ? 'You asked for this change, so somebody else has to decide it (four eyes).'
    : !eligible.includes(person)
      ? `You are not among those who may decide this gate: ${eligible.join(', ') || 'nobody'}.`
      : decided
        ? `You have ${decided.verdict === 'approve' ? 'approved' : 'rejected'} it.`
        : represented
          ? `${represented.by} has decided for you.`
          : null;
  return {
    mayDecide: whyNot === null,
    whyNot,
    decided,
    mayWithdraw: decided !== null && state !== 'decided',
    mayDelegate: mayAnswer && policy.approvers.includes(person) && decided === null && represented === null && state !== 'decided',
    mayBreakGlass: policy.breakGlass.includes(person) && state !== 'decided',
    checks,
    proposal: view.proposals.find(({ by }) => canonicalPerson(people, by) === person) ?? null,
  };
}

/** Whether the gate waits for this person: a decision, or an item of the checklist. */
export function waitsFor(view: GateView, person: string, people: readonly Person[]): boolean {
  const { mayDecide, checks } = personAtGate(view, person, people);
  return (mayDecide && view.state === 'open') || checks.length > 0;
}

/** Most severe first, then the oldest. */
export function byUrgency(one: GateView, other: GateView): number {
  return one.policy.severity.localeCompare(other.policy.severity) || one.openedAt.localeCompare(other.openedAt) || one.workflowId.localeCompare(other.workflowId);
}
