import { workflowInfo } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import type { GateEvent } from '../domain/gate-event.ts';
import type { IncidentState } from '../domain/incident-state.ts';
import { affected } from '../domain/incident-words.ts';
import type { CoordinateIncidentInput } from '../domain/incident.ts';
import { tellBy } from '../releases/gate-services.ts';

type Kind = Extract<GateEvent['kind'], `incident${string}`>;

/** Tells people one sentence; `step` is unique within the incident. Not waited for: a channel that is away delays nothing, and the run says so. */
export type TellIncident = (step: string, kind: Kind, state: Pick<IncidentState, 'severity'>, text: string, to?: readonly string[]) => void;

/** All messages of an incident share one thread, and one page: `incidentTaken` acknowledges it, `incidentClosed` resolves it. */
export function incidentTelling(run: Run, input: CoordinateIncidentInput): TellIncident {
  const tell = tellBy(run);
  return (step, kind, { severity }, text, to = []) => {
    const { workflowId, firstExecutionRunId, workflowType } = workflowInfo();
    const question = `${severity} incident (${affected(input)}): ${input.title}`;
    tell(`incident ${step}`, { kind, severity, runbook: workflowType, workflowId, runId: firstExecutionRunId, target: run.target, gate: 'incident', generation: 0, question, recommendation: '', text, evidence: '', deadline: null, to: [...to] });
  };
}
