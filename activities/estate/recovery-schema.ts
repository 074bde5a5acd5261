/** How far a failed batch job is recovered without a person. */
import { z } from 'zod';
import type { RecoveryPolicy } from '../../workflows/domain/policy.ts';
import type { Complain } from './complaints.ts';
import { duration } from './durations.ts';

const step = z.number().min(1.1, 'must be at least 1.1: a smaller step changes nothing').max(10, 'must be at most 10');

export const recovery = z.strictObject({
  miniBatchDivisor: step.default(2),
  smallestMiniBatch: z.int().min(1).default(1),
  timeoutFactor: step.default(2),
  longestTimeout: duration.default(600_000),
  maxRetries: z.int().min(1).max(20).default(4),
  nextJobWithin: duration.default(26 * 3_600_000),
  pollEvery: duration.default(60_000),
});

type Recovery = z.infer<typeof recovery>;

export function checkRecovery({ recovery: { pollEvery, nextJobWithin, longestTimeout } }: { recovery: Recovery }, complain: Complain): void {
  if (pollEvery < 1000) complain(['recovery', 'pollEvery'], 'must be at least 1s: Temporal does not repeat a look sooner');
  if (pollEvery > nextJobWithin) complain(['recovery', 'pollEvery'], 'must not be longer than the wait for the next job ("nextJobWithin")');
  if (longestTimeout < 1000) complain(['recovery', 'longestTimeout'], 'must be at least 1s');
}

export function recoveryPolicy({ longestTimeout, nextJobWithin, pollEvery, ...rest }: Recovery): RecoveryPolicy {
  return { ...rest, longestTimeoutMs: longestTimeout, nextJobWithinMs: nextJobWithin, pollMs: pollEvery };
}
