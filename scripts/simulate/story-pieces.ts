/** The values that story files are made of, each with the sentence that refuses a wrong one. */
import { z } from 'zod';
import { isRegularExpression } from '../../sandbox/core/faults.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';

export const text = (most: number) => z.string('must be a text').trim().min(1, 'must not be empty').max(most, `must have at most ${most} characters`);
export const whole = z.int('must be a whole number').min(0, 'must be 0 or more');
const share = 'must be a share such as "80%"';
export const percent = z.string(share).regex(/^(100|\d\d?)%$/, share).transform((value) => Number(value.slice(0, -1)) / 100);
export const expression = text(500).refine(isRegularExpression, 'must be a regular expression');
export const label = z.string('must be a text').regex(/^[A-Za-z0-9-]+\/[A-Za-z0-9-]+$/, 'must be <plant>/<circuit>, such as P001/C001');
export const day = z.iso.date('must be a date such as "2015-12-31"');
export const fields = (what: string) => z.record(z.string(), z.unknown(), `must hold fields of ${what}`);

/** One of these words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(words: T) => z.enum(words, `must be one of ${words.join(', ')}`);

export function targetOf(labelled: string): Target {
  const [plant, circuit] = labelled.split('/') as [string, string];
  return { plant, circuit };
}
