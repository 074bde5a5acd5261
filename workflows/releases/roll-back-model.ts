import { MonitoringWindow } from '../blocks/monitoring-window.ts';
import { requireInput } from '../blocks/required-input.ts';
import { ResourceLock } from '../blocks/resource-lock.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { modelName } from '../domain/ids.ts';
import { RollBackModelPhase as Phase } from '../domain/phases.ts';
import { chooseVersion, phaseSeconds, type RollBackModelInput, type RollBackModelResult } from '../domain/rollback.ts';
import { IncidentReports } from '../incidents/incident-reports.ts';
import { appendToRecord, loadPolicy, readDeploymentUrgently, readRegisteredModels, watchAlerts } from './release-activities.ts';
import { describeWatch, documentIncident, fileIncidentReport, gatherEvidence, openIncident, settleFormer, switchVerified, takeLock, tellRolledBack, testServing } from './rollback-steps.ts';

/**
 * Emergency rollback: identify the issue, get the previous version, execute, verify, and document for the root cause analysis. Waits for no approval, freeze, queue or lock, and is reviewed
 * afterwards. One run at a time for each circuit.
 */
export async function rollBackModel(input: RollBackModelInput): Promise<RollBackModelResult> {
  requireInput(input, ['target.plant', 'target.circuit', 'reason']);
  const { target } = input;
  const run = new Run({ phase: Phase.Identify, target: { ...target, version: input.to ?? 'previous' }, appendToRecord });
  const lock = new ResourceLock(run, target);
  const monitoring = new MonitoringWindow();
  const incident = new IncidentReports(run);
  const said: RollBackModelResult = { outcome: 'failed', reason: '', target, from: null, to: null, offered: null, production: 'unchanged', serving: null, secondsToServing: null, phases: [], preempted: null, redeployed: null, inference: null, workItem: null, incident: null };
  const result = (outcome: RollBackModelResult['outcome'], reason: string): RollBackModelResult => ({ ...said, outcome, reason, incident: incident.workflowId, production: run.production, phases: phaseSeconds(run.status().phases, now().toISOString()) });

  return await run.conclude(async () => {
    // 1. Identify the issue. Whoever writes to the circuit now is stopped first; alerts and the log of the last batch job are read while production is switched.
    const [former, policy] = await Promise.all([takeLock(run, lock, input), loadPolicy({ target })]);
    const place = { workspace: policy.workspaces.production, endpoint: policy.endpoint, deployment: policy.deployment };
    const evidence = gatherEvidence(run, place);
    if (former) said.preempted = { workflowId: former.workflowId, hasClosed: false, writes: 0 };

    // 2. Get the previous version.
    run.enter(Phase.Choose);
    const before = await readDeploymentUrgently(place);
    const { versions } = await readRegisteredModels({ registry: policy.registry, model: modelName(target) });
    const choice = chooseVersion(input, before, former, versions);
    said.from = choice.from;
    if (choice.kind === 'none') {
      said.offered = choice.offered;
      const refusal = `nothing was rolled back at ${place.endpoint}/${place.deployment}: ${choice.reason}. ${choice.offered === null ? 'No version is recorded good: start again with "to" and the version that you trust' : `The newest version recorded good is ${choice.offered}: start again with "to": "${choice.offered}"`}`;
      openIncident(incident, policy, input, refusal);
      await incident.known();
      return result('rejected', refusal);
    }
    said.to = choice.to.version;
    if (choice.doubt) run.note(choice.doubt);

    // 3. Execute the rollback.
    run.enter(Phase.Switch);
    const switched = await switchVerified(run, policy, { choice, before, former, input }, incident);
    said.redeployed = switched.redeployed;
    said.serving = choice.to.version;
    said.secondsToServing = (now().getTime() - Date.parse(run.status().phases[0]!.startedAt)) / 1000;
    const since = now().toISOString();
    tellRolledBack(run, policy, input, said);
    openIncident(incident, policy, input, `rolled back from ${said.from} to ${said.to} in ${said.secondsToServing.toFixed(1)} s`);

    // 4. Verify: the deployment once more when the pre-empted run has closed, a test inference, and the alerts for an hour.
    run.enter(Phase.Verify);
    if (former) said.preempted = (await run.attempt('The second look could not be taken', () => settleFormer(run, policy, { choice, before: switched.before, former, input }))) ?? said.preempted;
    const { known, alerts, log } = await evidence;
    const tested = await testServing(run, policy, modelName(target));
    said.inference = tested;
    run.enter(Phase.Monitoring);
    const { rollbackForMs, everyMs, breachSeverity } = policy.monitoring;
    const watch = () => monitoring.watch(() => watchAlerts({ ...place, known, since, breachSeverity, intervalMs: everyMs, polls: Math.ceil(rollbackForMs / everyMs) + 1 }));

    // 5. Root cause analysis: the incident report with timeline and log, cause and planned fix to be filled in. Filed as the hour begins, for people need it now; what the hour showed is told at its end.
    const report = () => fileIncidentReport(run, policy, { input, from: choice.from, to: choice.to.version, secondsToServing: said.secondsToServing!, phases: run.status().phases, alerts, log, inference: tested, notes: choice.doubt ? [choice.doubt] : [], run: run.signature });
    const [verdict] = await Promise.all([watch(), documentIncident(run, policy, input, said, incident, report)]);
    run.enter(Phase.RootCause);
    said.serving = (await readDeploymentUrgently(place)).tags['model_version'] ?? null;
    const { isGood, text } = describeWatch(verdict, tested, said);
    incident.tell(text);
    return result(isGood ? 'succeeded' : 'rejected', text);
  }, result);
}
