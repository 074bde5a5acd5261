import type { Run } from '../blocks/run.ts';
import type { Refusal } from '../domain/review-gates.ts';

/** Says of gates that cannot be read that they are there: otherwise a list looks complete. */
export function noteUnreadable(run: Run, unreadable: readonly Refusal[]): void {
  const [first] = unreadable;
  if (first) run.note(`${unreadable.length} that wait cannot be read: ${first.workflowId}: ${first.reason}`);
}
