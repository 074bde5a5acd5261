/** From figures to a cause: one table, whose every row says what it saw, so that a person can follow it. Pure. */
import type { AskedBy, DegradationEvidence, DegradationThresholds, Distance, ErrorFigures, FeatureDrift, Finding, NextRunbook } from './degradation.ts';
import { figure } from './figures.ts';

/** How the errors compare. `seasonal`: greater than over the year, but not than in the same season a year ago. `mixed`: the references disagree. */
export type ErrorVerdict = 'unknown' | 'degraded' | 'seasonal' | 'mixed' | 'steady';

export interface Judged {
  errors: ErrorVerdict;
  /** One sentence for each reference. */
  comparisons: string[];
  /** Features that drifted also against the same season; where there is no such season, against the baseline. */
  unexpected: FeatureDrift[];
  /** Features that differ from the year, but not from the same season a year ago. */
  seasonal: FeatureDrift[];
}

export interface DegradationDecision extends Judged {
  finding: Finding;
  /** What is most likely where nothing is certain; what a person is asked to approve. */
  leaning: NextRunbook | 'wait' | null;
  /** Each rule that was looked at, in order; the last one decided. */
  reasoning: string[];
}

interface Rule {
  name: string;
  /** Whether it decides, and what it saw. */
  look: (evidence: DegradationEvidence, judged: Judged) => { decides: boolean; saw: string };
  then: (evidence: DegradationEvidence, judged: Judged) => { finding: Finding; leaning: DegradationDecision['leaning'] };
}

const graveFaults = ({ data }: DegradationEvidence) => data.findings.filter(({ grave }) => grave);

/** The table, from top to bottom: the first row that decides, decides. Data first, for no figure from bad data means anything. */
const rules: readonly Rule[] = [
  {
    name: 'The data are at fault',
    look: (evidence) => {
      const grave = graveFaults(evidence);
      return { decides: grave.length > 0, saw: grave.length > 0 ? grave.map(({ detail }) => detail).join('; ') : `nothing grave in ${evidence.data.rows} rows${evidence.data.findings.length === 0 ? '' : `, only ${evidence.data.findings.map(({ detail }) => detail).join('; ')}`}` };
    },
    then: () => ({ finding: 'data', leaning: null }),
  },
  {
    name: 'The errors are not known',
    look: ({ performance }, { errors, comparisons }) => ({ decides: errors === 'unknown', saw: comparisons.join('; ') || performance.detail }),
    then: (_evidence, { unexpected }) => ({ finding: 'inconclusive', leaning: unexpected.length > 0 ? 'retrainOnDrift' : 'wait' }),
  },
  {
    name: 'The errors grew, and what the model is fed with changed',
    look: (_evidence, { errors, unexpected }) => ({ decides: errors === 'degraded' && unexpected.length > 0, saw: `${errorSentence(errors)}; ${driftSentence(unexpected)}` }),
    then: () => ({ finding: 'drift', leaning: null }),
  },
  {
    name: 'The errors grew, and whether the inputs changed is not known',
    look: ({ drift }, { errors }) => ({ decides: errors === 'degraded' && drift.state !== 'measured', saw: drift.state === 'measured' ? 'drift was measured' : drift.detail }),
    then: () => ({ finding: 'inconclusive', leaning: 'rollBackModel' }),
  },
  {
    name: 'The errors grew on inputs that did not change, and the data are clean',
    look: ({ data }, { errors }) => ({ decides: errors === 'degraded' && data.findings.length === 0, saw: `${errorSentence(errors)}; ${data.findings.length === 0 ? 'the data are clean' : `${data.findings.length} small faults in the data`}` }),
    then: () => ({ finding: 'model', leaning: null }),
  },
  {
    name: 'The errors grew, but the data have small faults',
    look: ({ data }, { errors }) => ({ decides: errors === 'degraded', saw: `${errorSentence(errors)}; ${data.findings.map(({ detail }) => detail).join('; ')}` }),
    then: () => ({ finding: 'inconclusive', leaning: 'rollBackModel' }),
  },
  {
    name: 'The references disagree about the errors',
    look: (_evidence, { errors }) => ({ decides: errors === 'mixed', saw: errorSentence(errors) }),
    then: (_evidence, { unexpected }) => ({ finding: 'inconclusive', leaning: unexpected.length > 0 ? 'retrainOnDrift' : 'wait' }),
  },
  {
    name: 'The inputs changed, and the errors have not grown yet',
    look: (_evidence, { unexpected }) => ({ decides: unexpected.length > 0, saw: driftSentence(unexpected) }),
    then: () => ({ finding: 'inconclusive', leaning: 'retrainOnDrift' }),
  },
  {
    name: 'Nothing is wrong',
    look: (_evidence, { errors, seasonal }) => ({ decides: true, saw: `${errorSentence(errors)}${seasonal.length === 0 ? '' : `; ${names(seasonal)} as in the same season a year ago`}` }),
    then: () => ({ finding: 'nothing', leaning: null }),
  },
];

export function decideCause(evidence: DegradationEvidence, thresholds: DegradationThresholds): DegradationDecision {
  const judged = { ...judgeErrors(evidence, thresholds), ...judgeDrift(evidence.drift.features) };
  const reasoning: string[] = [];
  for (const { name, look, then } of rules) {
    const { decides, saw } = look(evidence, judged);
    reasoning.push(`${name}: ${decides ? 'yes' : 'no'}. ${saw}.`);
    if (decides) return { ...judged, ...then(evidence, judged), reasoning };
  }
  throw new Error('the last row of the table always decides');
}

/** What the deciding rule saw, for a sentence that says by itself what was decided. */
export function whatDecided(reasoning: readonly string[]): string {
  return (reasoning.at(-1) ?? '').replace(/^.*?: yes\. /, '');
}

/**
 * Where another runbook asks, drift was seen there already, and a person decides whatever the table says. Two findings stand: data at fault are mended first, and a rollback waits for
 * nobody.
 */
export function leftToPerson(decision: DegradationDecision, { workflowId, reason }: AskedBy): DegradationDecision {
  if (decision.finding === 'data' || decision.finding === 'model') return decision;
  const leaning = decision.leaning === 'rollBackModel' ? decision.leaning : 'retrainOnDrift';
  return { ...decision, finding: 'inconclusive', leaning, reasoning: [...decision.reasoning, `${workflowId} asks: a person decides. ${reason}`] };
}

/** The current window against every reference that there is: the year before, the same season a year ago, the version's own hold-out rows. */
export function judgeErrors({ performance: { state, current, baseline, season }, holdoutMae }: Pick<DegradationEvidence, 'performance' | 'holdoutMae'>, { worseBy, farWorseBy, minimumRows }: DegradationThresholds): Pick<Judged, 'errors' | 'comparisons'> {
  const mae = current.mae;
  if (state !== 'measured' || mae === null) return { errors: 'unknown', comparisons: [] };
  const enough = ({ rows, mae: known }: ErrorFigures): number | null => (rows >= minimumRows ? known : null);
  const references = [
    { name: 'the year before', is: 'year', mae: enough(baseline) },
    { name: 'the same season a year ago', is: 'season', mae: enough(season) },
    { name: 'the hold-out rows of its training', is: 'holdout', mae: holdoutMae },
  ].flatMap((reference) => (reference.mae !== null && reference.mae > 0 ? [{ ...reference, share: mae / reference.mae - 1 }] : []));
  const comparisons = references.map(({ name, mae: held, share }) => `MAE ${figure(mae)} against ${figure(held)} of ${name}: ${percent(share)}`);
  const worse = references.filter(({ share }) => share > worseBy);
  const seasonal = references.find(({ is }) => is === 'season');
  const others = worse.filter(({ is }) => is !== 'season');
  if (references.length === 0) return { errors: 'unknown', comparisons: ['there is nothing to hold the errors against'] };
  if (references.some(({ share }) => share > farWorseBy)) return { errors: 'degraded', comparisons };
  if (worse.length === 0) return { errors: 'steady', comparisons };
  if (seasonal === undefined) return { errors: worse.length === references.length ? 'degraded' : 'mixed', comparisons };
  if (seasonal.share <= worseBy) return { errors: 'seasonal', comparisons };
  return { errors: others.length > 0 ? 'degraded' : 'mixed', comparisons };
}

/** What the season explains is expected; `retrainOnDrift` asks the same. */
export function judgeDrift(features: readonly FeatureDrift[]): Pick<Judged, 'unexpected' | 'seasonal'> {
  const has = (distance: Distance | null): boolean => distance?.drifted ?? false;
  const unexpected = features.filter(({ baseline, season }) => (season === null ? has(baseline) : has(season)));
  return { unexpected, seasonal: features.filter((feature) => has(feature.baseline) && !unexpected.includes(feature)) };
}

function errorSentence(errors: ErrorVerdict): string {
  const sentences: Record<ErrorVerdict, string> = {
    unknown: 'the errors are not known',
    degraded: 'the errors grew',
    seasonal: 'the errors are no greater than in the same season a year ago',
    mixed: 'the errors grew against one reference and not against the others',
    steady: 'the errors have not grown',
  };
  return sentences[errors];
}

function driftSentence(features: readonly FeatureDrift[]): string {
  if (features.length === 0) return 'no feature drifted beyond its season';
  return features.map(({ feature, magnitude, change }) => `${feature} moved by ${figure(magnitude)} standard deviations${change === null ? '' : `, ${change.kind === 'sudden' ? 'suddenly on' : 'gradually, about'} ${change.at}`}`).join('; ');
}

function names(features: readonly FeatureDrift[]): string {
  return features.map(({ feature }) => feature).join(', ');
}

/** `+12.3 %` of a share. */
function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)} %`;
}
