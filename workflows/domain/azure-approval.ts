/** A person's decision on a page of Azure DevOps, as an answer at a gate: what of it is known from there, and whether its release waits for it. */
import type { AnsweredGate } from './hook-reconciliation.ts';

/** What one decision answers, as far as Azure DevOps and the estate tell; its release has not been asked. */
export interface ApprovalAnswer extends AnsweredGate {
  /** `pipelines:<GUID>` or `release:<number>`. */
  approval: string;
  /** As people know the run or release: `run 20261121.3`. */
  where: string;
  /** What was built: its repository, and the completed pull requests whose merge made the commit. */
  repositoryId: string;
  pullRequests: number[];
  /** What the person said, where and when: one line. */
  comment: string;
  /** Why it can count for nobody, whatever its release says; null: it can. */
  refused: string | null;
}

/** A run of `releaseModel`, as far as an approval needs it. */
export interface ReleaseRun {
  /** First run id: what a signed decision names. */
  runId: string;
  pullRequest: { id: number; repositoryId: string };
  /** Id of the gate that is open; null: none is. */
  gate: string | null;
  /** Whether that gate counts only answers that carry the digest of its evidence. */
  bindsEvidence: boolean;
  isOpen: boolean;
}

/** Why a release does not take an answer; `isEarly`: it may later. Null: it takes it. */
export function problemAtGate({ gate, where, repositoryId, pullRequests }: Pick<ApprovalAnswer, 'gate' | 'where' | 'repositoryId' | 'pullRequests'>, release: ReleaseRun | null): { reason: string; isEarly: boolean } | null {
  if (release === null) return { reason: 'its release has not begun', isEarly: true };
  const { pullRequest } = release;
  const isOwn = pullRequest.repositoryId.toLowerCase() === repositoryId.toLowerCase() && pullRequests.includes(pullRequest.id);
  if (!isOwn) return { reason: `${where} built another change than pull request ${pullRequest.id}, which the release is of`, isEarly: false };
  if (!release.isOpen) return { reason: 'its release has ended', isEarly: false };
  return release.gate === gate ? null : { reason: `gate ${gate} is not open`, isEarly: true };
}
