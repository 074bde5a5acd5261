/** What is wrong with a value, in the words of whoever wrote it: Zod's own speak of its types. */
import type { z } from 'zod';

const kinds: Record<string, string> = { object: 'an object with named fields', record: 'an object with named fields', array: 'a list', string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', nan: 'a number' };

/** The message of an issue; one that a schema gives itself stays as it is. */
export function inWords(issue: z.core.$ZodIssue): string {
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') {
    const wanted = kinds[issue.expected] ?? issue.expected;
    return issue.message.endsWith('received undefined') ? `is missing; must be ${wanted}` : `must be ${wanted}`;
  }
  if (issue.code === 'invalid_value') return `must be ${oneOf(issue.values.map(String))}`;
  if (issue.code === 'too_small' || issue.code === 'too_big') return bound(issue);
  return issue.message;
}

/** The same with the field in front, as it lies below `path`. */
export function fieldInWords(issue: z.core.$ZodIssue, path: readonly PropertyKey[] = []): string {
  return `${[...path, ...issue.path].map(String).join('.') || 'the body'}: ${inWords(issue)}`;
}

function bound(issue: Extract<z.core.$ZodIssue, { code: 'too_small' | 'too_big' }>): string {
  const isSmall = issue.code === 'too_small';
  const limit = isSmall ? issue.minimum : issue.maximum;
  if (issue.origin === 'number' || issue.origin === 'int' || issue.origin === 'bigint') return `must be ${isSmall ? (issue.inclusive === false ? 'more than' : 'at least') : issue.inclusive === false ? 'less than' : 'at most'} ${limit}`;
  if (isSmall && Number(limit) === 1) return issue.origin === 'string' ? 'must not be empty' : 'must name at least one';
  return `must have at ${isSmall ? 'least' : 'most'} ${limit}${issue.origin === 'string' ? ' characters' : ''}`;
}

function oneOf(values: readonly string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}
