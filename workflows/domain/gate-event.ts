/** What people are told about a gate; the notifications adapter renders it for each channel. */
import type { CardFigures } from './card.ts';
import type { Severity, Target } from './vocabulary.ts';

export interface GateEvent {
  /** `answered`: a decision counted that does not suffice yet. `incident` pages, `incidentTaken` acknowledges the page, `incidentClosed` resolves it, `incidentNews` informs. */
  kind: 'opened' | 'answered' | 'reminded' | 'escalated' | 'widened' | 'reopened' | 'held' | 'decided' | 'finding' | 'incident' | 'incidentTaken' | 'incidentNews' | 'incidentClosed';
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
  /** The figures of the card, where it has some. */
  comparison?: CardFigures | null;
  /** One or two sentences: the message itself. */
  text: string;
  /** Short digest of the evidence as shown; a button's decision carries it. */
  evidence: string;
  deadline: string | null;
  /** Canonical ids, groups or contacts whom this is for. */
  to: string[];
}
