/** Going back to an earlier version of a model: what a rollback is given, how it chooses, what it leaves behind. Pure. */
import type { CompensationReport } from './compensation.ts';
import { targetLabel } from './ids.ts';
import { escapeMarkup } from './markup.ts';
import type { DeploymentSnapshot, InferenceReport, Production } from './release.ts';
import type { Redeployed } from './redeploy.ts';
import type { Preempted } from './resource-lock.ts';
import type { PhaseTime } from './run-status.ts';
import type { Outcome, Target } from './vocabulary.ts';

/** Whether a version has proven itself: `good` once its window in production closed healthy, `bad` once it was rolled back. */
export type ModelVerdict = 'good' | 'bad';

/** A version of a model as the registry has it. */
export interface RegisteredModel {
  version: string;
  assetId: string;
  verdict: ModelVerdict | null;
  /** Why it cannot be deployed, such as `is archived`; null where nothing stands in the way. */
  problem: string | null;
}

/** The newest job of a deployment and the end of its log. */
export interface BatchJobLog {
  jobName: string;
  status: string;
  error: string | null;
  startedAt: string | null;
  /** Jobs of the deployment that the service still lists. */
  jobs: number;
  logUri: string;
  tail: string[];
  /** Lines that speak of errors. */
  errors: string[];
}

export interface RollBackModelInput {
  target: Target;
  /** Why: becomes the first line of the incident. */
  reason: string;
  /** The version that is bad; by default the one that a pre-empted release brings, or else the one that serves. */
  from?: string;
  /** Where to go back to: a version, or `newestGood`. By default what served before, as the deployment's tag names it. */
  to?: string;
  /** The alert that started it. */
  alert?: { name: string; id?: string };
  /** Key of the incident that it was started from; else it opens or joins the target's, where the estate wants one. */
  incident?: string;
  startedBy?: string;
}

export interface RollBackModelResult {
  outcome: Outcome;
  reason: string;
  target: Target;
  from: string | null;
  to: string | null;
  /** Where nothing was done: the newest version recorded good, to be taken with `to`. */
  offered: string | null;
  production: Production;
  /** Version in production when the run ended, as it was read last. */
  serving: string | null;
  /** From the start of the run until the version was read back from production. */
  secondsToServing: number | null;
  phases: { name: string; seconds: number }[];
  /** The run whose lock was taken. `writes`: how often its late write had to be overwritten. */
  preempted: { workflowId: string; hasClosed: boolean; writes: number } | null;
  /** The release of Azure DevOps that was deployed once more; null where production was switched directly alone. */
  redeployed: Redeployed | null;
  inference: Pick<InferenceReport, 'jobName' | 'passed' | 'findings' | 'rows'> | null;
  workItem: { id: number; url: string } | null;
  /** Workflow id of the incident that it opened or joined. */
  incident: string | null;
  compensations?: CompensationReport[];
}

/** `newestGood` as value of `to`. */
export const newestGood = 'newestGood';

export type RollbackChoice =
  | { kind: 'roll back'; from: string; to: RegisteredModel; /** Newest good version older than `to`. */ previous: string | null; doubt: string | null }
  | { kind: 'none'; from: string | null; reason: string; offered: string | null };

/** Whoever pre-empts a release takes its version for the bad one, and what served before it for the good one, however far the release's write has come. */
export function chooseVersion(input: Pick<RollBackModelInput, 'from' | 'to'>, serving: DeploymentSnapshot, preempted: Preempted | null, versions: readonly RegisteredModel[]): RollbackChoice {
  const served = serving.tags['model_version'] || null;
  const from = input.from ?? preempted?.version ?? served;
  if (serving.definition === null || from === null) return { kind: 'none', from, reason: serving.definition === null ? 'there is no such deployment in production' : 'the deployment does not tell which version it serves (tag model_version)', offered: null };
  const isPreempted = preempted?.version === from;
  // What serves already is nothing to go back to, unless a release is under way to replace it.
  const offered = [...versions].reverse().find(({ version, verdict, problem }) => verdict === 'good' && problem === null && version !== from && (isPreempted || version !== served))?.version ?? null;
  const none = (reason: string): RollbackChoice => ({ kind: 'none', from, reason, offered });

  if (input.to === undefined && from !== served && !isPreempted) return none(`${from} does not serve: ${served ?? 'nothing known'} does`);
  const former = isPreempted ? preempted.preImage?.version : serving.tags['previous_version'];
  const wanted = input.to === newestGood ? offered : (input.to ?? (former || null));
  if (wanted === null) return none(input.to === newestGood ? 'no version is recorded good' : `${from} has no previous version (tag previous_version)`);
  if (wanted === from) return none(`${wanted} is the version to be rolled back`);
  const to = versions.find(({ version }) => version === wanted);
  if (!to) return none(`version ${wanted} is not in the registry any more`);
  if (to.problem !== null) return none(`version ${wanted} ${to.problem}`);
  if (to.verdict === 'bad') return none(`version ${wanted} is recorded bad`);
  const older = versions.slice(0, versions.indexOf(to));
  return { kind: 'roll back', from, to, previous: [...older].reverse().find(({ verdict, problem }) => verdict === 'good' && problem === null)?.version ?? null, doubt: to.verdict === 'good' ? null : `version ${wanted} is not recorded good: it was deployed before verdicts were kept, or its window was cut short` };
}

/** What the deployment says of itself afterwards; null takes a tag off. */
export function rollbackTags({ from, to, previous }: Extract<RollbackChoice, { kind: 'roll back' }>, run: string, by: string): Record<string, string | null> {
  return { model_version: to.version, rolled_back_from: from, previous_version: previous, released_by: by, run };
}

/** How long each phase took, in seconds; one that goes on until `now`. */
export function phaseSeconds(phases: readonly PhaseTime[], now: string): { name: string; seconds: number }[] {
  return phases.map(({ name, startedAt, endedAt }) => ({ name, seconds: (Date.parse(endedAt ?? now) - Date.parse(startedAt)) / 1000 }));
}

export interface IncidentFacts {
  input: RollBackModelInput;
  from: string;
  to: string;
  secondsToServing: number;
  phases: readonly PhaseTime[];
  alerts: readonly string[];
  log: BatchJobLog | null;
  inference: RollBackModelResult['inference'];
  notes: readonly string[];
  run: string;
}

/** The incident report as the document asks for it: what happened, timeline, logs, and the root cause to be filled in. HTML, for a work item. */
export function incidentHtml({ input, from, to, secondsToServing, phases, alerts, log, inference, notes, run }: IncidentFacts): string {
  const text = escapeMarkup;
  const list = (items: readonly string[]): string => `<ul>${items.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`;
  const started = input.alert ? `alert ${input.alert.name}` : (input.startedBy ?? 'nobody named');
  return [
    `<p>${text(targetLabel(input.target))} was rolled back from ${text(from)} to ${text(to)}, which served ${secondsToServing.toFixed(1)} s after the rollback had begun. Reason: ${text(input.reason)}. Started by ${text(started)}; run ${text(run)}.</p>`,
    '<h3>Timeline</h3>', list(phases.map(({ name, startedAt, endedAt }) => `${startedAt}: ${name}${endedAt === null ? '' : `, until ${endedAt}`}`)),
    '<h3>Alerts that fired</h3>', alerts.length === 0 ? '<p>None.</p>' : list(alerts),
    '<h3>Batch job log</h3>', log === null ? '<p>The deployment has scored nothing that the service still lists.</p>' : `<p>Newest job ${text(log.jobName)}: ${text(log.status)}${log.error === null ? '' : `, ${text(log.error)}`}. Log: ${text(log.logUri)}</p><pre>${text(log.tail.join('\n'))}</pre>`,
    '<h3>Verification</h3>', inference === null ? '<p>No test inference was made.</p>' : `<p>Test inference ${text(inference.jobName)}: ${inference.passed ? 'passed' : 'did not pass'}, ${inference.rows} predictions.</p>${list(inference.findings)}`,
    ...(notes.length === 0 ? [] : ['<h3>To be known</h3>', list(notes)]),
    '<h3>Root cause (to be filled in)</h3>', list(['What was different in the version, its data or its environment?', 'Why was it not seen at Stage 1, in Stage 2 or at Stage 3?', 'Which predictions were wrong, and who used them?', 'Planned fix, by whom and until when', 'What will find it earlier next time?']),
  ].join('');
}
