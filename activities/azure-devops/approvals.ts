/** What people decided on Azure DevOps' own pages, read by REST: who, what, when, for which run. Nothing of a notification is trusted but the approval's id. */
import { FailureType } from '../../workflows/domain/failures.ts';
import { isFailure } from '../http/classify.ts';
import type { ApprovalsApi, PipelineApprovalBody, ReleaseApprovalBody } from './approvals-rest.ts';
import type { BuildsApi } from './builds-rest.ts';

export type ApprovalRef = { kind: 'pipelines'; id: string } | { kind: 'release'; id: number };

/** One person's decision. */
export interface AzureDecision {
  /** Unique name, such as `alice@example.com`. */
  by: string;
  verdict: 'approve' | 'reject';
  comment: string;
  /** ISO instant, as the platform tells it. */
  at: string;
}

/** An approval with what it was for. Its tags were read before its decisions: what they name stood there when whoever has not decided here decides. */
export interface AzureApproval {
  ref: ApprovalRef;
  /** As people know it: `run 20261121.3`, `Release-7, Production`. */
  where: string;
  /** The pipeline, or the classic release's definition; null where it is not told. */
  definition: { id: number; name: string } | null;
  /** Of a classic release: its environment. A run's stage is in its timeline: `stagesOfApproval`. */
  environment: string | null;
  runId: number | null;
  /** Empty while nobody has decided, and for what the platform approved by itself. */
  decisions: AzureDecision[];
  /** Of the run, or of the classic release. */
  tags: string[];
  /** What was built; null where the approval leads to no build of a repository. */
  source: { repositoryId: string; commit: string; branch: string } | null;
}

export interface ApprovalApis {
  approvals: ApprovalsApi;
  builds: BuildsApi;
}

/** Approvals of each kind and outcome that one look reads, unless it says otherwise. */
const recentTop = 100;

const verdicts: Partial<Record<string, AzureDecision['verdict']>> = { approved: 'approve', rejected: 'reject' };

/** Reads an approval; null where there is none. Throws classified failures. */
export async function readAzureApproval(apis: ApprovalApis, ref: ApprovalRef): Promise<AzureApproval | null> {
  try {
    if (ref.kind === 'release') return await withRelease(apis, await apis.approvals.releaseApproval(ref.id));
    const found = await apis.approvals.pipelineApproval(ref.id);
    return found === undefined ? null : await withRun(apis, found);
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}

/** Names of the stage of a run's approval, as the YAML and as the page has it, or of a release's; empty where it cannot be found, such as of an earlier attempt. Throws classified failures. */
export async function stagesOfApproval({ approvals }: Pick<ApprovalApis, 'approvals'>, { ref, environment, runId }: AzureApproval): Promise<string[]> {
  if (environment !== null) return [environment];
  if (runId === null) return [];
  const records = new Map((await approvals.timeline(runId)).map((record) => [record.id.toLowerCase(), record]));
  let record = records.get(String(ref.id).toLowerCase());
  for (let above = 0; record !== undefined && record.type !== 'Stage' && above < 10; above += 1) record = records.get(record.parentId?.toLowerCase() ?? '');
  return record?.type === 'Stage' ? [record.identifier, record.name].filter((name) => name !== undefined) : [];
}

/** Ids of the completed pull requests into the branch whose merge made the commit that was built. Throws classified failures. */
export async function pullRequestsOfBuild({ builds }: Pick<ApprovalApis, 'builds'>, { repositoryId, commit }: NonNullable<AzureApproval['source']>, releaseBranch: string): Promise<number[]> {
  const made = await builds.pullRequestsOfMerge(repositoryId, commit);
  return made.filter(({ status, targetRefName }) => status === 'completed' && targetRefName === releaseBranch).map(({ pullRequestId }) => pullRequestId);
}

/** Ids of what waits for people. */
export async function pendingApprovals({ approvals }: Pick<ApprovalApis, 'approvals'>, top = recentTop): Promise<ApprovalRef[]> {
  const [stages, releases] = await Promise.all([orNone(approvals.pipelineApprovals('pending', top)), orNone(approvals.releaseApprovals('pending', top))]);
  return [...stages.map(({ id }) => ({ kind: 'pipelines', id }) as const), ...releases.map(({ id }) => ({ kind: 'release', id }) as const)];
}

/** Ids of what was decided lately, to find what no hook has told; `version` changes when an approval does. */
export async function recentApprovals({ approvals }: Pick<ApprovalApis, 'approvals'>, top = recentTop): Promise<{ ref: ApprovalRef; version: string }[]> {
  const decided = ['approved', 'rejected'] as const;
  const [stages, releases] = await Promise.all([
    Promise.all(decided.map((state) => orNone(approvals.pipelineApprovals(state, top)))),
    Promise.all(decided.map((state) => orNone(approvals.releaseApprovals(state, top)))),
  ]);
  return [
    ...stages.flat().map(({ id, lastModifiedOn }) => ({ ref: { kind: 'pipelines', id } as const, version: lastModifiedOn ?? '' })),
    ...releases.flat().map(({ id, modifiedOn }) => ({ ref: { kind: 'release', id } as const, version: modifiedOn ?? '' })),
  ];
}

/** A project may have no classic releases, or no pipelines. */
async function orNone<T>(found: Promise<T[]>): Promise<T[]> {
  try {
    return await found;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return [];
    throw error;
  }
}

async function withRun({ approvals, builds }: ApprovalApis, found: PipelineApprovalBody): Promise<AzureApproval> {
  const { id, pipeline } = found;
  const ref = { kind: 'pipelines', id } as const;
  const run = pipeline?.owner;
  if (run === undefined) return { ref, where: `approval ${id}`, definition: null, environment: null, runId: null, decisions: decisionsOf(found), tags: [], source: null };
  const { buildNumber, tags = [], repository, sourceVersion, sourceBranch, definition } = await builds.build(run.id);
  const after = found.status === 'pending' ? ((await approvals.pipelineApproval(id)) ?? found) : found;
  return { ref, where: `run ${buildNumber}`, definition: { id: definition.id, name: definition.name }, environment: null, runId: run.id, decisions: decisionsOf(after), tags, source: { repositoryId: repository.id, commit: sourceVersion, branch: sourceBranch } };
}

function decisionsOf({ steps = [], lastModifiedOn = '' }: PipelineApprovalBody): AzureDecision[] {
  return steps.flatMap(({ actualApprover, status, comment = '', lastModifiedOn: at = lastModifiedOn }) => {
    const verdict = verdicts[status];
    // Without the person who did it there is nobody whose answer it could be: a group answers nothing.
    return verdict === undefined || !actualApprover?.uniqueName ? [] : [{ by: actualApprover.uniqueName, verdict, comment, at }];
  });
}

async function withRelease({ approvals }: ApprovalApis, found: ReleaseApprovalBody): Promise<AzureApproval> {
  const { id, release: { id: releaseId }, releaseDefinition, releaseEnvironment } = found;
  const { name, tags = [], artifacts = [] } = await approvals.release(releaseId);
  const { status, approvedBy, comments = '', isAutomated, modifiedOn = '' } = found.status === 'pending' ? await approvals.releaseApproval(id) : found;
  const verdict = verdicts[status];
  const decisions = verdict === undefined || isAutomated === true || !approvedBy?.uniqueName ? [] : [{ by: approvedBy.uniqueName, verdict, comment: comments, at: modifiedOn }];
  const artifact = artifacts.find(({ isPrimary }) => isPrimary === true) ?? artifacts[0];
  const of = (field: string): string | undefined => artifact?.definitionReference?.[field]?.id;
  const [repositoryId, commit, branch] = [of('repository'), of('sourceVersion'), of('branch')];
  const source = repositoryId && commit ? { repositoryId, commit, branch: branch ?? '' } : null;
  const definition = releaseDefinition ? { id: releaseDefinition.id, name: releaseDefinition.name ?? '' } : null;
  const environment = releaseEnvironment?.name ?? null;
  return { ref: { kind: 'release', id }, where: [name, environment].filter(Boolean).join(', '), definition, environment, runId: null, decisions, tags, source };
}
