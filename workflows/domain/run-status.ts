/** What the query `status` answers, and what scripts read from `list --json` and `show --json`. */
import type { Production } from './release.ts';
import type { Outcome, Target } from './vocabulary.ts';

export interface GateStatus {
  id: string;
  openedAt: string;
  deadline: string;
  quorum: number;
  approvers: string[];
}

export interface PhaseTime {
  name: string;
  startedAt: string;
  endedAt: string | null;
}

export interface LastAnswer {
  by: string | null;
  counted: boolean;
  reason: string;
}

export interface RunStatus {
  workflowId: string;
  runId: string;
  runbook: string;
  /** Temporal's own word, as Temporal Web UI writes it. */
  status: 'Running' | 'Completed' | 'Failed' | 'Canceled' | 'Terminated' | 'TimedOut' | 'ContinuedAsNew';
  outcome: Outcome | null;
  phase: string;
  target: (Target & { version: string }) | null;
  gate: GateStatus | null;
  phases: PhaseTime[];
  lastAnswer: LastAnswer | null;
  production: Production;
  /** While a freeze holds the run: the names of those in force, and the next opening as an ISO instant; null: not within a year. */
  frozen?: { by: string[]; until: string | null };
}

/** An outcome tells which of Temporal's own statuses the run closes with. */
export function closedStatus(outcome: Outcome | null): RunStatus['status'] {
  if (outcome === null) return 'Running';
  if (outcome === 'failed') return 'Failed';
  return outcome === 'aborted' ? 'Canceled' : 'Completed';
}
