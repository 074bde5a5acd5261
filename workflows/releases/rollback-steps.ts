/** The steps of a rollback, one function each. What is evidence only never keeps production from being switched. */
import { workflowInfo } from '@temporalio/workflow';
import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import type { MonitoringWindow } from '../blocks/monitoring-window.ts';
import type { ResourceLock } from '../blocks/resource-lock.ts';
import type { Run } from '../blocks/run.ts';
import { targetLabel } from '../domain/ids.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { DeploymentSnapshot } from '../domain/release.ts';
import type { Redeployed } from '../domain/redeploy.ts';
import { lockPriority, type Preempted } from '../domain/resource-lock.ts';
import { incidentHtml, rollbackTags, type BatchJobLog, type IncidentFacts, type RollbackChoice, type RollBackModelInput, type RollBackModelResult } from '../domain/rollback.ts';
import type { IncidentReports } from '../incidents/incident-reports.ts';
import { awaitRunClosed, preemptLock } from '../locks/lock-activities.ts';
import { releaseGateServices, tellBy } from './gate-services.ts';
import { putBack } from './production-deployment.ts';
import { redeployVersion } from './redeploy.ts';
import { checkInference, closeDuplicateWorkItems, createWorkItem, readDeploymentUrgently, readBatchJobLog, readFiringAlerts, recordVerdict, switchProduction, type watchAlerts } from './release-activities.ts';
import { scoreBatch } from './test-inference.ts';

type Chosen = Extract<RollbackChoice, { kind: 'roll back' }>;
type Place = Parameters<typeof readFiringAlerts>[0];

export interface Switching {
  choice: Chosen;
  before: DeploymentSnapshot;
  /** Whoever held the lock. */
  former: Preempted | null;
  input: RollBackModelInput;
}

/** Takes the lock from whoever holds it. A lock that does not answer is left after a minute: a rollback waits for nothing. */
export async function takeLock(run: Run, lock: ResourceLock, { reason, to }: RollBackModelInput): Promise<Preempted | null> {
  const claim = { what: `rollback: ${reason}`.slice(0, 200), version: to ?? null, priority: lockPriority('rollback', 'P0'), preImage: null };
  return await run.attempt('The lock could not be taken; whoever else writes to the circuit is not stopped', () => lock.preempt(claim, preemptLock));
}

export interface Evidence {
  /** Ids of alerts that fire already: not the rollback's fault. */
  known: string[];
  /** Names of their rules. */
  alerts: string[];
  log: BatchJobLog | null;
}

/** Begins to read what shows the issue: alerts that fire, the log of the last batch job. */
export async function gatherEvidence(run: Run, place: Place): Promise<Evidence> {
  const [firing, log] = await Promise.all([
    run.attempt('The alerts could not be read', () => readFiringAlerts(place)).catch(() => null), // a cancelled run hears of it elsewhere
    run.attempt('The log of the last batch job could not be read', () => readBatchJobLog({ ...place, lines: 20 })).catch(() => null),
  ]);
  return { known: firing?.ids ?? [], alerts: firing?.rules ?? [], log };
}

/**
 * Lets production serve the version and reads it back: by the pipeline that deploys, where the estate says so, else directly. Until that is verified, a failure or a cancellation puts back what
 * was there. `before`: the deployment over which the tags were written, for a second look.
 */
export async function switchVerified(run: Run, policy: TargetPolicy, switching: Switching, incidents: IncidentReports): Promise<{ before: DeploymentSnapshot; redeployed: Redeployed | null }> {
  const { choice, before, input } = switching;
  const verified = run.compensations.register({ step: `rollback of ${policy.deployment}`, undo: () => putBack(run, policy, before, undefined) });
  run.production = 'changed'; // as long as nobody has seen that it is not
  let redeployed: Redeployed | null = null;
  let standing = before;
  try {
    const { redeploy } = policy.execution;
    if (redeploy !== undefined) redeployed = await redeployVersion(run, policy.target, redeploy, choice.to.version, input.reason);
    if (redeployed !== null) standing = await readDeploymentUrgently({ workspace: policy.workspaces.production, endpoint: policy.endpoint, deployment: policy.deployment });
    if (redeployed?.state === 'succeeded' && serves(standing, choice)) verified();
    else if (redeployed?.state === 'succeeded') run.note(`${redeployed.release} was deployed, but production does not serve ${choice.to.version}: it is switched directly.`);
    await switchProduction(orderOf(run, policy, { ...switching, before: standing }, 0));
  } catch (error) {
    if (!isCancelled(error)) openIncident(incidents, policy, input, `production could not be switched to ${choice.to.version}: ${rootMessage(error)}`);
    throw error;
  }
  verified();
  run.effect({ step: 'rollback', what: `rolled back to ${choice.to.version}`, platform: 'azure-ml', resource: `${policy.workspaces.production.workspace}/${policy.endpoint}/${policy.deployment}`, before: before.tags['model_version'] ?? null, after: choice.to.version });
  const bad = recordVerdict({ registry: policy.registry, model: `${policy.target.plant}-${policy.target.circuit}`, version: choice.from, verdict: 'bad' });
  run.inBackground(bad.catch(() => run.note(`That ${choice.from} is bad could not be noted in the registry.`)));
  return { before: standing, redeployed };
}

/** Asset ids are compared as Azure does, in any case. */
function serves({ model }: DeploymentSnapshot, { to }: Chosen): boolean {
  return model?.toLowerCase() === to.assetId.toLowerCase();
}

/**
 * Once the pre-empted run has closed, or after ten minutes, looks again and overwrites what it wrote late. A run with other targets goes on, and the release that has started the rollback
 * waits for it: they write nothing more here, and their end is not waited for.
 */
export async function settleFormer(run: Run, policy: TargetPolicy, switching: Switching): Promise<NonNullable<RollBackModelResult['preempted']>> {
  const { workflowId, runId, outlives } = switching.former!;
  const isWritten = outlives || workflowInfo().parent?.workflowId === workflowId;
  const closed = isWritten ? null : await run.attempt(`${workflowId} has not closed yet`, () => awaitRunClosed({ workflowId, runId, intervalMs: 1_000 }));
  const { writes } = await switchProduction(orderOf(run, policy, switching, 1));
  if (writes > 0) run.effect({ step: 'rollback, second look', what: `overwrote a late write of ${workflowId}`, platform: 'azure-ml', resource: `${policy.workspaces.production.workspace}/${policy.endpoint}/${policy.deployment}`, before: null, after: switching.choice.to.version });
  return { workflowId, hasClosed: closed !== null, writes };
}

/** The same order at the second look, which also waits for what may still arrive. */
function orderOf(run: Run, policy: TargetPolicy, { choice, before, former, input }: Switching, generation: 0 | 1): Parameters<typeof switchProduction>[0] {
  const by = input.startedBy ?? (input.alert ? `alert ${input.alert.name}` : 'rollback');
  return {
    key: run.key('switch production', generation),
    workspace: policy.workspaces.production,
    endpoint: policy.endpoint,
    deployment: policy.deployment,
    before,
    model: choice.to.assetId,
    tags: rollbackTags(choice, run.signature, by.slice(0, 200)),
    over: former ? [`${former.workflowId}/${former.runId}`] : [],
    settleMs: generation === 0 ? 0 : policy.settleMs,
  };
}

/** Lets production score a batch. What it shows is a finding; a test that could not be made is one too. */
export async function testServing(run: Run, policy: TargetPolicy, model: string): Promise<RollBackModelResult['inference']> {
  const workspace = policy.workspaces.production;
  return await run.attempt('The test inference could not be made', async () => {
    const job = await scoreBatch(run, run.key('test inference'), workspace, model, policy);
    const { jobName, passed, findings, rows } = await checkInference({ workspace, ...job, minimumRows: policy.inference.minimumRows });
    return { jobName, passed, findings, rows };
  });
}

/** People come together about it, where the estate wants that; an incident that the rollback was started from is told. Nothing of it is waited for. */
export function openIncident(incidents: IncidentReports, { incidents: opened }: TargetPolicy, { target, reason, alert, incident }: RollBackModelInput, text: string): void {
  const { workflowId } = workflowInfo();
  incidents.open({ severity: opened?.rollBackModel, within: incident, target, title: reason, reportedBy: alert ? `${workflowId}, by alert ${alert.name}` : workflowId, text });
}

/** The incident's report as a work item. The rollback stands also where none can be made. */
export async function fileIncidentReport(run: Run, policy: TargetPolicy, facts: IncidentFacts): Promise<RollBackModelResult['workItem']> {
  const key = run.key('incident');
  const { target } = facts.input;
  return await run.attempt('The incident could not be opened', async () => {
    const { id, url, uncertain } = await createWorkItem({ key, type: 'Bug', title: `Incident: ${targetLabel(target)} rolled back from ${facts.from} to ${facts.to}`, descriptionHtml: incidentHtml(facts), tags: ['holdpoint', 'incident', policy.incidents?.rollBackModel ?? policy.severity, targetLabel(target)] });
    if (uncertain) run.beforeClosing('late twins of the incident', () => closeDuplicateWorkItems({ key, keep: id, settleMs: policy.settleMs }));
    return { id, url };
  });
}

/** What people go on with: the report, told in the incident; the review afterwards; the record. */
export async function documentIncident(run: Run, policy: TargetPolicy, input: RollBackModelInput, said: RollBackModelResult, incident: IncidentReports, report: () => ReturnType<typeof fileIncidentReport>): Promise<void> {
  said.workItem = await report();
  incident.tell(said.workItem ? `report with timeline, batch job log and the questions for the root cause: ${said.workItem.url}` : 'the report of the rollback could not be filed');
  await openReview(run, policy, input, said);
  await run.attempt('The record could not be kept yet', () => run.record.flush()); // afterwards: a rollback waits for no record
}

/** Nobody approved it beforehand: a second person says afterwards whether it was right, in a run of its own. */
async function openReview(run: Run, { gates: { rollback: policy }, people, inboxUrl }: TargetPolicy, { reason, startedBy, alert }: RollBackModelInput, { workItem }: RollBackModelResult): Promise<void> {
  const by = startedBy ?? (alert ? `alert ${alert.name}` : 'nobody named');
  await run.attempt('The review could not be started', () => releaseGateServices(run).reviewBypass('rollback', { by, reason, incident: workItem?.url ?? 'none' }, { policy, people, requestedBy: by.split(', '), inboxUrl }));
}

/** People hear at once what serves. */
export function tellRolledBack(run: Run, { severity }: TargetPolicy, input: RollBackModelInput, { from, to, secondsToServing }: RollBackModelResult): void {
  const { workflowId, firstExecutionRunId, workflowType } = workflowInfo();
  const what = `${targetLabel(input.target)} was rolled back from ${from} to ${to} in ${secondsToServing?.toFixed(1)} s`;
  tellBy(run)('rolled back', {
    kind: 'finding', severity, runbook: workflowType, workflowId, runId: firstExecutionRunId, target: { ...input.target, version: to ?? '' }, gate: '', generation: 0,
    question: `Why was ${from} bad?`, recommendation: '', text: `${what}: ${input.reason}`, evidence: '', deadline: null, to: [],
  });
}

type Watched = Awaited<ReturnType<typeof MonitoringWindow.prototype.watch<Awaited<ReturnType<typeof watchAlerts>>>>>;

/** What became of it. An alert that comes all the same, or a test that did not pass, is a "no" of a check: the version serves, and somebody has to look. */
export function describeWatch(verdict: Watched, inference: RollBackModelResult['inference'], { from, to, serving }: RollBackModelResult): { isGood: boolean; text: string } {
  const tested = inference === null ? 'the test inference could not be made' : inference.passed ? null : `the test inference did not pass: ${inference.findings[0] ?? 'no finding'}`;
  const watched = {
    healthy: () => null,
    inconclusive: () => `the watch was inconclusive: ${'reason' in verdict ? verdict.reason : ''}`,
    alerted: () => `alert ${'name' in verdict ? verdict.name : ''} came in`,
    breached: () => (verdict.kind === 'breached' ? `alert ${verdict.alert.rule} (Sev${verdict.alert.severity}) fired at measurement ${verdict.poll}` : ''),
  }[verdict.kind]();
  const moved = serving === to ? null : `production serves ${serving ?? 'nothing known'} by now`;
  const doubts = [tested, watched, moved].filter((doubt) => doubt !== null);
  return { isGood: doubts.length === 0, text: `rolled back from ${from} to ${to}${doubts.length === 0 ? '; no new alert' : `, but ${doubts.join('; ')}`}` };
}
