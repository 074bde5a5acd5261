/** The receiver's ways to builds, approvals and gates, where the estate accompanies a pipeline. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { pendingApprovals, pullRequestsOfBuild, readAzureApproval, recentApprovals, stagesOfApproval } from '../../activities/azure-devops/approvals.ts';
import { approvalsApi } from '../../activities/azure-devops/approvals-rest.ts';
import { buildsApi } from '../../activities/azure-devops/builds-rest.ts';
import { originOfBuild } from '../../activities/azure-devops/builds-origin.ts';
import { createAzureDevOpsClients } from '../../activities/azure-devops/clients.ts';
import type { TagSightings } from '../../activities/azure-devops/tag-sightings.ts';
import { accompaniedPolicy, accompaniesAny, buildRules } from '../../activities/estate/accompanied.ts';
import type { Estate } from '../../activities/estate/schema.ts';
import type { PlatformSettings } from '../../activities/http/settings.ts';
import { proposeApproval, readApprovedRelease, type AskGate } from '../../activities/runs/approved-release.ts';
import type { Answer } from '../../workflows/domain/answer.ts';
import type { SignDecision } from '../decision-signer.ts';
import { GateSilent, queryGate } from '../gates/read-gate.ts';
import { AnswerRefused, sendAnswer, updateIdFrom } from '../gates/send-answer.ts';
import { waitingQuery } from '../gates/waiting-gates.ts';
import { isUnanswered, within } from '../temporal-connection.ts';
import type { ApprovalPorts } from './approval-given.ts';
import type { ApprovalPollOptions } from './approval-poll.ts';
import { longestRequestMs, tryingLater } from './azure-devops-reader.ts';
import type { BuildPorts } from './build-ended.ts';
import { keepUnresolved, wakeRelease } from './temporal-releases.ts';
import { TryLater } from './try-later.ts';

export interface AccompanyOptions {
  client: Client;
  settings: PlatformSettings;
  /** Read again for each notification, like the release branch. */
  estate: () => Promise<Estate>;
  sign: SignDecision;
  sightings: TagSightings;
}

/** Milliseconds for one call to Temporal, and for an answer: the run may have to verify it. */
const callMs = 5_000;
const answerMs = 15_000;

export function accompanyPorts({ client, settings, estate, sign, sightings }: AccompanyOptions): { builds: BuildPorts; azureApprovals: ApprovalPorts; poll: Pick<ApprovalPollOptions, 'pending' | 'recent' | 'isAnyGateOpen'> } {
  const { rest, project, releaseUrl } = createAzureDevOpsClients({ ...settings, requestTimeoutMs: Math.min(settings.requestTimeoutMs, longestRequestMs) });
  const askGate: AskGate = (run) => queryGate(client, run);
  const apis = { builds: buildsApi(rest, project), approvals: approvalsApi(rest, project, releaseUrl) };
  return {
    builds: {
      rules: async () => buildRules(await estate()),
      readOrigin: (input) => tryingLater(() => originOfBuild(apis.builds, input)),
      wake: (origin) => wakeRelease(client, origin),
      keep: (input) => keepUnresolved(client, input),
    },
    azureApprovals: {
      rules: async () => {
        const found = await estate();
        return accompaniesAny(found) ? { releaseBranch: found.releaseBranch, people: found.people, accompanies: (target) => accompaniedPolicy(found, target) !== null, sources: found.azureDevOps.approvals ?? null } : null;
      },
      readApproval: (ref) => tryingLater(() => readAzureApproval(apis, ref)),
      stagesOf: (approval) => tryingLater(() => stagesOfApproval(apis, approval)),
      sightings,
      pullRequestsOf: (source, releaseBranch) => tryingLater(() => pullRequestsOfBuild(apis, source, releaseBranch)),
      readRelease: (workflowId) => answered(() => readApprovedRelease(client, askGate, workflowId)),
      sign,
      propose: (workflowId, answer) => answered(async () => (await proposeApproval(client, askGate, workflowId, answer)).isShown),
      send: (workflowId, answer, key) => answered(() => send(client, workflowId, answer, key)),
    },
    poll: {
      pending: () => pendingApprovals(apis),
      recent: () => recentApprovals(apis),
      isAnyGateOpen: async () => (await within(client, callMs, () => client.workflow.count(`WorkflowType = 'releaseModel' AND ExecutionStatus = 'Running' AND ${waitingQuery}`))).count > 0,
    },
  };
}

/** The same decision of the same approval is the same update, however often it is told and by whom: Temporal takes it once. */
async function send(client: Client, workflowId: string, answer: Answer, key: readonly string[]): Promise<{ counted: boolean; reason?: string }> {
  try {
    const { counted, reason } = await within(client, answerMs, () => sendAnswer(client, { workflowId }, answer, { updateId: updateIdFrom(...key) }));
    return { counted, ...(reason !== undefined && { reason }) };
  } catch (error) {
    if (error instanceof AnswerRefused) return { counted: false, reason: error.message };
    if (error instanceof WorkflowNotFoundError) return { counted: false, reason: 'its release has ended' };
    throw error;
  }
}

async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof GateSilent) throw new TryLater('no worker answers for the release; deliver it again', error);
    throw isUnanswered(error) ? new TryLater('Temporal does not answer; deliver it again', error) : error;
  }
}
