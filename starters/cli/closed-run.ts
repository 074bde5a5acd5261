/** A run that has ended takes no answer and no cancellation: whoever tries is told how it ended. */
import { within } from '../temporal-connection.ts';
import { holdpoint } from '../command-line.ts';
import { CommandError, ExitCode } from './exit.ts';
import { instant } from './output.ts';
import { summaryOf } from './run-summary.ts';
import { callMs, type Session } from './session.ts';

/**
 * Looks at the latest run of an id.
 *
 * @throws CommandError with the outcome when it has ended; WorkflowNotFoundError
 */
export async function refuseClosed({ client }: Session, workflowId: string, consequence: string): Promise<{ runId: string }> {
  const description = await within(client, callMs, () => client.workflow.getHandle(workflowId).describe());
  const { status, outcome, runId } = summaryOf(description);
  if (status === 'Running') return { runId };
  const ended = description.closeTime === undefined ? '' : ` at ${instant(description.closeTime)}`;
  throw new CommandError(ExitCode.Refused, `${workflowId} has ended${ended}: ${outcome ?? status.toLowerCase()}; ${consequence}`, `\`${holdpoint} show ${workflowId}\` tells more.`);
}
