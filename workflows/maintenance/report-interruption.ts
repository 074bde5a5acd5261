import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { targetLabel } from '../domain/ids.ts';
import { escapeMarkup } from '../domain/markup.ts';
import { describeInterruption, interruptionSeverity, reportPhase, type InterruptedRun, type ReportInterruptionResult } from '../domain/sweep-runs.ts';
import { isGraverThan, type IncidentSubject } from '../domain/incident-report.ts';
import { liftHold, loadIncidentPolicy } from '../incidents/incident-activities.ts';
import { IncidentReports } from '../incidents/incident-reports.ts';
import { freeLock } from '../locks/lock-activities.ts';
import { appendToRecord, createWorkItem, notify } from '../releases/release-activities.ts';

/** One interruption, told: on the record of the run that it happened to, as an incident, and to people. Started by `sweepRuns`. */
export async function reportInterruption(interruption: InterruptedRun): Promise<ReportInterruptionResult> {
  requireInput(interruption, ['run.workflowId', 'runId', 'how']);
  const run = new Run({ phase: reportPhase, target: interruption.run.target, appendToRecord });
  const { how, at, run: interrupted } = interruption;
  const detail = describeInterruption(interruption);
  const severity = interruptionSeverity(interruption);
  const what = interrupted.target === null ? interrupted.workflowId : `${targetLabel(interrupted.target)} ${interrupted.target.version}`;

  return await run.conclude<ReportInterruptionResult>(async () => {
    await appendToRecord({ key: run.key('finding'), run: interrupted, entries: [{ kind: 'finding', what: `the run was interrupted from outside: ${how}`, detail, at: now().toISOString() }] });

    // Before people are told that it holds nothing any more. A run that was reset goes on, and keeps what it holds.
    const { target } = interrupted;
    const freed = target === null || how === 'reset' ? null : await run.attempt('Its lock could not be freed', () => freeLock({ target: { plant: target.plant, circuit: target.circuit }, workflowId: interrupted.workflowId, runId: interrupted.runId }));
    const paused = target === null ? {} : { scope: { plant: target.plant, circuit: target.circuit } }; // an incident of a plant has no target
    if (interrupted.runbook === 'coordinateIncident' && how !== 'reset') await run.attempt('The releases that it paused could not be let go', () => liftHold({ ...paused, by: interrupted.workflowId }));
    const locks = how === 'reset' ? 'It keeps its lock, if it held one.' : freed === null && target !== null ? 'Its lock, if it held one, frees itself.' : !freed || freed.was === 'neither' ? 'It held no lock.' : `The lock of ${targetLabel(target!)}, which it ${freed.was}, was freed.`;

    const workItem = await run.attempt('The incident could not be opened', () => createWorkItem({
      key: run.key('incident'),
      type: 'Bug',
      title: `${severity}: run for ${what} was interrupted from outside (${how})`,
      descriptionHtml: `<p>${escapeMarkup(detail)}</p><p>${locks} First run ${escapeMarkup(interrupted.runId)}, at ${at}.</p>`,
      tags: ['holdpoint', 'incident', severity, ...(interrupted.target === null ? [] : [targetLabel(interrupted.target)])],
    }));

    // Where the estate wants it coordinated: of the circuit, or where the run had none, of the runbook.
    const incident = new IncidentReports(run);
    const terms = await run.attempt("The estate's terms of incidents could not be read", () => loadIncidentPolicy({}));
    if (terms?.interrupted !== undefined && !isGraverThan(terms.interrupted, severity)) {
      const subject: IncidentSubject = target === null ? { service: interrupted.runbook } : { target: { plant: target.plant, circuit: target.circuit } };
      incident.open({ severity, ...subject, title: `${what}: ${interrupted.workflowId} was interrupted from outside (${how})`, text: detail });
      await incident.known();
    }

    await run.attempt('Nobody could be told', () => notify({
      key: run.key('tell'),
      event: {
        kind: 'finding', severity, runbook: interrupted.runbook, workflowId: interrupted.workflowId, runId: interrupted.runId, target: interrupted.target, gate: interruption.gate ?? '', generation: 0,
        question: `What became of ${what}?`, recommendation: '', text: `${detail} ${locks}${workItem ? ` Incident ${workItem.url}` : ''}`, evidence: '', deadline: null, to: [],
      },
    }));
    return { outcome: 'succeeded', reason: detail, workItem: workItem && { id: workItem.id, url: workItem.url }, incident: incident.workflowId };
  }, (outcome, reason) => ({ outcome, reason, workItem: null, incident: null }));
}
