/** What a story says that comes of it: its outcome, and as much of result, phases, effects and timeline as keeps it from coming true by accident. */
import { z } from 'zod';
import type { Outcome } from '../../workflows/domain/vocabulary.ts';
import { effectKinds, type Effects } from './effects.ts';
import { expression, fields, oneOf, text, whole } from './story-pieces.ts';
import type { Entry } from './timeline.ts';

const outcomes = ['succeeded', 'rejected', 'expired', 'failed', 'aborted'] as const satisfies Outcome[];

const whatComes = z.strictObject({
  outcome: oneOf(outcomes).default('succeeded'),
  /** Of the result's reason. */
  reason: expression.optional(),
  /** Fields of the result; a text between slashes is a regular expression, a list has as many items. */
  result: fields('the result').default({}),
  /** All of them, in their order. */
  phases: z.array(text(200), 'must be a list of phases').optional(),
  /** How many of each kind reached the platforms, of all runs of the story; once one is named, a kind that is not named must not occur. */
  effects: z.partialRecord(z.enum(effectKinds, `must be one of ${effectKinds.join(', ')}`), whole).optional(),
  /** Of lines of the timeline, in their order; others may lie between them. Those of a list in the list may come in any order: what runs side by side. */
  timeline: z.array(z.union([expression, z.array(expression)], 'must be a regular expression, or a list of them'), 'must be a list of regular expressions').default([]),
});

/** An outcome alone, or all that is to be checked. */
export const expectationSchema = z.preprocess((value) => (typeof value === 'string' ? { outcome: value } : value), whatComes);

export type Expectation = z.output<typeof whatComes>;

/** What came. */
export interface Came {
  outcome: string;
  reason: string;
  result: unknown;
  phases: readonly string[];
  effects: Effects;
  entries: readonly Entry[];
}

/** What came otherwise than the story says: one sentence each, none when all came true. */
export function unmet({ outcome, reason, result, phases, effects, timeline }: Expectation, came: Came): string[] {
  const complaints: string[] = [];
  if (came.outcome !== outcome) complaints.push(`the outcome is ${came.outcome}, not ${outcome}`);
  if (reason !== undefined && !new RegExp(reason).test(came.reason)) complaints.push(`the reason "${came.reason}" does not fit ${reason}`);
  if (Object.keys(result).length > 0) complaints.push(...differences(result, came.result, 'result')); // a run that was cancelled has none
  if (phases !== undefined && phases.join() !== came.phases.join()) complaints.push(`the phases are ${came.phases.join(', ')}; not ${phases.join(', ')}`);
  if (effects !== undefined) {
    for (const kind of effectKinds) if ((effects[kind] ?? 0) !== (came.effects[kind] ?? 0)) complaints.push(`effects.${kind}: ${came.effects[kind] ?? 0}, not ${effects[kind] ?? 0}`);
  }
  return [...complaints, ...missingLines(timeline, came.entries)];
}

function missingLines(timeline: Expectation['timeline'], entries: readonly Entry[]): string[] {
  const complaints: string[] = [];
  let from = 0;
  for (const lines of timeline) {
    const taken = new Set<number>();
    for (const line of [lines].flat()) {
      const found = entries.findIndex(({ kind, text: said }, index) => index >= from && !taken.has(index) && new RegExp(line).test(`${kind} ${said}`));
      if (found < 0) complaints.push(`no line of the timeline${from === 0 ? '' : ' from there on'} fits ${line}`);
      else taken.add(found);
    }
    from = Math.max(from, ...[...taken].map((index) => index + 1));
  }
  return complaints;
}

function differences(expected: unknown, found: unknown, path: string): string[] {
  if (typeof expected === 'string' && /^\/.+\/$/.test(expected)) return new RegExp(expected.slice(1, -1)).test(String(found)) ? [] : [`${path}: ${shown(found)} does not fit ${expected}`];
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return [`${path}: ${shown(found)}, not ${shown(expected)}`];
    return expected.flatMap((item, index) => differences(item, found[index], `${path}.${index}`));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof found !== 'object' || found === null) return [`${path}: ${shown(found)}, not ${shown(expected)}`];
    return Object.entries(expected).flatMap(([name, value]) => differences(value, (found as Record<string, unknown>)[name], `${path}.${name}`));
  }
  return Object.is(expected, found) ? [] : [`${path}: ${shown(found)}, not ${shown(expected)}`];
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 300);
}
