/** The receiver's ways to builds, approvals and gates, where the estate accompanies a pipeline. */
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { WorkflowNotFoundError } from '@temporalio/common';
import { pendingApprovals, readAzureApproval, recentApprovals, stagesOfApproval } from '../../activities/azure-devops/approvals.ts';
import { approvalsApi } from '../../activities/azure-devops/approvals-rest.ts';
import { buildsApi } from '../../activities/azure-devops/builds-rest.ts';
import { originOfBuild } from '../../activities/azure-devops/builds-origin.ts';
import { createAzureDevOpsClients } from '../../activities/azure-devops/clients.ts';
import { accompaniedPolicy, accompaniesAny, buildRules } from '../../activities/estate/accompanied.ts';
import type { Estate } from '../../activities/estate/schema.ts';
import type { PlatformSettings } from '../../activities/http/settings.ts';
import type { Answer } from '../../workflows/domain/answer.ts';
import type { ReleaseModelInput } from '../../workflows/domain/release.ts';
import type { SignDecision } from '../decision-signer.ts';
import { GateSilent, queryGate } from '../gates/read-gate.ts';
import { AnswerRefused, sendAnswer, updateIdFrom } from '../gates/send-answer.ts';
import { waitingQuery } from '../gates/waiting-gates.ts';
import { isUnanswered, within } from '../temporal-connection.ts';
import type { ApprovalPorts, ReleaseRun } from './approval-given.ts';
import type { ApprovalPollOptions } from './approval-poll.ts';
import { longestRequestMs, tryingLater } from './azure-devops-reader.ts';
import type { BuildPorts } from './build-ended.ts';
import { keepUnresolved, wakeRelease } from './temporal-releases.ts';
import type { TagSightings } from './tag-sightings.ts';
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
/** Approvals of each kind and outcome that one look reads. */
const recentTop = 100;

export function accompanyPorts({ client, settings, estate, sign, sightings }: AccompanyOptions): { builds: BuildPorts; azureApprovals: ApprovalPorts; poll: Pick<ApprovalPollOptions, 'pending' | 'recent' | 'isAnyGateOpen'> } {
  const { rest, project } = createAzureDevOpsClients({ ...settings, requestTimeoutMs: Math.min(settings.requestTimeoutMs, longestRequestMs) });
  const apis = { builds: buildsApi(rest, project), approvals: approvalsApi(rest, project, settings.devOpsUrl) };
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
      pullRequestsOf: ({ repositoryId, commit }, releaseBranch) =>
        tryingLater(async () => {
          const made = await apis.builds.pullRequestsOfMerge(repositoryId, commit);
          return made.filter(({ status, targetRefName }) => status === 'completed' && targetRefName === releaseBranch).map(({ pullRequestId }) => pullRequestId);
        }),
      readRelease: (workflowId) => answered(() => readRelease(client, workflowId)),
      sign,
      propose: (workflowId, answer) => answered(() => propose(client, workflowId, answer)),
      send: (workflowId, answer, key) => answered(() => send(client, workflowId, answer, key)),
    },
    poll: {
      pending: () => pendingApprovals(apis, recentTop),
      recent: () => recentApprovals(apis, recentTop),
      isAnyGateOpen: async () => (await within(client, callMs, () => client.workflow.count(`WorkflowType = 'releaseModel' AND ExecutionStatus = 'Running' AND ${waitingQuery}`))).count > 0,
    },
  };
}

/** The release's first event tells what it was started with, and its first run; the run itself, whether its gate is open. */
async function readRelease(client: Client, workflowId: string): Promise<ReleaseRun | null> {
  try {
    const { status, runId } = await within(client, callMs, () => client.workflow.getHandle(workflowId).describe());
    const { history } = await within(client, callMs, () =>
      client.workflowService.getWorkflowExecutionHistory({ namespace: client.options.namespace, execution: { workflowId, runId }, maximumPageSize: 1 }),
    );
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const [input] = (await decodeArrayFromPayloads(client.options.loadedDataConverter, started?.input?.payloads)) as (ReleaseModelInput | undefined)[];
    if (input?.pullRequest === undefined) return null;
    const isOpen = status.name === 'RUNNING' || status.name === 'PAUSED';
    const view = isOpen ? await queryGate(client, { workflowId, runId }) : null;
    const { id, repositoryId } = input.pullRequest;
    return { runId: started?.firstExecutionRunId || runId, pullRequest: { id, repositoryId }, gate: view?.state === 'open' ? view.gate : null, bindsEvidence: view?.policy.bindEvidence ?? false, isOpen };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
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

/**
 * By signal, for the update `decide` refuses what lacks its digest; unsigned, so that the run keeps it as a proposal without finding out whose it is. One that is shown already is not sent again.
 */
async function propose(client: Client, workflowId: string, answer: Parameters<ApprovalPorts['propose']>[1]): Promise<boolean> {
  const { gate, by, verdict } = answer;
  const isShown = async (): Promise<boolean> => {
    const view = await queryGate(client, { workflowId });
    return view?.gate === gate && view.proposals.some((proposal) => proposal.by === by && proposal.verdict === verdict);
  };
  try {
    if (await isShown()) return true;
    if (verdict !== 'approve' && verdict !== 'reject') return false;
    await within(client, callMs, () => client.workflow.getHandle(workflowId).signal(verdict, answer));
    return await isShown();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
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
