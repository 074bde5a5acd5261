/** A release that an approval in Azure DevOps may be for: what it was started with, what it waits for, and the approval shown at its gate. */
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Answer } from '../../workflows/domain/answer.ts';
import type { ReleaseRun } from '../../workflows/domain/azure-approval.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import type { ReleaseModelInput } from '../../workflows/domain/release.ts';

/** The gate at which a run waits; null: at none. Throws where the run does not say. */
export type AskGate = (run: { workflowId: string; runId?: string }) => Promise<GateView | null>;

/** Milliseconds for one call to Temporal. */
const callMs = 5_000;

/** The release's first event tells what it was started with, and its first run; the run itself, whether its gate is open. Null where there is no such run. */
export async function readApprovedRelease(client: Client, askGate: AskGate, workflowId: string): Promise<ReleaseRun | null> {
  const within = async <T>(call: () => Promise<T>): Promise<T> => await client.connection.withDeadline(Date.now() + callMs, call);
  try {
    const { status, runId } = await within(() => client.workflow.getHandle(workflowId).describe());
    const { history } = await within(() => client.workflowService.getWorkflowExecutionHistory({ namespace: client.options.namespace, execution: { workflowId, runId }, maximumPageSize: 1 }));
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const [input] = (await decodeArrayFromPayloads(client.options.loadedDataConverter, started?.input?.payloads)) as (ReleaseModelInput | undefined)[];
    if (input?.pullRequest === undefined) return null;
    const isOpen = status.name === 'RUNNING' || status.name === 'PAUSED';
    const view = isOpen ? await askGate({ workflowId, runId }) : null;
    const { id, repositoryId } = input.pullRequest;
    return { runId: started?.firstExecutionRunId || runId, pullRequest: { id, repositoryId }, gate: view?.state === 'open' ? view.gate : null, bindsEvidence: view?.policy.bindEvidence ?? false, isOpen };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/**
 * Shows an answer at its gate, and says whether it stands there: as a proposal, or counted where the gate asks for no proof. `told` is false where it stood there already.
 *
 * By signal, for the update `decide` refuses what lacks its digest; unsigned, so that the run keeps it as a proposal without finding out whose it is. Safe to repeat: one that is shown is not sent again.
 */
export async function proposeApproval(client: Client, askGate: AskGate, workflowId: string, { gate, by, verdict, comment = '' }: Pick<Answer, 'gate' | 'by' | 'verdict' | 'comment'>): Promise<{ isShown: boolean; told: boolean }> {
  const isShown = async (): Promise<boolean> => {
    const view = await askGate({ workflowId });
    return view !== null && view.gate === gate && [...view.proposals, ...view.decisions].some((each) => each.by === by && each.verdict === verdict);
  };
  try {
    if (await isShown()) return { isShown: true, told: false };
    if (verdict !== 'approve' && verdict !== 'reject') return { isShown: false, told: false };
    await client.connection.withDeadline(Date.now() + callMs, () => client.workflow.getHandle(workflowId).signal(verdict, { gate, by, verdict, comment }));
    return { isShown: await isShown(), told: true };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { isShown: false, told: false };
    throw error;
  }
}
