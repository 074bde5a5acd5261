/** The runbooks that can be started, and each by its name. */
import type { Runbook } from './runbook.ts';
import { releaseChange, releaseModel } from './runbooks/releases.ts';
import { reviewPendingReleases, unblockRelease } from './runbooks/reviews.ts';
import { rollBackModel, recoverBatchJob, updateEnvironment } from './runbooks/serving.ts';
import { updateTrainingConfig, investigateDegradation } from './runbooks/retraining.ts';
import { coordinateIncident, reconcileAlerts, sweepRuns } from './runbooks/incidents.ts';
import { reconcileHooks } from './runbooks/hooks.ts';

/** All runbooks that can be started, in the order in which they are listed. */
export const runbooks: readonly Runbook[] = [releaseChange, releaseModel, rollBackModel, reviewPendingReleases, unblockRelease, sweepRuns, updateEnvironment, coordinateIncident, reconcileAlerts, reconcileHooks, updateTrainingConfig, recoverBatchJob, investigateDegradation];

export { InputError, parseInput, type Again, type Runbook, type StartOptions } from './runbook.ts';
export { approvePipelineStage } from './runbooks/checks.ts';
export { coordinateIncident, investigateDegradation, reconcileAlerts, reconcileHooks, recoverBatchJob, releaseChange, releaseModel, reviewPendingReleases, rollBackModel, sweepRuns, unblockRelease, updateEnvironment, updateTrainingConfig };
