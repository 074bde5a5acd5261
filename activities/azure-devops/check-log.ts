import type { CheckAddress } from '../../workflows/domain/stage-check.ts';
import { withCheckCredential, type CheckClients } from './check-completion.ts';

export interface WriteCheckLogInput {
  check: CheckAddress;
  secret: string;
  lines: string[];
}

/**
 * Writes lines to the log that the pipeline's page shows for a check. A log is made when the check has none.
 *
 * Safe to retry because lines are only added: a line may show twice after a lost answer, and nothing else changes.
 */
export async function writeCheckLog(clients: CheckClients, { check, secret, lines }: WriteCheckLogInput): Promise<{ logId: number }> {
  return await withCheckCredential(clients, check, secret, async (plan) => {
    const record = await plan.record();
    const logId = record?.log?.id ?? (await plan.createLog(`logs\\holdpoint-${check.taskInstanceId}`));
    await plan.appendLog(logId, `${lines.join('\n')}\n`);
    if (record && !record.log) await plan.attachLog(logId);
    return { logId };
  });
}
