/** The evidence of an open gate, measured once more: the same for whoever looks after the gate and for the gate itself before its effect. */
import { clip } from '../domain/answer.ts';
import { compareEvidence, type EvidenceItem, type Measured, type Remeasured } from '../domain/evidence.ts';
import type { GateRequest } from './gate-request.ts';
import type { OpenGate } from './open-gate.ts';
import { now } from './workflow-clock.ts';

type Measure<E> = NonNullable<GateRequest<E>['measure']>;

export interface MeasuredAgain<E> {
  fresh: Measured<E>;
  comparison: Remeasured;
}

/** How the gate's evidence is measured again; null where that is not to be done (any more). */
export function measureOf<E>({ request, isLast }: OpenGate<E>): Measure<E> | null {
  return isLast ? null : request.measure;
}

/** Measures, and compares with what was shown; a material change lets the gate open anew, and what has become stale is made anew first. Null where nothing is measured. */
export async function measureAgain<E>(open: OpenGate<E>): Promise<MeasuredAgain<E> | null> {
  open.measuring ??= measureNow(open).finally(() => {
    open.measuring = null;
  });
  return await open.measuring;
}

async function measureNow<E>(open: OpenGate<E>): Promise<MeasuredAgain<E> | null> {
  const measure = measureOf(open);
  if (measure === null) return null;
  const fresh = await measure('again');
  const comparison = compareEvidence(open.measured.items, fresh.items, open.policy.evidence, now().toISOString());
  if (comparison.state === 'changed') open.reopening ??= { measured: comparison.stale ? await measure('anew') : fresh, changes: comparison.changes };
  return { fresh, comparison };
}

/** What was approved, measured once more by the rules of its gate after a wait: what has become stale is made anew, and then it has changed in any case. Without changes it is what was shown. */
export async function measureAfterWait<E>({ measure, policy }: GateRequest<E>, shown: readonly EvidenceItem[]): Promise<{ fresh: Measured<E>; changes: string[] }> {
  const fresh = await measure!('again');
  const { state, changes, stale } = compareEvidence(shown, fresh.items, policy.evidence, now().toISOString());
  if (state !== 'changed') return { fresh, changes: [] };
  return { fresh: stale ? await measure!('anew') : fresh, changes };
}

/** The same question on what was measured after a wait. */
export function askedAgain<E>(request: GateRequest<E>, measured: Measured<E>, changes: readonly string[]): GateRequest<E> {
  const card: typeof request.card = (evidence) => {
    const asked = request.card(evidence);
    return { ...asked, facts: [`it was approved, and had to wait; asked again, for this changed: ${clip(changes.join('; '), 150)}`, ...asked.facts] };
  };
  return { ...request, measured, card };
}
