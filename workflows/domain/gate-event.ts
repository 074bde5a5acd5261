/** What people are told about a gate; the notifications adapter renders it for each channel. */
import type { Severity, Target } from './vocabulary.ts';

export interface GateEvent {
  kind: 'opened' | 'reminded' | 'escalated' | 'widened' | 'reopened' | 'held' | 'decided' | 'finding';
  severity: Severity;
  runbook: string;
  workflowId: string;
  /** First run id. */
  runId: string;
  target: (Target & { version: string }) | null;
  gate: string;
  generation: number;
  question: string;
  recommendation: string;
  /** One or two sentences: the message itself. */
  text: string;
  /** Short digest of the evidence as shown; a button's decision carries it. */
  evidence: string;
  deadline: string | null;
  /** Canonical ids, groups or contacts whom this is for. */
  to: string[];
}
