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

/** An approval with what it was for. */
export interface AzureApproval {
  ref: ApprovalRef;
  /** As people know it: `run 20261121.3`, `Release-7, Production`. */
  where: string;
  /** Empty while nobody has decided, and for what the platform approved by itself. */
  decisions: AzureDecision[];
  /** Of the run, or of the classic release. */
  tags: string[];
  /** What was built; null where the approval leads to no build of a repository. */
  source: { repositoryId: string; commit: string; branch: string } | null;
}

interface Apis {
  approvals: ApprovalsApi;
  builds: BuildsApi;
}

const verdicts: Partial<Record<string, AzureDecision['verdict']>> = { approved: 'approve', rejected: 'reject' };

/** Reads an approval; null where there is none. Throws classified failures. */
export async function readAzureApproval(apis: Apis, ref: ApprovalRef): Promise<AzureApproval | null> {
  try {
    if (ref.kind === 'release') return await withRelease(apis, await apis.approvals.releaseApproval(ref.id));
    const found = await apis.approvals.pipelineApproval(ref.id);
    return found === undefined ? null : await withRun(apis, found);
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}

/** Ids of what was decided lately, to find what no hook has told; `version` changes when an approval does. */
export async function recentApprovals({ approvals }: Pick<Apis, 'approvals'>, top: number): Promise<{ ref: ApprovalRef; version: string }[]> {
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

async function withRun({ builds }: Apis, { id, steps = [], lastModifiedOn = '', pipeline }: PipelineApprovalBody): Promise<AzureApproval> {
  const decisions = steps.flatMap(({ actualApprover, status, comment = '', lastModifiedOn: at = lastModifiedOn }) => {
    const verdict = verdicts[status];
    // Without the person who did it there is nobody whose answer it could be: a group answers nothing.
    return verdict === undefined || !actualApprover?.uniqueName ? [] : [{ by: actualApprover.uniqueName, verdict, comment, at }];
  });
  const ref = { kind: 'pipelines', id } as const;
  const run = pipeline?.owner;
  if (run === undefined) return { ref, where: `approval ${id}`, decisions, tags: [], source: null };
  const { buildNumber, tags = [], repository, sourceVersion, sourceBranch } = await builds.build(run.id);
  return { ref, where: `run ${buildNumber}`, decisions, tags, source: { repositoryId: repository.id, commit: sourceVersion, branch: sourceBranch } };
}

async function withRelease({ approvals }: Apis, { id, status, approvedBy, comments = '', isAutomated, modifiedOn = '', release: { id: releaseId }, releaseEnvironment }: ReleaseApprovalBody): Promise<AzureApproval> {
  const verdict = verdicts[status];
  const decisions = verdict === undefined || isAutomated === true || !approvedBy?.uniqueName ? [] : [{ by: approvedBy.uniqueName, verdict, comment: comments, at: modifiedOn }];
  const { name, tags = [], artifacts = [] } = await approvals.release(releaseId);
  const artifact = artifacts.find(({ isPrimary }) => isPrimary === true) ?? artifacts[0];
  const of = (field: string): string | undefined => artifact?.definitionReference?.[field]?.id;
  const [repositoryId, commit, branch] = [of('repository'), of('sourceVersion'), of('branch')];
  const source = repositoryId && commit ? { repositoryId, commit, branch: branch ?? '' } : null;
  return { ref: { kind: 'release', id }, where: [name, releaseEnvironment?.name].filter(Boolean).join(', '), decisions, tags, source };
}
