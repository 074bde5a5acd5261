/** What the approver of a pipeline's stage is shown. */
import type { GateCard } from './card.ts';
import { evidenceItem, type EvidenceItem } from './evidence.ts';
import type { ApprovePipelineStageInput, StageEvidence } from './stage-check.ts';

/** The evidence in items, each measured again before the stage goes on; in observe mode nothing waits, and nothing is measured again. */
export function stageItems({ tests, previous, pullRequestStatus: _status, ...run }: StageEvidence, measuredAt: string): EvidenceItem[] {
  return [
    evidenceItem('pipeline run', run, measuredAt),
    evidenceItem('test results', tests, measuredAt, tests ? { total: tests.total, passed: tests.passed } : undefined),
    evidenceItem('deployment before', previous, measuredAt),
  ];
}

export function stageCard({ stage, environment, mode, form }: ApprovePipelineStageInput, evidence: StageEvidence): GateCard {
  const { pipeline, build, branch, commit, pullRequest, changes, tests, previous, requestedFor } = evidence;
  const name = stage ?? 'the stage';
  return {
    question: `Let ${name} of ${pipeline.name} run ${build.number} into ${environment.name}?`,
    recommendation: recommendation(evidence),
    comparison: null,
    facts: [
      ...(mode === 'observe' ? ['observe mode: the stage has passed already; this records what you would have said'] : []),
      pullRequest ? `pull request ${pullRequest.id}: ${pullRequest.title}, by ${pullRequest.createdBy}` : 'no pull request of this repository made the commit',
      `commit ${commit.slice(0, 10)} of ${branch.replace(/^refs\/heads\//, '')}; the run is for ${requestedFor}`,
      tests ? `tests: ${tests.passed} of ${tests.total} passed` : 'the run published no test results',
      previous ? `${environment.name} has run ${previous.buildNumber} of ${previous.finishedAt.slice(0, 16).replace('T', ' ')}${previous.commit === null ? '' : `, commit ${previous.commit.slice(0, 10)}`}` : `no deployment to ${environment.name} is known before this one`,
      ...changes.slice(0, 5).map(({ id, message, author }) => `change ${id.slice(0, 10)} by ${author}: ${message}`),
      ...(changes.length > 5 ? [`and ${changes.length - 5} more changes`] : []),
    ],
    change:
      mode === 'observe'
        ? 'changes nothing: Azure DevOps runs the stage without waiting.'
        : `lets Azure DevOps run ${name} into ${environment.name}${form === 'polling' ? ', when it asks next' : ' at once'}. Rejecting ${form === 'polling' ? "keeps it from running until the check's timeout skips it" : 'fails the stage'}.`,
    undo: previous ? `run the stage of run ${previous.buildNumber} again.` : 'nothing that is known: there was no deployment before.',
  };
}

function recommendation({ tests, pullRequest }: StageEvidence): string {
  const doubts = [
    ...(tests && tests.passed < tests.total ? [`${tests.total - tests.passed} of ${tests.total} tests did not pass`] : []),
    ...(tests === null ? ['no test results'] : []),
    ...(pullRequest === null ? ['no pull request reviewed this commit'] : []),
  ];
  return doubts.length > 0 ? `look closely: ${doubts.join('; ')}.` : `approve: all ${tests!.total} tests passed, and pull request ${pullRequest!.id} was merged.`;
}
