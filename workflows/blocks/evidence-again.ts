/** The evidence of an open gate, measured once more: the same for whoever looks after the gate and for the gate itself before its effect. */
import { compareEvidence, type Measured, type Remeasured } from '../domain/evidence.ts';
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

/** Measures it, and compares it with what was shown. */
export async function compareAgain<E>(open: OpenGate<E>, measure: Measure<E>): Promise<MeasuredAgain<E>> {
  const fresh = await measure('again');
  return { fresh, comparison: compareEvidence(open.measured.items, fresh.items, open.policy.evidence, now().toISOString()) };
}

/** Lets the gate open anew; what has become stale is made anew first. */
export async function reopenWith<E>(open: OpenGate<E>, measure: Measure<E>, { fresh, comparison }: MeasuredAgain<E>): Promise<void> {
  open.reopening = { measured: comparison.stale ? await measure('anew') : fresh, comparison };
}
