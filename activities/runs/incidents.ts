/** The incident of a target or a service that is under way: what another run that finds the same joins. */
import type { Client } from '@temporalio/client';
import { incidentIdOf, incidentKey, type FoundIncident, type IncidentSubject } from '../../workflows/domain/incident-report.ts';
import { incidentOfId, IncidentPhase } from '../../workflows/domain/incident.ts';
import { attribute, describeRun, listRuns, quoted, type KnownRun } from './visibility.ts';

/**
 * The incident that runs and is not resolved; of a target also one that a person opened under another name; else the name of the next one. Names are tried in order, so that whoever looks in
 * the same moment is told the same one.
 *
 * Safe to retry because it only reads.
 */
export async function findIncident(client: Client, subject: IncidentSubject): Promise<FoundIncident> {
  let n = 1;
  for (; ; n += 1) {
    const run = await describeRun(client, incidentIdOf(subject, n));
    if (run === null) break;
    if (isUnderWay(run)) return { incident: incidentKey(subject, n), runId: run.runId };
  }
  const { target } = subject;
  if (!target) return { incident: incidentKey(subject, n), runId: null };
  const { runs } = await listRuns(client, `WorkflowType = 'coordinateIncident' AND ExecutionStatus = 'Running' AND Plant = ${quoted(target.plant)} AND Circuit = ${quoted(target.circuit)}`);
  for (const { workflowId } of runs.sort((one, other) => one.startTime.getTime() - other.startTime.getTime())) {
    const run = await describeRun(client, workflowId); // the list lags behind what the run says of itself
    if (run !== null && isUnderWay(run)) return { incident: incidentOfId(workflowId), runId: run.runId };
  }
  return { incident: incidentKey(subject, n), runId: null };
}

/** From its resolution on it only waits for its post-mortem: what happens then is another incident. */
function isUnderWay(run: KnownRun): boolean {
  return run.status.name === 'RUNNING' && attribute(run, 'Phase') !== IncidentPhase.PostMortem;
}
