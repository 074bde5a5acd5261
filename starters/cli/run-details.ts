import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import { note } from './output.ts';
import { readEnding, readInput, type Ending } from './run-result.ts';
import { readStatus, silenceAdvice } from './run-query.ts';
import { confirmedBy, summaryOf, type RunSummary } from './run-summary.ts';
import type { Session } from './session.ts';

/** A run in full. Without a worker `phases`, `lastAnswer` and `gate` are not known: empty or null, and a note on standard error says so. */
export interface RunDetails extends RunSummary {
  phases: RunStatus['phases'];
  lastAnswer: RunStatus['lastAnswer'];
  production: RunStatus['production'] | null;
  /** While a freeze holds the run: by which names, and until when. */
  frozen?: RunStatus['frozen'];
  input: unknown;
  result: unknown;
}

/** Gathers what history, visibility and the run itself tell. */
export async function readRun(session: Session, description: WorkflowExecutionDescription): Promise<{ run: RunDetails; ending: Ending }> {
  const summary = summaryOf(description);
  const isOpen = summary.status === 'Running';
  const [input, ending, status] = await Promise.all([
    readInput(session, summary),
    isOpen ? { result: null, failure: null } : readEnding(session, summary, description.memo),
    readStatus(session, summary),
  ]);
  if (!status.ok) note(`The run does not answer (${status.reason}): ${isOpen ? 'what it asks and ' : ''}how long its phases took is not known. ${await silenceAdvice(session)}`);
  const known = status.ok ? { ...confirmedBy(status.value, summary), phases: status.value.phases, lastAnswer: status.value.lastAnswer, production: status.value.production, ...(isOpen && status.value.frozen && { frozen: status.value.frozen }) } : { ...summary, phases: [], lastAnswer: null, production: productionOf(ending.result) };
  return { run: { ...known, input, result: ending.result }, ending };
}

/** A closed run says in its result what became of production. */
function productionOf(result: unknown): RunStatus['production'] | null {
  const production = typeof result === 'object' && result !== null && 'production' in result ? result.production : null;
  return production === 'changed' || production === 'unchanged' ? production : null;
}
