/** The scenario of the kill tests: a release whose window is breached, so that it is rolled back by a run of its own, whose steps have a kill test of their own. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import { circuitChange, Releases } from '../../support/releases.ts';
import { Stack } from '../../support/stack.ts';
import { peopleAndPlatforms, stepsOf, type Step } from './kill-run.ts';

/** Activities that a scenario of its own kills, with the reason. */
export const killedElsewhere: Record<string, string> = {
  cancelJob: 'runs only as the undo of a job that a cancelled or failed run leaves behind',
  ...reasonFor(['readStageEvidence', 'writeCheckLog', 'watchStage', 'completeStageCheck', 'forgetCheckSecret'], 'of a stage that waits for its check: kill-stage-check.test.ts'),
  ...reasonFor(['loadStagePolicy', 'loadCircuits', 'planGateClock', 'nextOpening'], 'reads a file and computes'),
  ...reasonFor(['awaitBuilds', 'awaitBuildOrigin', 'readPublishedVersion'], 'in a change that accompanies a build pipeline: kill-accompanied-change.test.ts'),
  ...reasonFor(['findBusyTargets', 'findWaitingGates', 'findInterruptedRuns', 'followReleases', 'readGates', 'readAlertRules'], 'only reads, in a review or a sweep'),
  ...reasonFor(['answerGate', 'answerGates', 'tendGate', 'tendGates'], 'sends updates under ids of the step, so that a repetition is the same answer: test/activities/runs'),
  ...reasonFor(['switchBatchDeployment', 'readRegisteredModels', 'readBatchJobLog', 'awaitRunClosed', 'recordVerdict', 'createWorkItem', 'closeDuplicateWorkItems'], 'of a rollback: kill-roll-back-model.test.ts'),
  restoreBatchDeployment: 'runs only as the undo of a write; a second call finds nothing to do: test/activities/azure-ml/restore-batch-deployment.test.ts',
  ...reasonFor(['findDeployedRelease', 'startRedeploy', 'awaitRedeploy', 'cancelRedeploy', 'findIncident'], 'of a rollback by Azure DevOps: redeploy.test.ts'),
  ...reasonFor(['deployTrial', 'checkTrial'], 'in an update of the environment: environment-update.test.ts'),
  ...reasonFor(['claimLocks', 'releaseLocks'], 'a second claim or release changes nothing: test/workflows/environments/fleet-locks.test.ts'),
  ...reasonFor(['findCompletedChanges', 'findEndedBuilds', 'findMissedApprovals', 'loadHookRules', 'readKnownRuns', 'readRunMemory'], 'only reads, for hooks that never came'),
  showApprovals: 'what is shown at a gate is not sent again: test/starters/missed-approvals.test.ts',
  selectScheduledTargets: 'reads a file',
  findFailedJob: 'only reads, for an alert',
  findClosedRuns: 'only reads, for a lock',
  freeLock: 'a second release changes nothing: test/workflows/locks',
  ...reasonFor(['readBatchJob', 'readJobFailure', 'findLaterJobs', 'awaitNextJob'], 'in the recovery of a batch job: test/chaos/kill-recover-batch-job.test.ts'),
  ...reasonFor(['checkBatchData', 'checkEnvironment'], 'only reads, in the recovery of a batch job'),
  findLastChanges: 'only reads, in an incident',
  ...reasonFor(['awaitNoStop', 'holdReleases', 'liftHold'], 'a second look or signal changes nothing: test/workflows/incidents'),
  planConfigurationChange: 'only reads, in a change of a configuration',
  ...reasonFor(['pushConfigurationChange', 'openPullRequest', 'completePullRequest', 'withdrawChange'], 'in a change of a configuration: test/chaos/kill-update-training-config.test.ts'),
  ...reasonFor(['awaitReview', 'loadChangeRules'], 'only reads, in a change of a configuration'),
  ...reasonFor(['registerEnvironment', 'keepReport'], 'in an update of the environment: environment-update.test.ts kills the worker at its tests and at its writes'),
  ...reasonFor(['readEnvironmentChange', 'checkNotebook', 'loadFleet', 'readBatchSuccess', 'watchAlertRates'], 'only reads, in an update of the environment'),
  ...reasonFor(['findPredictions', 'measurePredictionErrors', 'checkCircuitData', 'measureCircuitDrift'], 'reads data and computes'),
  ...reasonFor(['readPlatformDriftReport', 'readDriftBaseline', 'analyseDrift', 'loadDriftRules', 'awaitRelease'], 'only reads, in a retraining after drift'),
  ...reasonFor(['writeDriftReport', 'moveDriftBaseline'], 'killed between effect and record: retrain-on-drift.test.ts'),
  attachPicture: 'a file under the key of its step, a description that has the link already: test/activities/azure-devops/pull-request-attachment.test.ts',
  writeDegradationReport: 'in the investigation of a degradation: test/chaos/kill-investigate-degradation.test.ts',
  ...reasonFor(['readModelVersion', 'readModelFiles', 'readPullRequest'], 'only reads, for the machine items of a checklist'),
  ...reasonFor(['readFreeze', 'awaitFreezeChange'], 'reads a file and computes'),
  ...reasonFor(['routeAlert', 'loadAlertSources', 'loadIncidentPolicy', 'namedCircuits'], 'reads a file'),
  ...reasonFor(['readFiredAlerts', 'readActiveAlerts', 'findAlertRun'], 'only reads, for alerts'),
  ...reasonFor(['takeUpAlerts', 'cancelUnneededRun'], 'starts under the id of the occurrence, and a second cancellation changes nothing: test/workflows/alerts'),
  ...reasonFor(['findFailedTrainings', 'readTrainingFailure', 'readComputeQuota', 'planEnvironmentRebuild', 'locateConfigError', 'loadFailureRules'], 'only reads, for training failures'),
  retryTrainingJob: 'in the resolution of training failures: test/chaos/kill-resolve-training-failures.test.ts',
  tellFailureCount: 'a job counts once, however often it is told: test/workflows/training/count-training-failures.test.ts',
  supersedeRun: 'a second signal changes nothing: test/activities/runs',
  verifyAnswers: 'computes; a decision that is sent while workers are killed: test/chaos/decisions.test.ts',
  anchorRecord: 'writes once under the name of the block: test/activities/record',
};

function reasonFor(activities: readonly string[], reason: string): Record<string, string> {
  return Object.fromEntries(activities.map((activity) => [activity, reason]));
}

export interface KillScenario {
  stack: Stack;
  releases: Releases;
  /** What each runbook did in the dry run. */
  steps: { releaseChange: Step[]; releaseModel: Step[] };
}

/** One good and one malformed file, the latter with a text of its own: what is on the branch already is no change. */
export function mixedChange(target: Target): Record<string, string> {
  return { ...circuitChange(target), 'config/plants/P002/C002.yml': `training: [ # with ${target.plant}/${target.circuit}` };
}

/**
 * Starts a stack and runs the scenario once without kills, for circuit P001/C004, to learn its steps. The POSTs without a key fail once, so that the run also looks for
 * late twins before it closes, as it will after every kill.
 */
export async function learnSteps(): Promise<KillScenario> {
  const stack = await Stack.start({ estate: { settle: '2s', monitoring: { for: '4s', every: '1s', rollback: '3s', onBreach: 'rollBack' } } });
  try {
    return await learnFrom(stack);
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function learnFrom(stack: Stack): Promise<KillScenario> {
  const releases = new Releases(stack);
  const worker = await stack.startWorker();
  for (const path of ['/threads$', '/scoring/', '/wit/workitems/\\$Bug$']) await stack.standIn.fault({ method: 'POST', path }, { kind: 'status', status: 500 });
  const pullRequest = await stack.standIn.completePullRequest(mixedChange({ plant: 'P001', circuit: 'C004' }));
  const change = await releases.start(pullRequest);
  const { releases: [release] } = await releases.trained(pullRequest);
  assert.ok(release);
  const drive = peopleAndPlatforms(stack, releases, release);
  while ((await releases.look(release)).status === 'RUNNING') {
    await drive();
    await sleep(100);
  }
  const steps = { releaseChange: await stepsOf(stack, change), releaseModel: await stepsOf(stack, release) };
  await worker.stop();
  await stack.standIn.clearFaults();
  return { stack, releases, steps };
}
