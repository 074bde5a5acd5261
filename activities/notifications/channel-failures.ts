/** What became of a channel that did not take a message: refused for good, or to be tried again. */
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import { isFailure, vendorAnswer } from '../http/classify.ts';
import { plain } from './message.ts';

/** A channel that cannot be used as it is configured; said to people, so without secrets. */
export class Unusable extends Error {}

/** Why a channel refused for good; null where another try may help. */
export function refusalOf(error: unknown): string | null {
  if (error instanceof Unusable) return error.message;
  if (!(error instanceof ApplicationFailure)) throw error;
  const isFinal = error.nonRetryable === true || isFailure(error, FailureType.Unauthorized);
  if (!isFinal) return null;
  // The vendor's words are shown only where they are one of its codes: more could repeat what was sent.
  const { status, code, message } = vendorAnswer(error) ?? { status: null, code: null, message: '' };
  const word = [code, message].find((said) => typeof said === 'string' && /^[A-Za-z0-9_. -]{1,60}$/.test(said));
  return [status ?? '', word ?? 'refused'].join(' ').trim();
}

/** What the next attempt needs to know, and when it may be. Only types and names: a vendor's text could repeat an address. */
export function untold(pending: ReadonlyMap<string, ApplicationFailure>, delivered: readonly string[]): ApplicationFailure {
  const failures = [...pending.values()];
  const delays = failures.map(({ nextRetryDelay }) => (nextRetryDelay === undefined || nextRetryDelay === null ? null : Number(nextRetryDelay)));
  // The soonest that any of them may be tried; a channel that asked for more is left out until then.
  const named = delays.filter((delay) => delay !== null);
  return ApplicationFailure.create({
    type: failures[0]!.type ?? FailureType.Unavailable,
    message: `not told yet: ${[...pending].map(([name, { type }]) => `${name} (${plain(type ?? 'unknown', 40)})`).join(', ')}${delivered.length === 0 ? '' : `; told: ${delivered.join(', ')}`}`,
    ...(named.length === delays.length && { nextRetryDelay: Math.max(1, Math.min(...named)) }),
  });
}

export function waiting(milliseconds: number): ApplicationFailure {
  return ApplicationFailure.create({ type: FailureType.Throttled, message: 'asked for patience', nextRetryDelay: milliseconds });
}
