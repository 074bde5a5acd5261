import { modelName } from '../domain/ids.ts';
import type { PullRequest, ReleaseChangeInput, ReleaseModelInput } from '../domain/release.ts';
import type { Target } from '../domain/vocabulary.ts';

/** What a circuit's release is started with, whoever trained the version. Those who asked are the author and whoever started the change. */
export function releaseInput({ startedBy }: ReleaseChangeInput, { id, title, url, createdBy, requestedBy = [], repositoryId }: PullRequest, target: Target, version: string, trainingJob: string): ReleaseModelInput {
  return { target, model: modelName(target), version, trainingJob, pullRequest: { id, title, url, createdBy, repositoryId }, requestedBy: [createdBy, ...requestedBy, ...(startedBy === undefined ? [] : [startedBy])] };
}
