/** The analysis as the reviewer of the pull request reads it: Markdown, short enough for its description. Pure. */
import type { Distance } from './degradation.ts';
import type { DriftDecision } from './drift-decision.ts';
import type { DriftAnalysis, PriorInvestigation, RetrainOnDriftResult } from './drift-retraining.ts';
import { figure } from './figures.ts';

/** Rows of the table: the most that a description has room for beside the difference. */
const mostFeatures = 6;

export interface AnalysisText {
  analysis: DriftAnalysis;
  decision: DriftDecision;
  report: RetrainOnDriftResult['report'];
  /** The investigation that decided for it, where one did. */
  investigation: PriorInvestigation | null;
  newCutoff: string;
}

export function analysisText({ analysis, decision, report, investigation, newCutoff }: AnalysisText): string {
  const { from, until, baseline } = analysis;
  const order = [...analysis.features].sort((left, right) => Number(isIn(decision, right.feature)) - Number(isIn(decision, left.feature)) || psi(right.baseline) - psi(left.baseline)).slice(0, mostFeatures);
  const who = investigation === null ? 'All of it is expected and came gradually.' : `${investigation.workflowId} investigated it; ${investigation.by.length > 0 ? `${investigation.by.join(', ')} decided that it is retrained` : 'its evidence decided that it is retrained, and no person has yet'}.`;
  return [
    `**Drift** of ${from} to ${until}, against ${baseline.from} to ${baseline.until} and the same season a year ago. ${who}`,
    '',
    '| feature | PSI | KS | PSI, season | moved | judged |',
    '|---|---|---|---|---|---|',
    ...order.map(({ feature, baseline: year, season, magnitude }) => `| ${feature} | ${figure(year?.psi ?? null)} | ${figure(year?.ks ?? null)} | ${figure(season?.psi ?? null)} | ${figure(magnitude)} σ | ${judgedText(decision, feature)} |`),
    '',
    ...(baseline.remark === undefined ? [] : [`${baseline.remark}.`, '']),
    ...(report === null ? [] : [`Distributions now and a year ago: \`${report.reportUri}\``, '']),
    `\`cutoff_date\` becomes ${newCutoff}, the day of the newest reading. The drift baseline moves once the new version serves.`,
  ].join('\n');
}

const isIn = ({ features }: DriftDecision, name: string): boolean => features.some(({ feature }) => feature === name);
const psi = (distance: Distance | null): number => distance?.psi ?? 0;

function judgedText({ features }: DriftDecision, name: string): string {
  const judged = features.find(({ feature }) => feature === name);
  if (!judged) return 'no drift';
  const { expected, pace } = judged;
  return `${expected === null ? 'unexpected' : expected.by === 'season' ? 'season' : `declared: ${expected.what.replaceAll('|', '/').slice(0, 60)}`}, ${pace}`;
}
