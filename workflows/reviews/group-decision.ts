import { workflowInfo } from '@temporalio/workflow';
import type { GateOutcome } from '../blocks/gate-request.ts';
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import type { Decision } from '../domain/approval.ts';
import { targetLabel } from '../domain/ids.ts';
import type { GatePolicy, TargetPolicy } from '../domain/policy.ts';
import { groupCard, type GroupEvidence } from '../domain/review-cards.ts';
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

/** Times that a decision is asked for once more, because it left out something that is not in the group. */
const mostComplaints = 3;
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

  let complaint: string | null = null;
  for (let asked = 1; asked <= mostComplaints; asked += 1) {
    const { gates: figures } = await readGates({ gates: members.map(({ workflowId }) => ({ workflowId, gate: of })) });
    const outcome: GateOutcome<GroupEvidence> = await gates.pass(reviewGate(asked === 1 ? gate : `${gate}-${asked}`, { group, figures, complaint }, groupCard, { terms, policy, withinMs: decideWithinMs }));
    if (outcome.state === 'expired' || outcome.state === 'superseded') return none;

    const verdict = outcome.state === 'approved' ? 'approve' : 'reject';
    const decisive: Decision[] = outcome.decisions.filter((decision) => decision.verdict === verdict);
    const by = decisive.map((decision) => decision.by);
    const except = [...new Set(decisive.flatMap((decision) => decision.except))];
    const stranger = except.find((name) => !members.some((member) => isNamed(member, name)));
    if (stranger !== undefined) {
      // Better asked twice than a release let through that somebody meant to leave out.
      complaint = `Asked again: "${stranger}", which was to be left out, is none of these. Nothing was decided.`;
      continue;
    }
    const decided = members.filter((member) => !except.some((name) => isNamed(member, name)));
    const comment = commentOf(decisive.map((decision) => decision.comment));
    const result: GroupResult = { ...none.result, state: outcome.state, by, except };
    if (verdict === 'approve' && of === productionGate) return { ...none, result, queue: decided, comment };
    const { refused } = await answerGates({ key: run.key(`answer ${gate}`), gates: addresses(decided, of), verdict, by, comment });
    return { ...none, result: { ...result, refused: refused.slice(0, mostRefused), refusedCount: refused.length }, comment };
  }
  return none;
}

export function addresses(members: readonly Member[], gate: string): { workflowId: string; gate: string; evidence: string }[] {
  return members.map(({ workflowId, evidence }) => ({ workflowId, gate, evidence }));
}

/** `P001/C001`, or the id of the run. */
function isNamed({ workflowId, target }: Member, name: string): boolean {
  return name === workflowId || name.toLowerCase() === targetLabel(target).toLowerCase();
}

function commentOf(comments: readonly string[]): string {
  const said = comments.filter((comment) => comment !== '').join('; ');
  return `${said === '' ? '' : `${said} `}(decided in ${workflowInfo().workflowId})`;
}
