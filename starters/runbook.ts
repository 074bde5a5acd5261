/** A runbook as its starters see it: what goes in, what a run is called, what Temporal Web UI shows of it from the first moment. */
import type { SearchAttributePair } from '@temporalio/common';
import type { z } from 'zod';
import { inWords } from '../workflows/domain/issue-words.ts';

/** Why a closed or running workflow of the same id may be run once more. */
export interface Again {
  reason: string;
}

export interface StartOptions {
  /** Who starts the run: may not approve what it releases. Left out by hooks, which start on nobody's wish but the author's. */
  startedBy?: string;
  again?: Again;
}

export interface Runbook<I extends object = object> {
  /** The workflow type. */
  name: string;
  /** One line for a list. */
  description: string;
  /** What `input` must look like; a complaint names the field. */
  schema: z.ZodType<I>;
  workflowId(input: I): string;
  /** One line, and markdown, shown by Temporal Web UI before any worker has taken the run up. */
  summary(input: I): string;
  details(input: I): string;
  searchAttributes(input: I): SearchAttributePair[];
  /** Puts into the input who starts the run and why again. Neither is taken from the input: it may be that of an earlier run. */
  attribute(input: I, options: StartOptions): I;
  /** Set where the same input means something new each time: an id that has ended may be started again without a reason. */
  isRepeatable?: true;
  /** Set where the same run must not be started again by itself: the way that leads to the same end. */
  insteadOfAgain?(input: I, again: Again): string;
}

/** An input that does not fit its runbook; the message names each wrong field on a line of its own. */
export class InputError extends Error {}

/** Checks a value against a runbook's schema. What was printed as the input of a run passes as it is. */
export function parseInput<I extends object>(runbook: Runbook<I>, value: unknown): I {
  const parsed = runbook.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${[...issue.path, key].join('.')}: is not a field of this input`);
    const isMissing = issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined;
    return [`${path || 'the input'}: ${isMissing ? 'is missing' : inWords(issue)}`];
  });
  throw new InputError(`The input does not fit ${runbook.name}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined), value);
}
