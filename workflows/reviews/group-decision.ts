import { workflowInfo } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { ReviewReference } from '../domain/answer.ts';
import { targetLabel } from '../domain/ids.ts';
import type { GatePolicy, TargetPolicy } from '../domain/policy.ts';
import { groupCard } from '../domain/review-cards.ts';
import type { GivenDecision, Refusal } from '../domain/review-gates.ts';
import { productionGate, type Member, type ReviewGroup } from '../domain/review-plan.ts';
import { memberItem, reviewComment } from '../domain/review-proof.ts';
import type { GroupResult, ReviewTerms } from '../domain/review-releases.ts';
import { loadPolicy } from '../releases/release-activities.ts';
import type { GateTurns } from './gate-turns.ts';
import { answerGates, readGates } from './review-activities.ts';
import { reviewGate } from './review-gate.ts';
import type { SignedDecisions } from './signed-decisions.ts';

/** What was decided about a group, and what of it is still to be done. */
export interface GroupDecision {
  result: GroupResult;
  members: readonly Member[];
  /** Approved for production, and not told to their gates yet: they go in waves. */
  queue: Member[];
  /** Whose decisions they are, each with its proof where it was signed. */
  given: GivenDecision[];
  /** The opening at which they were made. */
  review: ReviewReference;
  terms: GatePolicy;
  policy: TargetPolicy;
}

/** Refusals in the result. */
const mostRefused = 50;

/**
 * Asks for one decision over the group, and gives it to each member's gate as the decision of the people who made it: the evidence digest that they were shown goes with it, so a
 * gate whose evidence changed meanwhile refuses it, and so does a signature, which proves it there. Approvals for production are kept for the waves.
 */
export async function decideGroup(run: Run, gates: GateTurns, signed: SignedDecisions, group: ReviewGroup, { decideWithinMs }: ReviewTerms): Promise<GroupDecision> {
  const policy = await loadPolicy({ target: { plant: group.members[0]!.target.plant, circuit: group.members[0]!.target.circuit } });
  const terms = policy.gates[group.of as keyof TargetPolicy['gates']];
  const { gate, of, identity } = group;
  const { workflowId, firstExecutionRunId: runId } = workflowInfo();
  const none: GroupDecision = { result: undecided(group), members: group.members, queue: [], given: [], review: { workflowId, runId, gate, generation: 0 }, terms, policy };
  // Whom the server takes a signal for it says of that signal alone: nothing proves it at another run's gate.
  if (identity === 'attributed') return { ...none, result: { ...none.result, state: 'inbox' } };

  const { gates: figures } = await readGates({ gates: group.members.map((member) => ({ workflowId: member.workflowId, gate: of })) });
  const { members, gone } = stillThere(group.members, figures);
  refuse(none.result, gone);
  if (members.length === 0) return none;
  const items = members.map((member) => memberItem(targetLabel(member.target), { ...member, gate: of }, member.evidence, now().toISOString()));
  const request = reviewGate(gate, { group: { ...group, members }, figures }, groupCard, { terms, policy, withinMs: decideWithinMs, items });
  const outcome = await gates.pass({ ...request, parts: members.map(({ target }) => targetLabel(target)) }); // an exception that names none of these is refused
  if (outcome.state === 'expired' || outcome.state === 'superseded') return none;

  const verdict = outcome.state === 'approved' ? 'approve' : 'reject';
  const decisive = outcome.decisions.filter((decision) => decision.verdict === verdict);
  const except = [...new Set(decisive.flatMap((decision) => decision.except))];
  const decided = members.filter(({ target }) => !except.includes(targetLabel(target)));
  const given = decisive.map((decision): GivenDecision => {
    const signature = signed.signatureOf(decision);
    return { by: decision.by, comment: reviewComment(decision.comment, workflowId), ...(signature !== undefined && { signature }) };
  });
  // What the review showed, and who decided, is what proves a signature at the members' gates: it is on record before they are asked.
  if (given.some(({ signature }) => signature !== undefined)) await run.record.flush();
  const decision: GroupDecision = { ...none, result: { ...none.result, state: outcome.state, by: given.map(({ by }) => by), except }, given };
  if (verdict === 'approve' && of === productionGate) return { ...decision, queue: decided };
  await giveDecision(run, `answer ${gate}`, decision, decided, verdict);
  return decision;
}

/** The result of a group that nobody has decided (yet). */
export function undecided({ gate, of, severity, column, recommends, identity, members }: ReviewGroup): GroupResult {
  return { gate, of, severity, column, recommends, identity, members: members.length, state: 'undecided', by: [], except: [], refused: [], refusedCount: 0 };
}

/** Tells the members' gates what was decided about them; answers the ids of those that took it. */
export async function giveDecision(run: Run, step: string, { result, given, review }: GroupDecision, members: readonly Member[], verdict: 'approve' | 'reject'): Promise<string[]> {
  const gates = members.map(({ workflowId, evidence }) => ({ workflowId, gate: result.of, evidence }));
  const { refused } = await answerGates({ key: run.key(step), gates, verdict, decisions: given, review });
  refuse(result, refused);
  return members.map(({ workflowId }) => workflowId).filter((workflowId) => !refused.some((refusal) => refusal.workflowId === workflowId));
}

/** Members whose own gate did not take the decision, or was not asked. */
export function refuse(result: GroupResult, refused: readonly Refusal[]): void {
  result.refused.push(...refused.slice(0, Math.max(0, mostRefused - result.refused.length)));
  result.refusedCount += refused.length;
}

/** Nobody decides what the card does not show: members that were decided or measured again since the review was planned go back to their own gates. */
function stillThere(members: readonly Member[], figures: readonly { workflowId: string; evidence: string }[]): { members: Member[]; gone: Refusal[] } {
  const evidenceNow = new Map(figures.map(({ workflowId, evidence }) => [workflowId, evidence]));
  const isThere = ({ workflowId, evidence }: Member): boolean => evidenceNow.get(workflowId) === evidence;
  const gone = members.filter((member) => !isThere(member));
  return { members: members.filter(isThere), gone: gone.map(({ workflowId }) => ({ workflowId, reason: evidenceNow.has(workflowId) ? 'its evidence has changed since the review began' : 'it does not wait any more, or does not answer' })) };
}
