/** What the approvers of a release are asked and shown: pure functions from evidence to card. */
import type { GateCard } from './card.ts';
import type { EvidenceItem } from './evidence.ts';
import { targetLabel } from './ids.ts';
import type { DeploymentSnapshot, InferenceReport, ModelHistoryEntry, ReleaseModelInput, TrainingLogReport, TrainingMetrics } from './release.ts';

export interface Stage1Evidence {
  metrics: TrainingMetrics;
  log: TrainingLogReport;
  history: ModelHistoryEntry[];
}

/** Stage 1: are the metrics and the training log good enough for the registry? */
export function stage1Card(input: ReleaseModelInput, { metrics, log, history }: Stage1Evidence, registry: string): GateCard {
  const { candidate, production } = metrics;
  const figures = ([['MAE', 'mae'], ['RMSE', 'rmse'], ['R²', 'r2']] as const).map(([name, field]) => ({
    name,
    candidate: figure(candidate[field]),
    production: production ? figure(production[field]) : 'none',
    ...(production && { threshold: field === 'mae' ? `≤ ${figure(production.mae)}` : '' }),
  }));
  const earlier = history.filter(({ version, mae }) => version !== input.version && mae !== null).slice(0, 4);
  return {
    question: `Promote ${targetLabel(input.target)} ${input.version} to the registry?`,
    recommendation: stage1Recommendation(metrics, log.anomalies),
    comparison: { measuredOn: `on ${metrics.holdoutRows} hold-out rows`, figures },
    facts: [
      ...(log.anomalies.length === 0 ? [`no anomaly in ${log.lines} lines of training log`] : log.anomalies.map((anomaly) => `training log: ${anomaly}`)),
      ...(earlier.length > 0 ? [`MAE of earlier versions: ${earlier.map(({ version, mae }) => `${figure(mae!)} (${version})`).join(', ')}`] : []),
      `asked by ${input.requestedBy.join(', ')}: pull request ${input.pullRequest.id}, ${input.pullRequest.title}`,
    ],
    change: `copies the model to ${registry}, not yet to production.`,
    undo: 'none needed; a version in the registry serves nobody.',
  };
}

/** What Stage 1 of a whole change decides on. */
export type JointEvidence = { circuit: string; version: string; evidence: Stage1Evidence; items: EvidenceItem[] }[];

/** Stage 1 for all circuits of a change, or as many as a card shows: one line each. */
export function jointCard(pullRequest: ReleaseModelInput['pullRequest'], circuits: JointEvidence, registry: string): GateCard {
  const judged = circuits.map(({ circuit, version, evidence: { metrics, log } }) => ({ circuit, version, metrics, recommendation: stage1Recommendation(metrics, log.anomalies) }));
  const doubtful = judged.filter(({ recommendation }) => !recommendation.startsWith('approve')).map(({ circuit }) => circuit);
  return {
    question: `Promote ${circuits.length} circuits of pull request ${pullRequest.id} to the registry?`,
    recommendation: doubtful.length === 0 ? 'approve: each is at least as good as in production, and no log shows an anomaly.' : `approve except ${doubtful.join(', ')}.`,
    comparison: null,
    facts: [
      ...judged.map(({ circuit, version, metrics: { candidate, production, holdoutRows }, recommendation }) => `${circuit} ${version}: MAE ${figure(candidate.mae)}, ${production ? `in production ${figure(production.mae)}` : 'none in production'} (${holdoutRows} rows); ${recommendation}`),
      `asked by ${pullRequest.createdBy}: ${pullRequest.title}`,
    ],
    change: `copies these models to ${registry}, not yet to production; "except": ["${circuits[0]?.circuit}"] leaves some out.`,
    undo: 'none needed; a version in the registry serves nobody.',
  };
}

/** Better or equal and no anomaly: approve. The reason is always said. */
export function stage1Recommendation({ candidate, production }: TrainingMetrics, anomalies: readonly string[]): string {
  if (![candidate.mae, candidate.rmse, candidate.r2].every(Number.isFinite)) return 'reject: a metric of the candidate is not a number.';
  if (production && candidate.mae > production.mae) return `reject: MAE is ${production.mae > 0 ? percent(candidate.mae / production.mae - 1) : 'infinitely'} worse than in production.`;
  if (anomalies.length > 0) return `look closely: ${anomalies.length === 1 ? 'an anomaly' : `${anomalies.length} anomalies`} in the training log.`;
  if (!production) return 'approve: no version is in production to compare with, and the log shows no anomaly.';
  return `approve: MAE is ${percent(production.mae > 0 ? 1 - candidate.mae / production.mae : 0)} better than in production, and the log shows no anomaly.`;
}

/** Stage 3: do the test results allow production? */
export function stage3Card(input: ReleaseModelInput, test: InferenceReport, before: DeploymentSnapshot, monitoring: string): GateCard {
  const version = before.tags['model_version'];
  const serving = before.definition === null ? 'nothing' : version === undefined ? (before.model ?? 'an untagged model') : `version ${version}`;
  return {
    question: `Deploy ${targetLabel(input.target)} ${input.version} to production?`,
    recommendation: test.passed ? 'approve: the test inference ended without errors and its output is complete.' : `reject: ${test.findings[0] ?? 'the test inference did not pass'}.`,
    comparison: null,
    facts: [
      `test inference ${test.jobName}: ${test.rows} predictions${test.minimum === null || test.maximum === null ? '' : `, ${figure(test.minimum)} to ${figure(test.maximum)}`}`,
      ...(test.findings.length === 0 ? ['no error in its log'] : test.findings),
      `asked by ${input.requestedBy.join(', ')}: pull request ${input.pullRequest.id}`,
    ],
    change: `replaces ${serving} in this circuit's own deployment; the endpoint's default stays. Then ${monitoring}.`,
    undo: `the definition as it is now (${serving}) is put back.`,
  };
}

/** A breach in the monitoring window: keep the version, or put back what served before? `previous`: the version that served before; null: none did. */
export function rollbackCard(input: ReleaseModelInput, breach: string, isCertain: boolean, previous: string | null): GateCard {
  const pullRequest = `pull request ${input.pullRequest.id}: ${input.pullRequest.title}`;
  if (previous === null) return firstVersionCard(input, breach, pullRequest);
  return {
    question: `Roll ${targetLabel(input.target)} back from ${input.version} to ${previous}?`,
    recommendation: `${isCertain ? 'approve' : 'look closely'}: ${breach}.`,
    comparison: null,
    facts: [pullRequest],
    change: `starts rollBackModel: ${previous} serves at once, an incident is opened with its report, and a second person reviews it. Rejecting keeps version ${input.version}.`,
    undo: 'release the version again.',
  };
}

/** Nothing served before: whatever is answered, the version serves on; what is asked is how its release ends. */
function firstVersionCard({ target, version }: ReleaseModelInput, breach: string, pullRequest: string): GateCard {
  return {
    question: `Take ${targetLabel(target)} ${version} for bad? There is no earlier version to go back to.`,
    recommendation: `look closely: ${breach}.`,
    comparison: null,
    facts: ['it is the first version that serves here: nothing can be rolled back', 'to switch it off, delete its deployment in Azure ML: Holdpoint does not', pullRequest],
    change: `switches nothing: ${version} serves on either way. Approve: its release ends as rejected, with a work item. Reject: it is kept, and its release ends as succeeded.`,
    undo: 'release another version.',
  };
}

function figure(value: number): string {
  // JSON knows no NaN: a metric that is none arrives as null.
  return Number.isFinite(value) ? value.toPrecision(4) : 'not a number';
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
