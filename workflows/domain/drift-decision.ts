/** Whether drift may be trained on without a person: only what is expected and came gradually. Pure; each feature's sentence says why. */
import { judgeDrift } from './degradation-decision.ts';
import type { Distance, FeatureDrift } from './degradation.ts';
import type { DaySpan, DriftAnalysis, OperationalChange, PlatformDriftReport } from './drift-retraining.ts';
import { figure } from './figures.ts';

/** A change point is found to within some days. */
const imprecisionMs = 14 * 86_400_000;

export interface JudgedFeature {
  feature: string;
  /** What explains it: the season, a change that the estate declares, or nothing. */
  expected: { by: 'season' } | { by: 'declared'; what: string } | null;
  pace: 'gradual' | 'sudden';
  sentence: string;
}

export interface DriftDecision {
  finding: 'none' | 'retrain' | 'investigate';
  /** Those that drifted. */
  features: JudgedFeature[];
  reasoning: string[];
}

/** A feature that the platform's report names has drifted, whatever was computed here; what explains it is asked of the readings. */
export function decideDrift({ features, from, until }: Pick<DriftAnalysis, 'features' | 'from' | 'until'>, changes: readonly OperationalChange[], report: PlatformDriftReport | null): DriftDecision {
  const { unexpected, seasonal } = judgeDrift(features);
  const named = report?.features.filter(({ drifted }) => drifted).map(({ feature }) => feature) ?? [];
  const further = features.filter((each) => named.includes(each.feature) && !unexpected.includes(each) && !seasonal.includes(each));
  // Against the season nothing is to be seen, or this would be among the unexpected; without a season, nothing explains what the report says.
  const judged = [
    ...unexpected.map((each) => judge(each, false, { from, until }, changes)),
    ...seasonal.map((each) => judge(each, true, { from, until }, changes)),
    ...further.map((each) => judge(each, each.season !== null, { from, until }, changes)),
    ...named.filter((name) => !features.some(({ feature }) => feature === name)).map(unknown),
  ];
  const steady = features.filter(({ feature }) => !judged.some((each) => each.feature === feature)).map(({ feature }) => feature);
  const reasoning = [...judged.map(({ sentence }) => sentence), ...(steady.length === 0 ? [] : [`${steady.join(', ')}: no drift.`])];
  if (judged.length === 0) return { finding: 'none', features: [], reasoning };
  const open = judged.filter(({ expected, pace }) => expected === null || pace === 'sudden').map(({ feature }) => feature);
  return open.length === 0
    ? { finding: 'retrain', features: judged, reasoning: [...reasoning, 'All of it is expected and came gradually: the circuit is retrained on recent data.'] }
    : { finding: 'investigate', features: judged, reasoning: [...reasoning, `${open.join(', ')}: not both expected and gradual, so that a person decides after an investigation.`] };
}

function judge(drift: FeatureDrift, isSeasonal: boolean, span: DaySpan, changes: readonly OperationalChange[]): JudgedFeature {
  const { feature, baseline, season, magnitude, change } = drift;
  const declared = changes.find((each) => covers(each, drift, span));
  const expected = isSeasonal ? ({ by: 'season' } as const) : declared ? ({ by: 'declared', what: declared.what } as const) : null;
  const pace = change?.kind === 'sudden' ? 'sudden' : 'gradual';
  const why = expected === null ? 'unexpected: nothing declared explains it' : expected.by === 'season' ? 'expected: as in the same season a year ago' : `expected: the estate declares "${expected.what}"`;
  const what = isSeasonal ? `${feature} differs from the baseline (${inFigures(baseline)})` : `${feature} moved by ${figure(magnitude)} standard deviations (${inFigures(season ?? baseline)})`;
  const when = change === null ? 'gradual: with the season taken off, no change point' : change.kind === 'sudden' ? `sudden, on ${change.at}` : `gradual, about ${change.at}`;
  return { feature, expected, pace, sentence: `${what}: ${why}; ${when}.` };
}

function inFigures(distance: Distance | null): string {
  return distance === null ? 'too few readings' : `PSI ${figure(distance.psi)}, KS ${figure(distance.ks)}, p ${distance.ksP.toExponential(1)}`;
}

/** What the platform monitors and the readings do not have cannot be explained by them. */
function unknown(feature: string): JudgedFeature {
  return { feature, expected: null, pace: 'gradual', sentence: `${feature} drifted, says the platform's report; the readings do not have it, so that nothing explains it.` };
}

function covers({ features, from, until }: OperationalChange, { feature, change }: FeatureDrift, span: DaySpan): boolean {
  if (features.length > 0 && !features.includes(feature)) return false;
  if (change === null) return from <= span.until && until >= span.from;
  const at = Date.parse(change.at);
  return at >= Date.parse(from) - imprecisionMs && at <= Date.parse(until) + imprecisionMs;
}
