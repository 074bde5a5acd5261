import type { Client, WorkflowHandle } from '@temporalio/client';
import picocolors from 'picocolors';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import type { Settings } from '../supervise/settings.ts';
import { approveCommand, heading, quote, tell, webAddress } from './narration.ts';
import { currentDetails, followRun } from './run-status.ts';
import { decide } from '../../starters/decide.ts';

/** Who answers which gate with `--auto`: two different people, neither of them the author. */
const approvals: Record<string, { by: string; comment: string }> = {
  stage1: { by: 'alice', comment: 'Better than what is in production; the training log is clean.' },
  stage3: { by: 'bob', comment: 'The test inference is sound.' },
};

const gateNames: Record<string, string> = { stage1: 'Stage 1', stage3: 'Stage 3', rollback: 'a decision on the rollback' };

export interface FollowReleaseOptions {
  client: Client;
  settings: Settings;
  signal: AbortSignal;
  /** Approve each gate as the person above. */
  auto: boolean;
}

/** Tells the release of one model until it ends, and answers its gates if asked to. */
export async function followRelease(workflowId: string, { client, settings, signal, auto }: FollowReleaseOptions): Promise<RunStatus> {
  heading(`Release ${workflowId}`);
  let phase = '';
  let gate: string | null = null;
  let answer = '';
  const onStatus = async (status: RunStatus, handle: WorkflowHandle): Promise<void> => {
    if (status.phase !== phase) tell(`${picocolors.green('▸')} ${status.phase}`);
    phase = status.phase;
    const said = JSON.stringify(status.lastAnswer);
    if (status.lastAnswer && said !== answer) tell(`  ${status.lastAnswer.by ?? 'somebody'}: ${status.lastAnswer.counted ? 'counts' : 'does not count'}, ${status.lastAnswer.reason}`);
    answer = said;
    if (status.gate && status.gate.id !== gate) await gateOpened(status, handle);
    gate = status.gate?.id ?? null;
  };
  const gateOpened = async (status: RunStatus, handle: WorkflowHandle): Promise<void> => {
    const { id, approvers } = status.gate!;
    const approval = approvals[id];
    quote(await currentDetails(handle));
    tell(picocolors.bold(`waiting for ${gateNames[id] ?? id}`));
    tell(`  in the browser   ${webAddress(settings, status)}`);
    tell(`  in a terminal    ${approveCommand(workflowId, id, approval?.by ?? approvers[0] ?? '<person>')}`);
    if (!auto || !approval) return;
    tell(`  --auto: ${approval.by} approves`);
    await decide(client.workflow, { workflowId: handle.workflowId }, { gate: id, verdict: 'approve', ...approval });
  };
  return followRun(workflowId, { client, signal, onStatus, onSilence: (reason) => tell(picocolors.dim(`  ${workflowId} ${reason}`)) });
}
