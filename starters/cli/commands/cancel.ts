import { randomUUID } from 'node:crypto';
import { within } from '../../temporal-connection.ts';
import { holdpoint } from '../../command-line.ts';
import { print, printJson } from '../output.ts';
import type { CancelCommandOptions } from '../command-options.ts';
import { refuseClosed } from '../closed-run.ts';
import { callMs, withTemporal } from '../session.ts';

/** Asks a run to stop. It ends by itself, once it has undone what it must. */
export async function cancel(workflowId: string, { reason, json }: CancelCommandOptions): Promise<void> {
  await withTemporal(async (session) => {
    const { client } = session;
    const { runId } = await refuseClosed(session, workflowId, 'there is nothing left to cancel');
    // The raw call, because the handle's own takes no reason.
    await within(client, callMs, () =>
      client.workflowService.requestCancelWorkflowExecution({
        namespace: client.options.namespace,
        workflowExecution: { workflowId, runId },
        identity: client.options.identity,
        requestId: randomUUID(),
        reason: reason ?? '',
      }),
    );
    if (json) return printJson({ workflowId, runId, cancelRequested: true });
    print(`${workflowId} is asked to stop. It undoes what it must first; \`${holdpoint} show ${workflowId}\` shows how that went.`);
  });
}
