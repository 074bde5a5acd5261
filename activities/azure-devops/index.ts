/** Activities against Azure DevOps: reading a merged change, commenting on it, following its builds, proposing a change, deploying a release or a run's stage once more, work items. */
import { approvalsApi } from './approvals-rest.ts';
import { awaitBuildOrigin, awaitBuilds, type AwaitBuildOriginInput, type AwaitBuildsInput } from './builds.ts';
import { buildsApi } from './builds-rest.ts';
import { locateConfigError, type LocateConfigErrorInput } from './config-error.ts';
import { readChange, readPullRequest, type ReadChangeInput } from './change.ts';
import { changesApi } from './changes-rest.ts';
import { findCompletedChanges, type FindCompletedChangesInput } from './completed-changes.ts';
import { findMissedApprovals, type FindMissedApprovalsInput } from './missed-approvals.ts';
import { findEndedBuilds, type FindEndedBuildsInput } from './ended-builds.ts';
import { readEnvironmentChange } from './environment-change.ts';
import { closeDuplicateComments, commentOnPullRequest, type CloseDuplicateCommentsInput, type CommentOnPullRequestInput } from './comment.ts';
import type { AzureDevOpsClients } from './clients.ts';
import { openPullRequest, planConfigurationChange, pushConfigurationChange, withdrawChange, type OpenPullRequestInput, type PlanConfigurationChangeInput, type PushConfigurationChangeInput, type WithdrawChangeInput } from './configuration-change.ts';
import { awaitReview, completePullRequest, type AwaitReviewInput, type CompletePullRequestInput } from './pull-request-review.ts';
import { awaitRedeploy, cancelRedeploy, findDeployedRelease, startRedeploy, type AwaitRedeployInput, type FindDeployedReleaseInput, type StartRedeployInput } from './redeploy.ts';
import { pipelineRunsApi } from './pipeline-runs-rest.ts';
import { releasesApi } from './releases-rest.ts';
import { azureDevOpsApi } from './rest.ts';
import { TagSightings } from './tag-sightings.ts';
import { closeDuplicateWorkItems, createWorkItem, type CloseDuplicateWorkItemsInput, type CreateWorkItemInput } from './work-items.ts';

export const createAzureDevOpsActivities = ({ rest, project, releaseUrl, sightingsFile = ':memory:' }: AzureDevOpsClients) => {
  const api = azureDevOpsApi(rest, project);
  const builds = buildsApi(rest, project);
  const changes = changesApi(rest, project);
  const deployers = { releases: releasesApi(rest, project, releaseUrl), runs: pipelineRunsApi(rest, project) };
  const approvals = { builds, approvals: approvalsApi(rest, project, releaseUrl) };
  let sightings: TagSightings | null = null; // opened when approvals are looked for: most estates accompany nothing
  return {
    readChange: (input: ReadChangeInput) => readChange(api, input),
    readPullRequest: (input: ReadChangeInput) => readPullRequest(api, input),
    locateConfigError: (input: LocateConfigErrorInput) => locateConfigError(api, input),
    readEnvironmentChange: (input: ReadChangeInput) => readEnvironmentChange(api, input),
    commentOnPullRequest: (input: CommentOnPullRequestInput) => commentOnPullRequest(api, input),
    closeDuplicateComments: (input: CloseDuplicateCommentsInput) => closeDuplicateComments(api, input),
    awaitBuilds: (input: AwaitBuildsInput) => awaitBuilds(builds, input),
    awaitBuildOrigin: (input: AwaitBuildOriginInput) => awaitBuildOrigin(builds, input),
    findCompletedChanges: (input: FindCompletedChangesInput) => findCompletedChanges(api, input),
    findEndedBuilds: (input: FindEndedBuildsInput) => findEndedBuilds(builds, input),
    findMissedApprovals: (input: FindMissedApprovalsInput) => findMissedApprovals(approvals, (sightings ??= new TagSightings(sightingsFile)), input),
    planConfigurationChange: (input: PlanConfigurationChangeInput) => planConfigurationChange(api, changes, input),
    pushConfigurationChange: (input: PushConfigurationChangeInput) => pushConfigurationChange(api, changes, input),
    openPullRequest: (input: OpenPullRequestInput) => openPullRequest(changes, input),
    awaitReview: (input: AwaitReviewInput) => awaitReview(api, changes, input),
    completePullRequest: (input: CompletePullRequestInput) => completePullRequest(api, changes, input),
    withdrawChange: (input: WithdrawChangeInput) => withdrawChange(changes, input),
    findDeployedRelease: (input: FindDeployedReleaseInput) => findDeployedRelease(deployers, input),
    startRedeploy: (input: StartRedeployInput) => startRedeploy(deployers, input),
    awaitRedeploy: (input: AwaitRedeployInput) => awaitRedeploy(deployers, input),
    cancelRedeploy: (input: StartRedeployInput) => cancelRedeploy(deployers, input),
    createWorkItem: (input: CreateWorkItemInput) => createWorkItem(api, input),
    closeDuplicateWorkItems: (input: CloseDuplicateWorkItemsInput) => closeDuplicateWorkItems(api, input),
  };
};
