import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { freezeGateName, type OverrideRequest } from '../../../workflows/domain/freeze.ts';
import { holdpoint } from '../../command-line.ts';
import { within } from '../../temporal-connection.ts';
import { refuseClosed } from '../closed-run.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { print, printJson } from '../output.ts';
import type { OverrideFreezeCommandOptions } from '../command-options.ts';
import { withTemporal } from '../session.ts';
import { deciderOf } from '../sign-in/decider.ts';

/** Asks for an override. It lets nothing pass by itself: the run then opens a gate for those whom the estate names. */
export async function overrideFreeze(workflowId: string, { as, reason, timeout = 30, json }: OverrideFreezeCommandOptions): Promise<void> {
  await withTemporal(async (session) => {
    await refuseClosed(session, workflowId, 'nothing was asked');
    try {
      const { asks } = await within(session.client, timeout * 1000, () => session.client.workflow.getHandle(workflowId).executeUpdate<{ asks: string[] }, [OverrideRequest]>('overrideFreeze', { args: [{ by: deciderOf(as).by, reason }] }));
      if (json) return printJson({ workflowId, gate: freezeGateName, asks });
      print(`Asked: ${asks.join(', ')}.\n${holdpoint} approve ${workflowId} --gate ${freezeGateName} --as <${asks.join('|')}>`);
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) throw new CommandError(ExitCode.Refused, error.cause?.message ?? error.message, `\`${holdpoint} show ${workflowId}\` shows what holds it.`);
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw new CommandError(ExitCode.TimedOut, `No worker took it within ${timeout} s. It may still be taken once one does`, `Look with \`${holdpoint} show ${workflowId}\` before you repeat it.`);
      throw error;
    }
  });
}
