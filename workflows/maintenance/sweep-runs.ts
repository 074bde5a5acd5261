import { startOwnRun } from '../blocks/own-run.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { interruptionReportId, sweepLookBackMs, sweepPhase, type InterruptedRun, type SweepRunsInput, type SweepRunsResult } from '../domain/sweep-runs.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { findInterruptedRuns } from '../reviews/review-activities.ts';

/**
 * Finds runs that were terminated, reset or timed out from outside, and has each one reported once. Run by a schedule.
 *
 * Terminate and Reset compensate nothing, and whoever has write access to the namespace may do both. In production they are switched off for people: Temporal Web UI with
 * `TEMPORAL_WORKFLOW_TERMINATE_DISABLED=true`, `TEMPORAL_WORKFLOW_RESET_DISABLED=true` and `TEMPORAL_BATCH_ACTIONS_DISABLED=true` (all of them with
 * `TEMPORAL_DISABLE_WRITE_ACTIONS=true`, which takes signals too). These hide buttons only: the command line and the API stay open, so the server's authorizer must give people no
 * more than read access and the right to signal and update; Temporal Cloud's namespace roles cannot tell these apart. What is done all the same is found here.
 */
export async function sweepRuns(input: SweepRunsInput = {}): Promise<SweepRunsResult> {
  const run = new Run({ phase: sweepPhase, target: null, appendToRecord });
  const result: SweepRunsResult = { outcome: 'succeeded', reason: '', reported: [], more: 0 };
  return await run.conclude(async () => {
    const since = new Date(now().getTime() - (input.lookBackMs ?? sweepLookBackMs)).toISOString();
    const { interruptions, more } = await findInterruptedRuns({ since });
    result.more = more;
    for (const interruption of interruptions) if (await report(interruption)) result.reported.push(interruptionReportId(interruption));
    return { ...result, reason: result.reported.length === 0 ? 'no run was interrupted from outside' : `${result.reported.length} interruptions reported` };
  }, (outcome, reason) => ({ ...result, outcome, reason }));
}

/** A report is a workflow of its own: Temporal refuses a second one of its id, so that no memory is needed, and it goes on when the sweep has ended. */
async function report(interruption: InterruptedRun): Promise<boolean> {
  const child = await startOwnRun({ runbook: 'reportInterruption', workflowId: interruptionReportId(interruption), ofItsId: 'once', target: null, input: interruption, summary: `Report: ${interruption.run.workflowId} ${interruption.how}` });
  return child !== null; // else another sweep was quicker
}
