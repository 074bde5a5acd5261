/** The buttons of a chat message: what each does, signed, so that the receiver knows its own when one is pressed. */
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import { mintButton, openButtonKeys } from './button-token.ts';

/** While these are told, a decision is asked for. A gate that is held is past its deadline, and a button expires with it. */
const asking: readonly GateEvent['kind'][] = ['opened', 'answered', 'reminded', 'escalated', 'widened', 'reopened'];

/** The signed values of Approve and Reject; null where there is nothing to decide. The keys are read anew, so that a rotation needs no restart. */
export async function gateButtons(keysFile: string, { kind, workflowId, runId, gate, generation, evidence, deadline }: GateEvent): Promise<{ approve: string; reject: string } | null> {
  if (!asking.includes(kind) || deadline === null || evidence === '') return null;
  const [key] = await openButtonKeys(keysFile);
  const claims = { workflowId, runId, gate, generation, evidence, expiresAt: deadline };
  return { approve: await mintButton(key, { ...claims, verdict: 'approve' }), reject: await mintButton(key, { ...claims, verdict: 'reject' }) };
}
