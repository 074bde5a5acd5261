import { sleep, workflowInfo } from '@temporalio/workflow';
import { Gates } from '../blocks/gates.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { whatDecided } from '../domain/degradation-decision.ts';
import { degradationDefaults, type InvestigateDegradationInput, type InvestigateDegradationResult, type NextRunbook } from '../domain/degradation.ts';
import { InvestigateDegradationPhase as Phase } from '../domain/phases.ts';
import { IncidentReports } from '../incidents/incident-reports.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { appendToRecord, loadPolicy } from '../releases/release-activities.ts';
import { causeGate, checkData, checkDrift, decide, document, fileFinding, openIncident, reviewErrors, type Investigation, type Verdict } from './degradation-steps.ts';
import { startNext, type NextInput } from './start-next.ts';

/** Rounds of a wait for data: more than anybody's patience, and a bound for the history, which grows by some 55 events in each. */
const mostRounds = 50;

/** Model performance degradation: investigate the alert, analyse the data's quality, check for drift, decide on the cause, act, document. One run at a time for each circuit. */
export async function investigateDegradation(input: InvestigateDegradationInput): Promise<InvestigateDegradationResult> {
  requireInput(input, ['target.plant', 'target.circuit']);
  const { target } = input;
  const { recheckEveryMs, waitForDataMs, outcomeWithinMs } = { ...degradationDefaults, ...input };
  const run = new Run({ phase: Phase.Alert, target: { ...target, version: 'serving' }, appendToRecord });
  const gates = new Gates(run, releaseGateServices(run));
  const incident = new IncidentReports(run);
  const said: InvestigateDegradationResult = { outcome: 'failed', reason: '', target, finding: null, reasoning: [], serving: null, current: null, next: null, decidedBy: [], report: null, workItem: null, incident: null };
  const result = (outcome: InvestigateDegradationResult['outcome'], reason: string): InvestigateDegradationResult => ({ ...said, outcome, reason, incident: incident.workflowId });

  return await run.conclude(async () => {
    const policy = await loadPolicy({ target });

    /** Steps 1 to 4, and the report of step 6, which whoever acts will want to read. */
    const investigate = async (round: number): Promise<{ about: Investigation; verdict: Verdict }> => {
      const about = { input, policy, asOf: input.asOf ?? now().toISOString().slice(0, 10) };
      // 1. Investigate the alert: which metrics degraded, predictions against actuals.
      if (round > 0) run.enter(Phase.Alert);
      const reviewed = await reviewErrors(about);
      // 2. Analyse data quality: gaps, ranges, lateness, schema.
      run.enter(Phase.Data);
      const data = await checkData(about);
      // 3. Check for drift: the current distributions against the baseline's.
      run.enter(Phase.Drift);
      const drift = await checkDrift(about);
      // 4. Decision.
      run.enter(Phase.Decision);
      const verdict = decide(about, { ...reviewed, data, drift });
      const { decision: { finding, reasoning }, evidence } = verdict;
      run.progress(reasoning);
      Object.assign(said, { finding, reasoning, serving: evidence.serving, current: evidence.performance.current });
      said.report = await document(run, about, verdict, round);
      return { about, verdict };
    };
    let { about, verdict } = await investigate(0);

    // A data quality issue: somebody fixes the ETL; then everything is measured again.
    for (let [round, waited] = [1, 0]; verdict.decision.finding === 'data'; round += 1) {
      said.workItem ??= await fileFinding(run, about, 'Faulty data', verdict.decision.reasoning, said.report?.reportUri ?? null);
      if (waitForDataMs === 0) return result('succeeded', `the data are at fault: ${whatDecided(said.reasoning)} Fix them and start again`);
      if (waited >= waitForDataMs || round > mostRounds) {
        const late = `the data were not fixed in time: ${whatDecided(said.reasoning)}`;
        await openIncident(incident, policy, input, late, said.workItem);
        return result('expired', late);
      }
      run.enter(Phase.Waiting);
      await sleep(Math.min(recheckEveryMs, waitForDataMs - waited), { summary: 'Until the data are looked at again' });
      waited += recheckEveryMs;
      ({ about, verdict } = await investigate(round));
    }

    if (verdict.decision.finding === 'nothing') return result('succeeded', `nothing is wrong: ${whatDecided(said.reasoning)}`);
    let next: NextRunbook | 'wait' | null = verdict.decision.finding === 'drift' ? 'retrainOnDrift' : verdict.decision.finding === 'model' ? 'rollBackModel' : null;

    // Inconclusive: a person decides, with the figures.
    if (verdict.decision.finding === 'inconclusive') {
      const answer = await gates.pass(causeGate(about, verdict, said.report?.reportUri ?? null));
      if (answer.state !== 'approved') {
        const reason = answer.state === 'expired' ? 'nobody answered in time, and nothing was started' : answer.state === 'rejected' ? `${answer.by}: ${answer.reason}` : answer.reason;
        run.enter(Phase.Decision);
        said.workItem = await fileFinding(run, about, 'Unexplained predictions', [...verdict.decision.reasoning, reason], said.report?.reportUri ?? null);
        await openIncident(incident, policy, input, `the cause is not known: ${reason}`, said.workItem);
        return result(answer.state === 'expired' ? 'expired' : 'rejected', reason);
      }
      const { decision, evidence } = answer.evidence;
      Object.assign(said, { reasoning: decision.reasoning, serving: evidence.serving, current: evidence.performance.current, decidedBy: answer.by });
      next = decision.leaning;
    }

    // 5. Retrain, or roll back to the previous version: by the runbook that does it. 6. Document: the report and the trend were written with the decision; the outcome is this run's, and the incident is told.
    if (next !== 'retrainOnDrift' && next !== 'rollBackModel') return result('succeeded', 'no cause was found, and nothing was started');
    run.enter(Phase.Following);
    said.next = await startNext(nextInput(next, about, said), input.askedBy?.workflowId ?? null, outcomeWithinMs, (step) => {
      said.next = step;
      run.record.add({ kind: 'effect', step: 'next runbook', what: step.runbook, platform: 'temporal', resource: step.workflowId, before: null, after: 'started' });
    });
    const { runbook, state, outcome, reason } = said.next;
    if (outcome !== null && outcome !== 'succeeded') await openIncident(incident, policy, input, `${runbook} did not mend it: ${outcome}, ${reason}`, said.workItem);
    return result('succeeded', state === 'started' ? `${runbook}: ${outcome ?? 'not ended yet'}, ${reason}` : reason);
  }, result);
}

function nextInput(runbook: NextRunbook, { input, asOf }: Investigation, { reasoning, report, serving, decidedBy }: InvestigateDegradationResult): NextInput {
  const { target, alert, startedBy, dataUri, features, thresholds: { psi, ksP, minimumRows, driftDays } = {} } = input;
  const reason = `performance degraded: ${reasoning.at(-1)}`.slice(0, 1_000);
  const common = { target, reason, ...(alert && { alert }), ...(startedBy !== undefined && { startedBy }) };
  if (runbook === 'rollBackModel') return { runbook, input: { ...common, ...(serving !== null && { from: serving }) } };
  const thresholds = { ...(psi !== undefined && { psi }), ...(ksP !== undefined && { ksP }), ...(minimumRows !== undefined && { minimumRows }), ...(driftDays !== undefined && { driftDays }) };
  // The same days of the same readings, and no second investigation.
  const investigation = { workflowId: workflowInfo().workflowId, by: decidedBy, reason, reportUri: report?.reportUri ?? null };
  return { runbook, input: { ...common, asOf, investigation, thresholds, ...(dataUri !== undefined && { dataUri }), ...(features && { features }) } };
}
