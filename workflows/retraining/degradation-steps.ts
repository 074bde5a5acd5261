/** The steps of an investigation: what is measured, what is written down, what a person is asked. */
import { workflowInfo } from '@temporalio/workflow';
import type { GateRequest } from '../blocks/gate-request.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { causeCard, type CauseEvidence } from '../domain/degradation-card.ts';
import { decideCause, leftToPerson, type DegradationDecision } from '../domain/degradation-decision.ts';
import { degradationDefaults, degradationThresholds, type DegradationEvidence, type InvestigateDegradationInput, type InvestigateDegradationResult, type PerformanceReport } from '../domain/degradation.ts';
import { evidenceItem, type Measured } from '../domain/evidence.ts';
import { modelName, targetLabel } from '../domain/ids.ts';
import { escapeMarkup } from '../domain/markup.ts';
import { causeGateName } from '../domain/phases.ts';
import type { GatePolicy, TargetPolicy } from '../domain/policy.ts';
import type { IncidentReports } from '../incidents/incident-reports.ts';
import { closeDuplicateWorkItems, createWorkItem, readModelHistory, readProductionDeployment } from '../releases/release-activities.ts';
import { checkCircuitData, findPredictions, measureCircuitDrift, measurePredictionErrors, writeDegradationReport } from './degradation-activities.ts';

/** What every step needs to know; `asOf` is fixed for a round, so that its figures fit each other. */
export interface Investigation {
  input: InvestigateDegradationInput;
  policy: TargetPolicy;
  asOf: string;
}

/** What is known and what follows from it. */
export type Verdict = { evidence: DegradationEvidence; decision: DegradationDecision };

/** How the predictions did, of which version they are, and what that version promised when it was trained. */
export type Reviewed = Pick<DegradationEvidence, 'serving' | 'holdoutMae' | 'predictions'> & { performance: PerformanceReport };

export async function reviewErrors({ input, policy, asOf }: Investigation): Promise<Reviewed> {
  const { workspaces, endpoint, deployment } = policy;
  const place = { workspace: workspaces.production, endpoint, deployment };
  const [{ tags }, history, { found }] = await Promise.all([
    readProductionDeployment(place),
    readModelHistory({ workspace: workspaces.dev, model: modelName(policy.target), limit: 50 }),
    input.predictionsUri === undefined ? findPredictions(place) : { found: { jobName: null, uri: input.predictionsUri, scoredAt: null } },
  ]);
  const serving = tags['model_version'] ?? null;
  const { window = degradationDefaults.window, windows = degradationDefaults.windows } = input;
  const performance = await measurePredictionErrors({ ...dataOf({ input, policy, asOf }), predictionsUri: found?.uri ?? null, window, windows, minimumRows: thresholdsOf(input).minimumRows });
  return { serving, holdoutMae: history.find(({ version }) => version === serving)?.mae ?? null, predictions: found, performance };
}

export function checkData(about: Investigation): ReturnType<typeof checkCircuitData> {
  const { lateDays, faultyShare, minimumRows, driftDays } = thresholdsOf(about.input);
  return checkCircuitData({ ...dataOf(about), lateDays, faultyShare, minimumRows, driftDays, ...featuresOf(about.input) });
}

export function checkDrift(about: Investigation): ReturnType<typeof measureCircuitDrift> {
  const { psi, ksP, minimumRows, driftDays } = thresholdsOf(about.input);
  return measureCircuitDrift({ ...dataOf(about), psi, ksP, minimumRows, driftDays, ...featuresOf(about.input) });
}

export function decide({ input }: Pick<Investigation, 'input'>, evidence: DegradationEvidence): Verdict {
  const decision = decideCause(evidence, thresholdsOf(input));
  return { evidence, decision: input.askedBy ? leftToPerson(decision, input.askedBy) : decision };
}

function dataOf({ input, policy, asOf }: Investigation) {
  return { workspace: policy.workspaces.production, dataUri: input.dataUri ?? policy.inference.dataUri, sensor: policy.sensor, asOf };
}

function featuresOf({ features }: InvestigateDegradationInput): { features?: string[] } {
  return features === undefined ? {} : { features };
}

function thresholdsOf({ thresholds }: InvestigateDegradationInput) {
  return { ...degradationThresholds, ...thresholds };
}

/** The report and the entry on record. A report that cannot be written is noted; the finding stands. */
export async function document(run: Run, { input, policy, asOf }: Investigation, { evidence, decision }: Verdict, round: number): Promise<InvestigateDegradationResult['report']> {
  const { finding, reasoning } = decision;
  run.record.add({ kind: 'finding', what: `performance of ${targetLabel(input.target)}: ${finding}`, detail: reasoning.at(-1)!.slice(0, 1_000) });
  const facts = { circuit: targetLabel(input.target), sensor: policy.sensor, asOf, alert: input.alert?.name ?? null, finding, reasoning, evidence, run: run.signature };
  return await run.attempt('The report could not be written', () => writeDegradationReport({ key: run.key('report', round), workspace: policy.workspaces.production, facts }));
}

/** One work item for whoever mends it. The finding stands also where none can be made; the run then says so. */
export async function fileFinding(run: Run, { input, policy }: Investigation, title: string, sentences: readonly string[], reportUri: string | null): Promise<InvestigateDegradationResult['workItem']> {
  return await run.attempt('The work item could not be made', async () => {
    const key = run.key(`work item: ${title}`);
    const { id, url, uncertain } = await createWorkItem({
      key,
      type: 'Bug',
      title: `${title} of ${targetLabel(input.target)}`,
      descriptionHtml: [`<ul>${sentences.map((sentence) => `<li>${escapeMarkup(sentence)}</li>`).join('')}</ul>`, `<p>${reportUri === null ? '' : `Report ${escapeMarkup(reportUri)}; `}run ${escapeMarkup(run.signature)}.</p>`].join(''),
      tags: ['holdpoint', targetLabel(input.target)],
    });
    if (uncertain) run.beforeClosing('late twins of the work item', () => closeDuplicateWorkItems({ key, keep: id, settleMs: policy.settleMs }));
    return { id, url };
  });
}

/** People come together about what nobody could explain or mend, where the estate wants that. */
export async function openIncident(incidents: IncidentReports, { incidents: opened }: TargetPolicy, { target, alert }: InvestigateDegradationInput, title: string, workItem: InvestigateDegradationResult['workItem']): Promise<void> {
  const { workflowId } = workflowInfo();
  incidents.open({ severity: opened?.investigateDegradation, target, title: `predictions became worse; ${title}`, reportedBy: alert ? `${workflowId}, by alert ${alert.name}` : workflowId });
  if (workItem) incidents.tell(`work item ${workItem.url}`);
  await incidents.known();
}

/**
 * Asks the circuit's releasers, by the terms of Stage 1, which next step is right. Silence starts nothing. Nobody is excluded: that somebody started the investigation says nothing about
 * its cause, and what it leads to has gates of its own.
 */
export function causeGate(about: Investigation, verdict: Verdict, reportUri: string | null): GateRequest<CauseEvidence> {
  const { policy: { gates, people, digest, inboxUrl }, input } = about;
  const terms: GatePolicy = { ...gates.stage1, fourEyes: false, onSilence: 'expire', checklist: [], opening: null };
  return {
    gate: causeGateName,
    policy: terms,
    people,
    estateDigest: digest,
    requestedBy: [],
    silence: 'nothing is started, and the investigation expires',
    inboxUrl,
    measured: itemised(verdict, reportUri),
    measure: async () => itemised(decide(about, { ...(await reviewErrors(about)), data: await checkData(about), drift: await checkDrift(about) }), reportUri),
    card: (evidence) => causeCard(input.target, evidence),
  };
}

function itemised({ evidence, decision }: Verdict, reportUri: string | null): Measured<CauseEvidence> {
  const at = now().toISOString();
  const { performance: { state, current }, data, drift } = evidence;
  return {
    evidence: { evidence, decision, reportUri },
    items: [evidenceItem('errors', { state, current, comparisons: decision.comparisons }, at), evidenceItem('data', data, at), evidenceItem('drift', drift, at), evidenceItem('proposal', { leaning: decision.leaning, serving: evidence.serving }, at)],
  };
}
