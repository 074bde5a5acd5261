/** What a settled gate comes to, as it stands now. */
import { now } from './workflow-clock.ts';
import { unansweredItems } from './checklist.ts';
import type { GateOutcome } from './gate-request.ts';
import type { OpenGate } from './open-gate.ts';

/** Null: it comes to nothing, and has to open again. */
export function outcomeOf<E>(open: OpenGate<E>): GateOutcome<E> | null {
  const { standing, superseded, bypass, reopening, expired, ballot, policy, gate, measured: { evidence } } = open;
  const decisions = [...ballot.decisions];
  if (bypass) return { state: 'approved', by: [bypass.by], decisions, except: [], evidence, bypass };
  if (superseded) return { state: 'superseded', ...superseded, decisions };
  if (standing.state === 'rejected') return { state: 'rejected', by: standing.by, reason: standing.reason, decisions };
  if (reopening) return null;
  if (standing.state === 'approved') return { state: 'approved', by: standing.by, decisions, except: [...new Set(decisions.flatMap(({ except }) => except))], evidence, bypass: null };
  if (!expired) return null;
  if (policy.onSilence === 'reject') return { state: 'rejected', ...(open.lapse ?? { by: 'nobody', reason: `nobody answered ${gate} in time` }), decisions };
  // Silence answers no checklist.
  if ((policy.onSilence !== 'approve' && policy.onSilence !== 'rollBack') || unansweredItems(open).length > 0) return { state: 'expired', decisions };
  return { state: 'approved', by: [], decisions, except: [], evidence, bypass: null };
}

/** Whether the outcome is what it was when it was put on record, and its opening has not ended meanwhile. */
export function isStillSo(open: OpenGate, outcome: GateOutcome, until: string | null): boolean {
  const current = outcomeOf(open);
  if (current?.state !== 'approved' || outcome.state !== 'approved') return false;
  return outcome.bypass !== null || (current.bypass === null && (until === null || now().toISOString() < until));
}

/** Whether nothing is to be waited for any more: no approval is left whose effect could begin, or somebody has broken the glass. */
export function isOff(open: OpenGate): boolean {
  return outcomeOf(open)?.state !== 'approved' || open.bypass !== null;
}

export function approvedBy({ standing }: OpenGate): string[] {
  return standing.state === 'approved' ? standing.by : [];
}

/** Why an approval is none any more. */
export function takenBack(open: OpenGate, before: readonly string[]): string[] {
  const decided = open.ballot.decisions.map(({ by }) => by);
  const lost = before.filter((person) => !decided.includes(person));
  return [lost.length > 0 ? `the approval of ${lost.join(', ')} no longer counts` : 'the approvals no longer suffice'];
}

export function deciders(outcome: GateOutcome): string[] {
  return outcome.state === 'approved' ? outcome.by : 'by' in outcome ? [outcome.by] : [];
}

export function reasonOf({ lapse }: OpenGate, outcome: GateOutcome): string {
  if ('reason' in outcome) return outcome.reason;
  if (outcome.state === 'expired') return lapse ? `${lapse.by}: ${lapse.reason}` : '';
  return outcome.by.length === 0 ? 'nobody answered in time; silence approves by policy' : '';
}
