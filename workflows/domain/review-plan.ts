/** How a review orders what waits: critical plants first, similar circuits together, and nothing that stands in another one's way. Pure, so that it is tested without a server. */
import { targetLabel } from './ids.ts';
import { cardPages } from './review-pages.ts';
import type { Recommended, TargetVersion, WaitingGate } from './review-gates.ts';
import { severities, type Severity, type Target } from './vocabulary.ts';

/** What the estate says about a circuit, as far as a review needs it. */
export interface ReviewedCircuit {
  target: Target;
  severity: Severity;
  /** The column of the sensor's readings: circuits that predict the same one are similar. */
  column: string;
  endpoint: string;
  deployment: string;
  /** Short digest of each gate's policy: only what the same people decide by the same rules can be decided together. */
  terms: Record<string, string>;
}

/** A release that deploys or is being watched: another version must not come on top. */
export interface BusyTarget {
  workflowId: string;
  target: TargetVersion;
  phase: string;
}

export interface Member {
  workflowId: string;
  /** First run id. */
  runId: string;
  target: TargetVersion;
  evidence: string;
  openedAt: string;
}

/** Releases that one decision is asked for. */
export interface ReviewGroup {
  /** The review's own gate: `group-1`, … */
  gate: string;
  severity: Severity;
  column: string;
  /** The gate at which all members wait. */
  of: string;
  recommends: Recommended;
  identity: WaitingGate['identity'];
  members: Member[];
}

/** A release that is left out of the review, and why. */
export interface Conflict {
  workflowId: string;
  reason: string;
}

export interface ReviewPlan {
  groups: ReviewGroup[];
  conflicts: Conflict[];
}

export interface PlanInput {
  gates: readonly WaitingGate[];
  circuits: readonly ReviewedCircuit[];
  busy: readonly BusyTarget[];
  /** Most members of a group, and no more than one card shows: what one person can take in. */
  groupSize: number;
}

/** The gate whose approval changes production. */
export const productionGate = 'stage3';

const recommendations: readonly Recommended[] = ['approve', 'look', 'reject'];

/** Every gate ends up in exactly one group or among the conflicts. */
export function planReview({ gates, circuits, busy, groupSize }: PlanInput): ReviewPlan {
  const known = new Map(circuits.map((circuit) => [targetLabel(circuit.target), circuit]));
  const conflicts: Conflict[] = [];
  const groups = new Map<string, Omit<ReviewGroup, 'gate'>>();
  for (const gate of [...gates].sort(byAge)) {
    const reason = conflictOf(gate, gates, busy) ?? (known.has(labelOf(gate)) ? undefined : 'the estate does not know its circuit');
    if (reason !== undefined) {
      conflicts.push({ workflowId: gate.workflowId, reason });
      continue;
    }
    const { column, severity, terms } = known.get(labelOf(gate))!;
    const { gate: of, recommends, identity, workflowId, runId, evidence, openedAt } = gate;
    const key = JSON.stringify([severity, of, column, recommends, identity, terms[of] ?? '']);
    const group = groups.get(key) ?? { severity, column, of, recommends, identity, members: [] };
    group.members.push({ workflowId, runId, target: gate.target!, evidence, openedAt });
    groups.set(key, group);
  }
  const ordered = [...groups.values()].sort(byUrgency).flatMap((group) => cardPages(group.members, groupSize).map((members) => ({ ...group, members })));
  return { groups: ordered.map((group, index) => ({ gate: `group-${index + 1}`, ...group })), conflicts };
}

/** Why a release cannot be decided together with others now; undefined if it can. */
function conflictOf(gate: WaitingGate, all: readonly WaitingGate[], busy: readonly BusyTarget[]): string | undefined {
  if (gate.target === null) return 'it releases several circuits at once, and is decided by itself';
  const label = labelOf(gate);
  const newer = all.filter((other) => other.workflowId !== gate.workflowId && labelOf(other) === label && byAge(other, gate) > 0).sort(byAge).at(-1);
  if (newer) return `a newer version of ${label} waits as well: ${newer.target!.version}`;
  const onTop = gate.gate === productionGate ? busy.find(({ workflowId, target }) => workflowId !== gate.workflowId && targetLabel(target) === label) : undefined;
  return onTop && `version ${onTop.target.version} of ${label} is in phase "${onTop.phase}"`;
}

/** Oldest first; of two of the same instant, by id, so that there is one order. */
function byAge(one: WaitingGate, other: WaitingGate): number {
  return compare([one.openedAt, one.workflowId, one.gate], [other.openedAt, other.workflowId, other.gate]);
}

/** Severity first; then what is nearer to production, what is recommended, what waits longest. */
function byUrgency(one: Omit<ReviewGroup, 'gate'>, other: Omit<ReviewGroup, 'gate'>): number {
  const rank = ({ severity, of, recommends, members, column }: Omit<ReviewGroup, 'gate'>) => [severities.indexOf(severity), of === productionGate ? 0 : 1, recommendations.indexOf(recommends), members[0]!.openedAt, column, members[0]!.workflowId];
  return compare(rank(one), rank(other));
}

function compare(one: readonly (string | number)[], other: readonly (string | number)[]): number {
  const index = one.findIndex((value, position) => value !== other[position]);
  return index === -1 ? 0 : one[index]! < other[index]! ? -1 : 1;
}

function labelOf({ target, workflowId }: WaitingGate): string {
  return target === null ? workflowId : targetLabel(target);
}
