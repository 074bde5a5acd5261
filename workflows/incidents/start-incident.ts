import { startOwnRun } from '../blocks/own-run.ts';
import { coordinateIncidentId, IncidentPhase, type CoordinateIncidentInput } from '../domain/incident.ts';

/** For other runbooks: starts the coordination of an incident, which outlives whoever found it. The same incident found twice is one. */
export async function startIncident(input: CoordinateIncidentInput): Promise<{ workflowId: string; runId: string | null; isNew: boolean }> {
  const workflowId = coordinateIncidentId(input);
  const child = await startOwnRun({ runbook: 'coordinateIncident', workflowId, ofItsId: 'once', target: input.target ?? null, phase: IncidentPhase.Alert, input, summary: `${input.severity} incident: ${input.title}` });
  return { workflowId, runId: child?.firstExecutionRunId ?? null, isNew: child !== null };
}
