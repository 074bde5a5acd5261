/** The values that story files are made of, each with the sentence that refuses a wrong one. */
import ms, { type StringValue } from 'ms';
import { z } from 'zod';
import { isRegularExpression } from '../../sandbox/core/faults.ts';
import type { StopScope } from '../../workflows/domain/emergency-stop.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';

export const text = (most: number) => z.string('must be a text').trim().min(1, 'must not be empty').max(most, `must have at most ${most} characters`);
export const whole = z.int('must be a whole number').min(0, 'must be 0 or more');
const share = 'must be a share such as "80%"';
export const percent = z.string(share).regex(/^(100|\d\d?)%$/, share).transform((value) => Number(value.slice(0, -1)) / 100);
export const expression = text(500).refine(isRegularExpression, 'must be a regular expression');
export const label = z.string('must be a text').regex(/^[A-Za-z0-9-]+\/[A-Za-z0-9-]+$/, 'must be <plant>/<circuit>, such as P001/C001');
const scope = z.string('must be a text').regex(/^[A-Za-z0-9-]+(\/[A-Za-z0-9-]+)?$/, 'must be <plant>/<circuit>, <plant> or all');
export const stopScope = scope.transform((named): StopScope => (named === 'all' ? named : named.includes('/') ? targetOf(named) : { plant: named }));
const sinceStartInWords = 'must be a duration with its unit, such as "30m"; with a minus before the start of the run, such as "-2h"';
/** Milliseconds since the start of the run; negative before it. */
export const sinceStart = z.string(sinceStartInWords).regex(/^-?\d+(\.\d+)?\s?(ms|s|m|h|d)$/, sinceStartInWords).transform((value) => ms(value as StringValue));
/** Path to text. */
export const filesField = z.record(text(400), z.string('must be the text of a file'));
export const day = z.iso.date('must be a date such as "2015-12-31"');
export const fields = (what: string) => z.record(z.string(), z.unknown(), `must hold fields of ${what}`);

/** One of these words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(words: T) => z.enum(words, `must be one of ${words.join(', ')}`);

export function targetOf(labelled: string): Target {
  const [plant, circuit] = labelled.split('/') as [string, string];
  return { plant, circuit };
}
