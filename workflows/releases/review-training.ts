import { now } from '../blocks/workflow-clock.ts';
import { evidenceItem, type Measured } from '../domain/evidence.ts';
import type { Stage1Evidence } from '../domain/release-cards.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { ModelHistoryEntry, ReleaseModelInput } from '../domain/release.ts';
import { readModelHistory, readRunMetrics, readTrainingEvidence } from './release-activities.ts';

/**
 * Gathers what Stage 1 decides on: the metrics beside production's and history's, and anomalies of the training log. Measured again it keeps the history of the first time:
 * that other versions were trained meanwhile says nothing about this one.
 */
export async function reviewTraining(input: ReleaseModelInput, { workspaces }: TargetPolicy, known?: ModelHistoryEntry[]): Promise<Measured<Stage1Evidence>> {
  const [{ metrics, rows, droppedRows }, history] = await Promise.all([
    readRunMetrics({ workspace: workspaces.dev, runId: input.trainingJob }),
    known ?? readModelHistory({ workspace: workspaces.dev, model: input.model, limit: 10 }),
  ]);
  const earlier = history.filter(({ version }) => version !== input.version);
  const log = await readTrainingEvidence({
    workspace: workspaces.dev,
    jobName: input.trainingJob,
    metrics: { rows, droppedRows },
    durationMs: history.find(({ version }) => version === input.version)?.trainingMs ?? null,
    earlierDurationsMs: earlier.flatMap(({ trainingMs }) => (trainingMs === null ? [] : [trainingMs])),
  });
  const at = now().toISOString();
  return {
    evidence: { metrics, history, log },
    items: [evidenceItem('metrics', metrics.candidate, at, { ...metrics.candidate }), evidenceItem('comparison', { production: metrics.production, holdoutRows: metrics.holdoutRows }, at), evidenceItem('training log', { anomalies: log.anomalies, lines: log.lines }, at)],
  };
}
