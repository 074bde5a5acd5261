/** Following a run to its end, with its phases and gates on standard error. */
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import { within } from '../temporal-connection.ts';
import { holdpoint } from '../command-line.ts';
import { note } from './output.ts';
import { readEnding, type Ending } from './run-result.ts';
import { readStatus } from './run-query.ts';
import { summaryOf } from './run-summary.ts';
import { callMs, type Session } from './session.ts';

/** Milliseconds between two looks. */
const lookMs = 1_000;

/** Returns how the run ended, however long that takes; leaving early leaves the run alone. */
export async function follow(session: Session, run: { workflowId: string; runId: string }): Promise<Pick<RunStatus, 'status' | 'outcome'> & Ending> {
  const { client } = session;
  let told = '';
  for (;;) {
    const description = await within(client, callMs, () => client.workflow.getHandle(run.workflowId, run.runId).describe());
    const { status, outcome } = summaryOf(description);
    if (status !== 'Running') return { status, outcome, ...(await readEnding(session, run, description.memo)) };

    const answered = await readStatus(session, run);
    const line = answered.ok ? describe(answered.value) : `The run does not answer: ${answered.reason}`;
    if (line !== told) note(line);
    told = line;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

function describe({ workflowId, phase, gate }: RunStatus): string {
  if (gate === null) return `${phase}…`;
  return `${phase}: waits for ${gate.quorum} of ${gate.approvers.join(', ')}\n  ${holdpoint} approve ${workflowId} --gate ${gate.id} --as <person>`;
}
