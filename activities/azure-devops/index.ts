/** Activities against Azure DevOps: reading a merged change, commenting on it, following its builds, work items. */
import { awaitBuildOrigin, awaitBuilds, type AwaitBuildOriginInput, type AwaitBuildsInput } from './builds.ts';
import { buildsApi } from './builds-rest.ts';
import { readChange, readPullRequest, type ReadChangeInput } from './change.ts';
import { readEnvironmentChange } from './environment-change.ts';
import { closeDuplicateComments, commentOnPullRequest, type CloseDuplicateCommentsInput, type CommentOnPullRequestInput } from './comment.ts';
import type { AzureDevOpsClients } from './clients.ts';
import { azureDevOpsApi } from './rest.ts';
import { closeDuplicateWorkItems, createWorkItem, type CloseDuplicateWorkItemsInput, type CreateWorkItemInput } from './work-items.ts';

export const createAzureDevOpsActivities = ({ rest, project }: AzureDevOpsClients) => {
  const api = azureDevOpsApi(rest, project);
  const builds = buildsApi(rest, project);
  return {
    readChange: (input: ReadChangeInput) => readChange(api, input),
    readPullRequest: (input: ReadChangeInput) => readPullRequest(api, input),
    readEnvironmentChange: (input: ReadChangeInput) => readEnvironmentChange(api, input),
    commentOnPullRequest: (input: CommentOnPullRequestInput) => commentOnPullRequest(api, input),
    closeDuplicateComments: (input: CloseDuplicateCommentsInput) => closeDuplicateComments(api, input),
    awaitBuilds: (input: AwaitBuildsInput) => awaitBuilds(builds, input),
    awaitBuildOrigin: (input: AwaitBuildOriginInput) => awaitBuildOrigin(builds, input),
    createWorkItem: (input: CreateWorkItemInput) => createWorkItem(api, input),
    closeDuplicateWorkItems: (input: CloseDuplicateWorkItemsInput) => closeDuplicateWorkItems(api, input),
  };
};
