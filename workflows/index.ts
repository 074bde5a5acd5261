/** The registry: every export becomes a workflow type that can be started. Runbooks, and the few workflows that serve them. */
export { approvePipelineStage } from './checks/approve-pipeline-stage.ts';
export { testModelInEnvironment } from './environments/test-model-in-environment.ts';
export { updateEnvironment } from './environments/update-environment.ts';
export { releaseChange } from './releases/release-change.ts';
export { releaseModel } from './releases/release-model.ts';
export { rollBackModel } from './releases/roll-back-model.ts';
export { followAlert } from './alerts/follow-alert.ts';
export { reconcileAlerts } from './alerts/reconcile-alerts.ts';
export { keepUnresolvedHook } from './hooks/unresolved-hook.ts';
export { investigateDegradation } from './retraining/investigate-degradation.ts';
export { reviewBypass } from './reviews/review-bypass.ts';
export { reviewPendingReleases } from './reviews/review-pending-releases.ts';
export { unblockRelease } from './reviews/unblock-release.ts';
export { lockTarget } from './locks/lock-target.ts';
export { reportInterruption } from './maintenance/report-interruption.ts';
export { sweepRuns } from './maintenance/sweep-runs.ts';
export { anchorRecord } from './maintenance/anchor-record.ts';
