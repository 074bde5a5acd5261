import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { findFailuresPhase } from '../domain/phases.ts';
import type { FindTrainingFailuresInput } from '../domain/training-failures.ts';
import type { Outcome } from '../domain/vocabulary.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { findFailedTrainings, loadFailureRules, tellFailureCount } from './failure-activities.ts';
import { loadTrainingPlace } from './training-place.ts';

export interface FindTrainingFailuresResult {
  outcome: Outcome;
  reason: string;
  workspace: string | null;
  failures: number;
}

/** Looks for training jobs that failed and tells the counter of all of them. Run by a schedule, and by alerts, which tell that something failed but not always what. */
export async function findTrainingFailures({ alert }: FindTrainingFailuresInput = {}): Promise<FindTrainingFailuresResult> {
  const run = new Run({ phase: findFailuresPhase, target: null, appendToRecord });
  const found: Pick<FindTrainingFailuresResult, 'workspace' | 'failures'> = { workspace: null, failures: 0 };
  return await run.conclude(async () => {
    if (alert !== undefined) run.note(`Alert ${alert}`);
    const { policy, targets } = await loadTrainingPlace();
    const workspace = policy.workspaces.dev;
    found.workspace = workspace.workspace;
    const { withinMs } = await loadFailureRules({});
    const { jobs, complete } = await findFailedTrainings({ workspace, targets, named: [], since: new Date(now().getTime() - withinMs).toISOString(), longestMs: policy.training.timeoutMs });
    found.failures = jobs.length;
    if (jobs.length > 0) await tellFailureCount({ workspace: workspace.workspace, failures: jobs.map(({ jobName, target, failedAt }) => ({ jobName, target, failedAt })) });
    return { outcome: 'succeeded', reason: `${jobs.length} training jobs failed${complete ? '' : ', as far as was read: there are more'}`, ...found };
  }, (outcome, reason) => ({ outcome, reason, ...found }));
}
