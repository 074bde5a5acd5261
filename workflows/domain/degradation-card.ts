/** What a person is asked where the evidence names no cause: one next step to approve or reject, with the figures that speak for and against it. */
import type { GateCard } from './card.ts';
import type { DegradationEvidence } from './degradation.ts';
import type { DegradationDecision } from './degradation-decision.ts';
import { figure } from './figures.ts';
import { targetLabel } from './ids.ts';
import type { Target } from './vocabulary.ts';

export interface CauseEvidence {
  evidence: DegradationEvidence;
  decision: DegradationDecision;
  reportUri: string | null;
}

export function causeCard(target: Target, { evidence, decision, reportUri }: CauseEvidence): GateCard {
  const { performance: { current, season, trend }, data, drift, serving } = evidence;
  const { leaning } = decision;
  const label = targetLabel(target);
  const step = leaning === 'retrainOnDrift' || leaning === 'rollBackModel' ? leaning : null;
  return {
    question: step === null ? `Leave ${label} as it is until the next window?` : `Start ${step} for ${label}?`,
    recommendation: `look closely: ${decision.reasoning.at(-1)?.replace(': yes. ', ': ') ?? 'the evidence is inconclusive'}`,
    comparison: null,
    facts: [
      `${current.from} to ${current.until}: MAE ${figure(current.mae)}, RMSE ${figure(current.rmse)}, MAPE ${current.mape === null ? 'none' : `${(100 * current.mape).toFixed(1)} %`} over ${current.rows} rows`,
      ...decision.comparisons,
      ...(season.rows === 0 ? ['nothing was measured in the same season a year ago'] : []),
      `MAE by window: ${trend.slice(-6).map(({ mae }) => figure(mae)).join(', ')}`,
      data.findings.length === 0 ? `${data.rows} rows of data, nothing found` : `data: ${data.findings.map(({ detail }) => detail).join('; ')}`,
      decision.unexpected.length === 0 ? `drift: none beyond the season (${drift.detail})` : `drift: ${decision.unexpected.map(({ feature, season: before, baseline }) => `${feature} PSI ${figure((before ?? baseline)?.psi ?? null)}, KS ${figure((before ?? baseline)?.ks ?? null)}`).join('; ')}`,
      `version ${serving ?? 'unknown'} serves`,
      ...(reportUri === null ? [] : [`report: ${reportUri}`]),
    ],
    change: step === null ? 'starts nothing; the investigation ends without a cause.' : step === 'rollBackModel' ? 'lets production serve the previous version at once.' : 'prepares a retraining, whose release has gates of its own.',
    undo: step === 'rollBackModel' ? 'release the version again.' : 'none needed; nothing in production changes by it.',
  };
}
