import { FailureType } from '../../workflows/domain/failures.ts';
import type { StageEvidence } from '../../workflows/domain/stage-check.ts';
import { isFailure } from '../http/classify.ts';
import type { BuildBody, CheckApi } from './check-rest.ts';
import { pullRequestPage, type PullRequestBody } from './rest.ts';

export interface ReadStageEvidenceInput {
  projectId: string;
  buildId: number;
  environmentId: number;
}

const longestText = 300;
const mostChanges = 20;

/**
 * Reads what a run that asks for its stage is about: pipeline, commit and its pull request, changes, test results if there are any, and what was deployed to the environment before.
 *
 * Safe to retry because it only reads.
 *
 * @throws NotFound (not retried) when the organisation has no such build
 */
export async function readStageEvidence(api: CheckApi, { projectId, buildId, environmentId }: ReadStageEvidenceInput): Promise<StageEvidence> {
  const build = await api.build(projectId, buildId);
  const [found, changes, testRuns, deployments] = await Promise.all([pullRequestOf(api, projectId, build), api.changes(projectId, buildId), api.testRuns(projectId, buildId), ifThere(api.deployments(projectId, environmentId), [])]);
  const total = sum(testRuns.map(({ totalTests }) => totalTests));
  const previous = deployments.find(({ result, owner }) => result?.toLowerCase() === 'succeeded' && owner.id !== buildId);
  const before = previous ? await ifThere(api.build(projectId, previous.owner.id), null) : null;
  return {
    pipeline: { id: build.definition.id, name: cut(build.definition.name) },
    build: { id: build.id, number: cut(build.buildNumber), url: build._links?.web?.href ?? build.url },
    branch: cut(build.sourceBranch),
    commit: build.sourceVersion,
    requestedFor: build.requestedFor?.uniqueName ?? build.requestedFor?.displayName ?? 'unknown',
    pullRequest: found && { id: found.pullRequestId, title: cut(found.title), url: pullRequestPage(found), createdBy: found.createdBy.uniqueName },
    pullRequestStatus: found?.status ?? null,
    changes: changes.slice(0, mostChanges).map(({ id, message, author }) => ({ id, message: cut(message?.split('\n')[0] ?? ''), author: author?.uniqueName ?? author?.displayName ?? 'unknown' })),
    tests: testRuns.length === 0 ? null : { total, passed: sum(testRuns.map(({ passedTests }) => passedTests)) },
    previous: previous ? { buildId: previous.owner.id, buildNumber: cut(previous.owner.name), stage: cut(previous.stageName), finishedAt: previous.finishTime ?? 'unknown', commit: before?.sourceVersion ?? null } : null,
  };
}

async function pullRequestOf(api: CheckApi, projectId: string, { repository, sourceVersion }: BuildBody): Promise<PullRequestBody | null> {
  if (repository.type !== 'TfsGit') return null; // repositories elsewhere have their pull requests elsewhere
  return (await ifThere(api.pullRequestsOf(projectId, repository.id, sourceVersion), []))[0] ?? null;
}

/** Evidence that has gone is missing evidence, no failure of the gate. */
async function ifThere<T>(reading: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return otherwise;
    throw error;
  }
}

function cut(text: string): string {
  return text.slice(0, longestText).toWellFormed();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
