/** The machine items of a pipeline stage's checklist: all of them are seen by reading the run once more. */
import type { GateRequest } from '../blocks/gate-request.ts';
import { canCheck, type Checked, type StageCheck } from '../domain/machine-checks.ts';
import type { ApprovePipelineStageInput, StageEvidence } from '../domain/stage-check.ts';
import { lookAtStage } from './stage-activities.ts';

/** How the gate before a stage answers machine items. */
export function stageChecks({ check: { projectId }, buildId, environment }: ApprovePipelineStageInput): NonNullable<GateRequest['check']> {
  return async (item) => (canCheck('stage', item) ? checks[item](await lookAtStage({ projectId, buildId, environmentId: environment.id })) : { ok: false, comment: 'the gate before a stage cannot check this' });
}

const checks: Record<StageCheck, (evidence: StageEvidence) => Checked> = {
  // That a pull request made the commit is not enough: Azure DevOps builds the merge of an active one on trial.
  'pull-request-completed': ({ pullRequest, pullRequestStatus, commit }) => (pullRequest === null ? { ok: false, comment: `no pull request of this repository made commit ${commit.slice(0, 10)}` } : { ok: pullRequestStatus === 'completed', comment: `pull request ${pullRequest.id} is ${pullRequestStatus ?? 'in no known state'}` }),
  'tests-passed': ({ tests }) => (tests === null ? { ok: false, comment: 'the run published no test results' } : { ok: tests.total > 0 && tests.passed === tests.total, comment: `${tests.passed} of ${tests.total} tests passed` }),
  // Nothing known may also be a list that we may not read, so a first deployment needs this item left out.
  'previous-version-available': ({ previous }) => (previous === null ? { ok: false, comment: 'no deployment before this one is known' } : { ok: true, comment: `run ${previous.buildNumber} of ${previous.finishedAt.slice(0, 10)} can be run again` }),
};
