import { Gates } from '../blocks/gates.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { IncidentPhase as Phase, type CoordinateIncidentInput, type CoordinateIncidentResult } from '../domain/incident.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { affectedCircuit, namedCircuitsOf } from './affected-circuits.ts';
import { GraveMeasures } from './grave-measures.ts';
import { loadIncidentPolicy, loadTargetPolicySoon, namedCircuits } from './incident-activities.ts';
import { IncidentDesk } from './incident-desk.ts';
import { incidentResult } from './incident-result.ts';
import { fileActions, filePostMortem } from './post-mortem.ts';

/**
 * Incident communication: acknowledge, assess, assign roles, one bridge, updates on the clock, escalate, communicate the resolution, close the loop. One run for each incident. People act by
 * the update or the signal `incident`; what they are late with is seen, told and kept.
 */
export async function coordinateIncident(input: CoordinateIncidentInput): Promise<CoordinateIncidentResult> {
  requireInput(input, ['incident', 'title', 'severity']);
  const { target, service } = input;
  const run = new Run({ phase: Phase.Alert, target: target ? { ...target, version: 'serving' } : null, appendToRecord });
  const gates = new Gates(run, releaseGateServices(run));
  const desk = new IncidentDesk(run, input);
  const { result, filed, keep } = incidentResult(input, desk);

  return await run.conclude(async () => {
    // 1. Alert triggered: people are told, with the one bridge. An estate that cannot be read does not keep an incident waiting: the documents' values hold then.
    const [policy, circuit, behind] = await Promise.all([
      run.attempt("The estate's terms could not be read, the documents' hold", () => loadIncidentPolicy({})),
      target ? run.attempt('The policy of the target could not be read', () => loadTargetPolicySoon({ target })) : null,
      !target && service !== undefined ? run.attempt('Whether the estate knows the service could not be read', () => namedCircuits({ name: service })) : null,
    ]);
    desk.open(policy);

    // P0 and P1: the releases of what is affected are paused for as long as it is one, and the rollback of the last change is offered at its minute.
    const measures = new GraveMeasures(run, gates, desk, input, circuit ? affectedCircuit(run, circuit) : behind?.named ? namedCircuitsOf(run, behind.named) : null);
    measures.keep();

    // From here on the clocks run beside the steps: acknowledgement, assessment, response, updates, escalation, leadership.
    desk.attend(({ clock }) => {
      if (clock === 'offerRollback') measures.offerRollback();
    });

    // 2. The on-call engineer acknowledges (5 min).
    await desk.reached(({ acknowledged }) => acknowledged !== null);

    // 3. Initial assessment (10 min): it may raise or lower the severity, and the clocks follow. Roles are taken here or later.
    run.enter(Phase.Assessment);
    await desk.reached(({ assessed, resolved }) => assessed !== null || resolved !== null);

    // 4. to 6. Escalate, mitigate, update until somebody says that it is resolved, and by what.
    run.enter(Phase.Response);
    await desk.reached(({ resolved }) => resolved !== null);
    await measures.ended();
    keep({ rollback: measures.rollback });

    // 7. and 8. Close the loop: the post-mortem with its timeline and action items; people are reminded until it is closed.
    run.enter(Phase.PostMortem);
    keep({ workItem: await filePostMortem(run, input, desk) });
    for (let isClosed = false; !isClosed; ) {
      await fileActions(run, input, desk, filed);
      const state = await desk.reached(({ actions, postMortem }) => postMortem !== null || actions.length > filed.length);
      isClosed = state.postMortem !== null && state.actions.length === filed.length;
    }
    return result('succeeded', `resolved by ${desk.state.resolved!.by}: ${desk.state.resolved!.what}; post-mortem closed by ${desk.state.postMortem!.by}`);
  }, result);
}
