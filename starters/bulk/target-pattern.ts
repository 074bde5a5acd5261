/** Which targets somebody means: `P001:*`, `P001/C003`, `*:C001`, `P001`, `*`. */
import type { Target } from '../../workflows/domain/vocabulary.ts';

const part = /^(\*|[A-Za-z0-9][A-Za-z0-9-]*\*?)$/;

/** A pattern that is none. */
export class PatternError extends Error {}

export interface TargetPattern {
  text: string;
  matches(target: Target | null): boolean;
  /** What narrows a list of runs, in the words of Temporal's list filter; undefined where the pattern names no plant or circuit in full. */
  filter: string | undefined;
}

/** Plant and circuit, `:` or `/` between them; each a name, the beginning of one with `*`, or `*`. The plant alone means all its circuits. */
export function targetPattern(text: string): TargetPattern {
  const [plant = '', circuit = '*', ...rest] = text.split(/[:/]/);
  if (rest.length > 0 || !part.test(plant) || !part.test(circuit)) throw new PatternError(`"${text}" is no target; write <plant>:<circuit> such as P001:C003, with * for any: P001:*`);
  const names = [['Plant', plant], ['Circuit', circuit]].flatMap(([name, value]) => (value!.includes('*') ? [] : [`${name} = '${value}'`]));
  return {
    text,
    filter: names.length === 0 ? undefined : names.join(' AND '),
    matches: (target) => (target === null ? text === '*' : fits(plant, target.plant) && fits(circuit, target.circuit)),
  };
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
