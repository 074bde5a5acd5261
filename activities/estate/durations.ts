/** Durations as the estate file writes them. */
import ms, { type StringValue } from 'ms';
import { z } from 'zod';
import type { ClockTime } from '../../workflows/domain/policy.ts';

/** A bare number would leave the unit to guessing. */
const inWords = 'must be a duration with its unit, such as "72h", "30m" or "10s"';

/** A duration as text, in milliseconds once read. */
export const duration = z
  .string(inWords)
  .regex(/^\d+(\.\d+)?\s?(ms|s|m|h|d)$/, inWords)
  .transform((value) => ms(value as StringValue));

const clockInWords = `${inWords}, or one of working time, such as "4h working"`;

/** A duration that may count working time only: `4h working`. */
export const clockTime = z
  .string(clockInWords)
  .regex(/^\d+(\.\d+)?\s?(ms|s|m|h|d)(\s+working)?$/, clockInWords)
  .refine((value) => !/d\s+working$/.test(value), 'a working day has no length of its own; give hours, such as "8h working"')
  .transform((value): ClockTime => ({ afterMs: ms(value.replace(/\s+working$/, '') as StringValue), hours: value.endsWith('working') ? 'working' : 'elapsed' }));
