import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import pMap from 'p-map';
import type { createScheduledTargetActivities } from '../../activities/estate/scheduled-target-activities.ts';
import { brief, on } from '../blocks/activity-budgets.ts';
import { startOwnRun, waitForOwnRun } from '../blocks/own-run.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { FailureType } from '../domain/failures.ts';
import { mostItems } from '../domain/fan-out.ts';
import { targetLabel } from '../domain/ids.ts';
import { TaskQueue } from '../domain/queues.ts';
import { perTargetRunbook, perTargetRunbooks, reasonToLeaveOut, scheduledTarget, slotMs as defaultSlotMs, startedReason, startForTargetsPhase, type StartedForTarget, type StartForTargetsInput, type StartForTargetsResult } from '../domain/schedules.ts';
import { readKnownRuns } from '../hooks/hook-activities.ts';
import * as registry from '../index.ts';
import { appendToRecord } from '../releases/release-activities.ts';

const { selectScheduledTargets } = on<ReturnType<typeof createScheduledTargetActivities>>(TaskQueue.Estate, brief, 'Select the circuits');

/**
 * Starts a runbook for each selected circuit, so many at once, the most critical first. Each run has an id of its runbook, circuit and period, and goes on by itself: Temporal refuses a second
 * one of the same period, also where two of these run at once. A circuit for which the runbook was started by others since the period began, or runs, is left out.
 */
export async function startForTargets(input: StartForTargetsInput): Promise<StartForTargetsResult> {
  requireInput(input, ['schedule', 'runbook', 'select', 'oncePer', 'timezone', 'maxParallel']);
  const { schedule, runbook: name, select, oncePer, timezone, maxParallel } = input;
  const run = new Run({ phase: startForTargetsPhase, target: null, appendToRecord });
  const result: StartForTargetsResult = { outcome: 'succeeded', reason: '', period: null, started: [], leftOut: [] };
  return await run.conclude(async () => {
    const runbook = perTargetRunbook(name);
    if (runbook === undefined) throw ApplicationFailure.nonRetryable(`runbook: ${name} is none of ${perTargetRunbooks.join(', ')}`, FailureType.InputInvalid);
    // A child of a type that no worker knows would wait for ever.
    if (!Object.hasOwn(registry, name)) return { ...result, outcome: 'rejected', reason: `${name} is not part of this version of Holdpoint: nothing was started` };

    const { targets, period, periodId, since } = await selectScheduledTargets({ select, oncePer, timezone, at: dueAt() });
    result.period = period;
    if (targets.length > mostItems) throw ApplicationFailure.nonRetryable(`${targets.length} circuits: one run takes at most ${mostItems}; name plants or severities, and make a second schedule for the others`, FailureType.InputInvalid);
    const scheduled = targets.map((target) => scheduledTarget(runbook, target, periodId));
    const { runs } = await readKnownRuns({ workflowIds: scheduled.flatMap(({ workflowId, unscheduledId }) => [workflowId, unscheduledId]) });
    const due = scheduled.filter((_target, index) => {
      const left = [runs[2 * index]!, runs[2 * index + 1]!].map((known) => ({ workflowId: known.workflowId, why: reasonToLeaveOut(known, since, period) })).find(({ why }) => why !== null);
      if (left) result.leftOut.push({ workflowId: left.workflowId, why: left.why! });
      return left === undefined;
    });

    await pMap(due, async ({ target, workflowId }) => {
      const child = await startOwnRun({ runbook: name, workflowId, ofItsId: 'onceUnlessFailed', target, input: runbook.input(target, input.input ?? {}, `Schedule ${schedule}, ${period}`), summary: `${name} of ${targetLabel(target)}, by its schedule` });
      if (child === null) return void result.leftOut.push({ workflowId, why: `it was started in ${period} already` }); // by another trigger in the same moment
      const begun: StartedForTarget = { workflowId, outcome: null };
      result.started.push(begun);
      // One that has not ended by then waits for a person, perhaps for days: the next circuit is begun.
      ({ outcome: begun.outcome } = await waitForOwnRun(child, input.slotMs ?? defaultSlotMs));
      run.progress([`${period}: ${result.started.length} of ${due.length} started, ${result.leftOut.length} left out`]);
    }, { concurrency: maxParallel });
    return { ...result, reason: startedReason(result) };
  }, (outcome, reason) => ({ ...result, outcome, reason }));
}

/** When the schedule was due; one that is made up for belongs to the period that it was missed in. */
function dueAt(): string {
  const due: unknown = workflowInfo().searchAttributes['TemporalScheduledStartTime']?.[0];
  return (due instanceof Date ? due : now()).toISOString();
}
