import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { AlertPhase, followForMs, type AlertRouting, type FollowAlertInput, type FollowAlertResult } from '../domain/alert.ts';
import { targetLabel } from '../domain/ids.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { routeAlert } from './alert-activities.ts';
import { act, close, type Acted } from './alert-effect.ts';
import { AlertEnd } from './alert-end.ts';

/**
 * Follows one occurrence of an alert from its firing to its end: finds its runbook and target in the estate, tells a release that watches the target or starts the runbook, waits until
 * the alert is resolved, and closes what it opened. One run for each occurrence, by its id: however often an alert is told, it acts once.
 */
export async function followAlert(input: FollowAlertInput): Promise<FollowAlertResult> {
  requireInput(input, ['alert.source', 'alert.key', 'alert.name']);
  const { alert, forMs = followForMs } = input;
  const run = new Run({ phase: AlertPhase.Routing, target: null, appendToRecord });
  const end = new AlertEnd();
  let routing: AlertRouting | null = null;
  let acted: Acted | null = null;
  const result = (outcome: FollowAlertResult['outcome'], reason: string): FollowAlertResult => {
    const mapped = routing?.kind === 'mapped' ? routing : null;
    return { outcome, reason, route: mapped?.route ?? null, target: mapped?.target ?? null, effect: acted && { kind: acted.kind, workflowId: acted.workflowId, runId: acted.runId } };
  };

  return await run.conclude(async () => {
    routing = await routeAlert({ alert });
    if (routing.kind === 'unmapped') {
      run.enter(AlertPhase.Unmapped);
      return result('rejected', routing.reason);
    }
    if (end.isResolved) return result('succeeded', 'it had ended before anything was done');

    run.enter(AlertPhase.Acting);
    const effect = await act(run, alert, routing);
    if (effect.kind === 'unfound') return result('rejected', `${routing.route} fits, but ${effect.reason}`);
    acted = effect;
    const did = `${acted.kind} ${acted.workflowId} for ${targetLabel(routing.target)} (${routing.route})`;

    run.enter(AlertPhase.Following);
    run.note(did);
    const hasEnded = await end.wait(forMs);
    if (!hasEnded && acted.leader === null) return result('expired', `${did}; nobody resolved it within ${Math.round(forMs / 86_400_000)} days`);
    const closed = await close(acted, alert, routing.onResolved, () => !hasEnded || end.isOver);
    return result(hasEnded ? 'succeeded' : 'expired', `${did}; ${hasEnded ? `resolved${end.others === 0 ? '' : `, with ${end.others} that had joined`}` : 'never resolved'}; ${closed}`);
  }, result);
}
