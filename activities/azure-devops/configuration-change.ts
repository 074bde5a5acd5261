/** Proposing a change of a circuit's configuration: what the edit would do, the branch with it, and its pull request. Each finds what an earlier attempt has made. */
import { activityInfo } from '@temporalio/activity';
import { editCircuitConfig, lineDifference, type ConfigEdit } from '../../workflows/domain/config-edit.ts';
import type { OpenedPullRequest, Plan, PushedBranch, WithdrawnChange } from '../../workflows/domain/configuration-change.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import { commitMessage, keyTrailer } from '../../workflows/domain/pull-request-review.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import { settle } from '../settle.ts';
import type { ChangesApi } from './changes-rest.ts';
import { pullRequestPage, type AzureDevOpsApi } from './rest.ts';

export interface PlanConfigurationChangeInput {
  /** Name or id. */
  repository: string;
  /** `refs/heads/…`: whose tip is edited. */
  branch: string;
  target: Target;
  edit: ConfigEdit;
}

export interface PushConfigurationChangeInput {
  key: StepKey;
  repositoryId: string;
  path: string;
  /** Commit that the change was planned on. */
  baseCommit: string;
  edit: ConfigEdit;
  /** Branch to make, `refs/heads/…`. */
  ref: string;
  title: string;
  requestedBy: string | null;
}

export interface OpenPullRequestInput {
  repositoryId: string;
  /** `refs/heads/…`, both. */
  source: string;
  target: string;
  /** What this run made. */
  commit: string;
  title: string;
  /** Markdown; Azure DevOps takes 4,000 characters. */
  description: string;
}

export interface WithdrawChangeInput {
  /** Of the push. */
  key: StepKey;
  repositoryId: string;
  /** `refs/heads/…`, both. */
  source: string;
  target: string;
  /** What was opened, as far as the run came to know it: once merged, it counts as this run's, whoever has pushed to it. */
  pullRequestId: number | null;
  /** How long a push of uncertain outcome is waited for, in milliseconds. */
  settleMs: number;
}

/** Azure DevOps refuses longer texts. */
const longestTitle = 400;
export const longestDescription = 4_000;

/**
 * What an edit of a circuit's configuration would change, on the tip of a branch. Safe to retry because it only reads; a malformed file, a value out of range and an edit that changes
 * nothing are answers.
 *
 * @throws NotFound (not retried) when there is no such repository or branch
 */
export async function planConfigurationChange(api: AzureDevOpsApi, changes: ChangesApi, { repository, branch, target: { plant, circuit }, edit }: PlanConfigurationChangeInput): Promise<Plan> {
  const repositoryId = await changes.repositoryId(repository);
  const baseCommit = await changes.tip(repositoryId, branch);
  if (baseCommit === null) throw vendorFailure(FailureType.NotFound, `repository ${repository} has no branch ${branch}`);
  const stem = `config/plants/${plant}/${circuit}`;
  const found = (await read(api, repositoryId, `${stem}.yml`, baseCommit)) ?? (await read(api, repositoryId, `${stem}.yaml`, baseCommit));
  if (found === null) return { kind: 'refused', refused: { path: `${stem}.yml`, line: null, reason: `is not on ${branch.replace(/^refs\/heads\//, '')}: there is nothing to change` } };
  const { path, text } = found;
  const edited = editCircuitConfig(path, text, edit);
  if (edited.kind !== 'edited') return edited;
  return { kind: 'planned', repositoryId, path, baseCommit, changes: edited.changes, difference: lineDifference(text, edited.text), notes: edited.notes };
}

/**
 * Makes the branch with one commit: the edit, applied to the commit that it was planned on.
 *
 * Safe to retry because the commit's message carries the step's key, and a branch of this name is looked at before: this run's own is taken as it is, anybody else's is answered and never
 * written to. A request that arrives late finds a branch that has moved, which the platform refuses.
 */
export async function pushConfigurationChange(api: AzureDevOpsApi, changes: ChangesApi, { key, repositoryId, path, baseCommit, edit, ref, title, requestedBy }: PushConfigurationChangeInput): Promise<PushedBranch> {
  const uncertain = activityInfo().attempt > 1;
  const tip = await changes.tip(repositoryId, ref);
  if (tip !== null) return await whose(changes, repositoryId, tip, key, uncertain);
  const edited = editCircuitConfig(path, await api.fileAt(repositoryId, `/${path}`, baseCommit), edit);
  if (edited.kind !== 'edited') throw vendorFailure(FailureType.Conflict, `${path} at ${baseCommit.slice(0, 8)} cannot be edited any more as it was planned`); // a commit does not change
  const comment = commitMessage(title, requestedBy, key.key);
  return { kind: 'pushed', commit: await changes.pushNewBranch(repositoryId, { ref, base: baseCommit, comment, path, content: edited.text }), uncertain };
}

/**
 * Opens the pull request of a branch that this run has made.
 *
 * Safe to retry because one from this branch is looked for first, whatever became of it; and of two open ones from a branch into another the platform itself refuses the second.
 */
export async function openPullRequest(changes: ChangesApi, { repositoryId, source, target, commit, title, description }: OpenPullRequestInput): Promise<OpenedPullRequest> {
  const opened = (await changes.pullRequestsBetween(repositoryId, source, target)).find(({ lastMergeSourceCommit, status }) => status === 'active' || lastMergeSourceCommit?.commitId === commit);
  const body = opened ?? (await changes.createPullRequest(repositoryId, { title: title.slice(0, longestTitle), description: description.slice(0, longestDescription), sourceRefName: source, targetRefName: target }));
  return { pullRequestId: body.pullRequestId, url: pullRequestPage(body) };
}

/**
 * Takes a change back: abandons its pull request if that is still open, and deletes its branch. A branch that somebody has pushed to stays, and so does its pull request; `left` says so.
 * A merge is not taken back: `merged` is the pull request's id.
 *
 * Safe to retry because only what is still open is abandoned, and the branch is deleted only while it points at this run's commit, which is known by its key.
 */
export async function withdrawChange(changes: ChangesApi, { key, repositoryId, source, target, pullRequestId: opened, settleMs }: WithdrawChangeInput): Promise<WithdrawnChange> {
  await settle(settleMs);
  const isOwn = async (commit: string | undefined): Promise<boolean> => commit !== undefined && (await changes.commit(repositoryId, commit)).comment.includes(keyTrailer(key.key));
  const withdrawn: string[] = [];
  let merged: number | null = null;
  for (const { pullRequestId, status, lastMergeSourceCommit } of await changes.pullRequestsBetween(repositoryId, source, target)) {
    if (status === 'completed' && (pullRequestId === opened || (await isOwn(lastMergeSourceCommit?.commitId)))) merged = pullRequestId;
    if (status !== 'active' || !(await isOwn(lastMergeSourceCommit?.commitId))) continue;
    await changes.abandonPullRequest(repositoryId, pullRequestId);
    withdrawn.push(`pull request ${pullRequestId}`);
  }
  const branch = `branch ${source.replace(/^refs\/heads\//, '')}`;
  const tip = await changes.tip(repositoryId, source);
  if (tip === null) return { withdrawn, merged, left: null };
  if (!(await isOwn(tip))) return { withdrawn, merged, left: `${branch} has commits of somebody else (${tip.slice(0, 8)}) and stays` };
  const word = await changes.deleteBranch(repositoryId, source, tip);
  return word === 'succeeded' ? { withdrawn: [...withdrawn, branch], merged, left: null } : { withdrawn, merged, left: `${branch} could not be deleted: ${word}` };
}

async function read(api: AzureDevOpsApi, repositoryId: string, path: string, commit: string): Promise<{ path: string; text: string } | null> {
  try {
    return { path, text: await api.fileAt(repositoryId, `/${path}`, commit) };
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}

async function whose(changes: ChangesApi, repositoryId: string, tip: string, key: StepKey, uncertain: boolean): Promise<PushedBranch> {
  const { comment, author } = await changes.commit(repositoryId, tip);
  if (comment.includes(keyTrailer(key.key))) return { kind: 'pushed', commit: tip, uncertain };
  return { kind: 'taken', commit: tip, by: author?.email ?? author?.name ?? 'somebody', comment: comment.split('\n')[0]!.slice(0, 120) };
}
