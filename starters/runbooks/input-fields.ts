/** The fields that inputs of runbooks have in common, with what is said of a wrong one. */
import { z } from 'zod';
import { isTargetName } from '../../workflows/domain/ids.ts';

export const text = (most: number) => z.string('must be a text').trim().min(1, 'must not be empty').max(most, `must have at most ${most} characters`);
export const positive = z.int('must be a whole number').positive('must be 1 or more');
export const name = z.string('must be a text').refine(isTargetName, 'must be letters, digits and "-", at most 32, beginning with a letter or digit');
export const label = z.string('must be a text').refine(isLabel, 'must be <plant>/<circuit>, such as P001/C001');
export const target = z.strictObject({ plant: name, circuit: name });
export const people = z.array(text(200), 'must be a list of names');

export const milliseconds = z.int('must be a whole number of milliseconds').positive('must be 1 or more');

function isLabel(value: string): boolean {
  const parts = value.split('/');
  return parts.length === 2 && parts.every(isTargetName);
}

/** Web UI shows 200 bytes of a summary. */
export function shortList(labels: readonly string[]): string {
  return labels.length > 3 ? `${labels.slice(0, 3).join(', ')} and ${labels.length - 3} more` : labels.join(', ');
}
