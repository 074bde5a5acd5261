import { workflowInfo } from '@temporalio/workflow';
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { targetLabel } from '../domain/ids.ts';
import type { GatePolicy, TargetPolicy } from '../domain/policy.ts';
import { groupCard } from '../domain/review-cards.ts';
import { productionGate, type Member, type ReviewGroup } from '../domain/review-plan.ts';
import type { GroupResult, ReviewTerms } from '../domain/review-releases.ts';
import { loadPolicy } from '../releases/release-activities.ts';
import { answerGates, readGates } from './review-activities.ts';
import { reviewGate } from './review-gate.ts';

/** What was decided about a group, and what of it is still to be done. */
export interface GroupDecision {
  result: GroupResult;
  members: readonly Member[];
  /** Approved for production, and not told to their gates yet: they go in waves. */
  queue: Member[];
  comment: string;
  terms: GatePolicy;
  policy: TargetPolicy;
}

/** Refusals in the result. */
const mostRefused = 50;

/**
 * Asks for one decision over the group, and gives it to each member's gate as the decision of the people who made it: the evidence digest that they were shown goes with it, so a
 * gate whose evidence changed meanwhile refuses it. Approvals for production are kept for the waves.
 */
export async function decideGroup(run: Run, gates: Gates, group: ReviewGroup, { decideWithinMs }: ReviewTerms): Promise<GroupDecision> {
  const policy = await loadPolicy({ target: { plant: group.members[0]!.target.plant, circuit: group.members[0]!.target.circuit } });
  const terms = policy.gates[group.of as keyof TargetPolicy['gates']];
  const { gate, of, severity, column, recommends, identity, members } = group;
  const about = { gate, of, severity, column, recommends, identity, members: members.length };
  const none: GroupDecision = { result: { ...about, state: 'undecided', by: [], except: [], refused: [], refusedCount: 0 }, members, queue: [], comment: '', terms, policy };
  // A name that this run vouches for is no more than claimed. Where more is wanted each person signs for each release, in bulk in the inbox.
  if (identity !== 'claimed') return { ...none, result: { ...none.result, state: 'inbox' } };

  const { gates: figures } = await readGates({ gates: members.map(({ workflowId }) => ({ workflowId, gate: of })) });
  const request = reviewGate(gate, { group, figures }, groupCard, { terms, policy, withinMs: decideWithinMs });
  const outcome = await gates.pass({ ...request, parts: members.map(({ target }) => targetLabel(target)) }); // an exception that names none of these is refused
  if (outcome.state === 'expired' || outcome.state === 'superseded') return none;

  const verdict = outcome.state === 'approved' ? 'approve' : 'reject';
  const decisive = outcome.decisions.filter((decision) => decision.verdict === verdict);
  const by = decisive.map((decision) => decision.by);
  const except = [...new Set(decisive.flatMap((decision) => decision.except))];
  const decided = members.filter(({ target }) => !except.includes(targetLabel(target)));
  const comment = commentOf(decisive.map((decision) => decision.comment));
  const result: GroupResult = { ...none.result, state: outcome.state, by, except };
  if (verdict === 'approve' && of === productionGate) return { ...none, result, queue: decided, comment };
  const { refused } = await answerGates({ key: run.key(`answer ${gate}`), gates: addresses(decided, of), verdict, by, comment });
  return { ...none, result: { ...result, refused: refused.slice(0, mostRefused), refusedCount: refused.length }, comment };
}

export function addresses(members: readonly Member[], gate: string): { workflowId: string; gate: string; evidence: string }[] {
  return members.map(({ workflowId, evidence }) => ({ workflowId, gate, evidence }));
}

function commentOf(comments: readonly string[]): string {
  const said = comments.filter((comment) => comment !== '').join('; ');
  return `${said === '' ? '' : `${said} `}(decided in ${workflowInfo().workflowId})`;
}
