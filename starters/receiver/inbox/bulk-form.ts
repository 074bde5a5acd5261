/** A gate as a form carries it: exactly what the person was shown. */
import type { GateView } from '../../../workflows/domain/gate-view.ts';

export interface ShownGate {
  workflowId: string;
  /** First run id. */
  runId: string;
  gate: string;
  generation: number;
  evidence: string;
}

/** Most gates that are decided together; what one page can show and one request can send. */
export const mostTicked = 1_000;

/** The value of a list's tick. */
export function ticked({ workflowId, runId, gate, generation, evidence }: GateView): string {
  return JSON.stringify([workflowId, runId, gate, generation, evidence]);
}

/** Reads it back; null for anything that no page of ours has made. */
export function readTicked(value: string): ShownGate | null {
  try {
    const parts: unknown = JSON.parse(value);
    if (!Array.isArray(parts)) return null;
    const [workflowId, runId, gate, generation, evidence] = parts as unknown[];
    if (typeof workflowId !== 'string' || typeof runId !== 'string' || typeof gate !== 'string' || !Number.isInteger(generation) || typeof evidence !== 'string') return null;
    return { workflowId, runId, gate, generation: generation as number, evidence };
  } catch {
    return null;
  }
}

/** Whether the gate is still the one that was shown. */
export function isSame(shown: ShownGate, { workflowId, runId, gate, generation, evidence }: GateView): boolean {
  return shown.workflowId === workflowId && shown.runId === runId && shown.gate === gate && shown.generation === generation && shown.evidence === evidence;
}
