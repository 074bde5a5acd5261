import type { Stage1Evidence } from '../domain/release-cards.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { ReleaseModelInput } from '../domain/release.ts';
import { readModelHistory, readRunMetrics, readTrainingEvidence } from './release-activities.ts';

/** Gathers what Stage 1 decides on: the metrics beside production's and history's, and anomalies of the training log. */
export async function reviewTraining(input: ReleaseModelInput, { workspaces }: TargetPolicy): Promise<Stage1Evidence> {
  const [{ metrics, rows, droppedRows }, history] = await Promise.all([
    readRunMetrics({ workspace: workspaces.dev, runId: input.trainingJob }),
    readModelHistory({ workspace: workspaces.dev, model: input.model, limit: 10 }),
  ]);
  const earlier = history.filter(({ version }) => version !== input.version);
  const log = await readTrainingEvidence({
    workspace: workspaces.dev,
    jobName: input.trainingJob,
    metrics: { rows, droppedRows },
    durationMs: history.find(({ version }) => version === input.version)?.trainingMs ?? null,
    earlierDurationsMs: earlier.flatMap(({ trainingMs }) => (trainingMs === null ? [] : [trainingMs])),
  });
  return { metrics, history: earlier, log };
}
