/**
 * The checklist of an open gate, and its machine items: asked when the gate opens, again at each tick while one is not well, whenever somebody has the gate measured again, and all of
 * them immediately before the effect, for that no alert fired an hour ago says little.
 */
import { clip } from '../domain/answer.ts';
import type { GateView } from '../domain/gate-view.ts';
import type { Checked } from '../domain/machine-checks.ts';
import type { ChecklistItem } from '../domain/policy.ts';
import { isCancelled } from './cancellation.ts';
import { rootMessage } from './compensations.ts';
import type { OpenGate } from './open-gate.ts';

/** A machine's answer just now. */
export interface MachineAnswer extends Checked {
  item: string;
}

/** Items that nobody has answered with yes. */
export function unansweredItems({ policy, ballot }: Pick<OpenGate, 'policy' | 'ballot'>): ChecklistItem[] {
  return policy.checklist.filter(({ id }) => !ballot.checks.some(({ item, ok }) => item === id && ok));
}

/** Every item with its last answer, as people and the record see it. */
export function answeredChecklist({ policy, ballot }: Pick<OpenGate, 'policy' | 'ballot'>): GateView['checklist'] {
  return policy.checklist.map((item) => {
    const check = ballot.checks.find((candidate) => candidate.item === item.id);
    return { ...item, answeredBy: check?.by ?? null, answeredAt: check?.at ?? null, ok: check?.ok ?? null, comment: check?.comment ?? '' };
  });
}

/** Has the machine items answered, all of them or those that are not well; an item that cannot be looked at is answered with no. */
export async function askMachines<E>(open: OpenGate<E>, which: 'all' | 'unanswered'): Promise<MachineAnswer[]> {
  const items = (which === 'all' ? open.policy.checklist : unansweredItems(open)).filter(({ by }) => by === 'machine');
  return await Promise.all(items.map(async ({ id }) => {
    const { ok, comment } = await ask(open, id);
    const answer = { item: id, ok, comment: clip(comment, 200) };
    open.checked(answer.item, answer.ok, answer.comment);
    return answer;
  }));
}

/** Looks at all machine items once more. Whoever approved relied on them: while the effect is waited for, one that says no lets the gate open anew, as often as it takes, for then it cannot be approved. */
export async function lookAgain<E>(open: OpenGate<E>): Promise<MachineAnswer[]> {
  const answers = await askMachines(open, 'all');
  const failing = answers.filter(({ ok }) => !ok);
  if (failing.length > 0 && open.isWaiting && open.standing.state === 'approved') open.reopening ??= { measured: open.measured, changes: failing.map(answerSentence) };
  return answers;
}

/** `no-firing-alerts: an alert fires for …` */
export function answerSentence({ item, comment }: MachineAnswer): string {
  return `${item}: ${comment}`;
}

async function ask({ request: { check } }: Pick<OpenGate, 'request'>, item: string): Promise<Checked> {
  if (!check) return { ok: false, comment: 'the runbook cannot check this' };
  try {
    return await check(item);
  } catch (error) {
    if (isCancelled(error)) throw error;
    return { ok: false, comment: `could not be looked at: ${rootMessage(error)}` };
  }
}
