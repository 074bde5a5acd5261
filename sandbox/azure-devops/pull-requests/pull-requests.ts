import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { merge } from '../git/merge.ts';
import { DEFAULT_BRANCH, type Edits, type GitRepository } from '../git/repository.ts';

/** The body of `POST /_sandbox/pull-requests`; a file of null is deleted. */
export const pullRequestOrderSchema = z.strictObject({
  title: z.string().min(1),
  description: z.string().default(''),
  createdBy: z.string().min(1),
  targetRefName: z.string().regex(/^refs\/heads\/.+/, 'must begin with refs/heads/').default(DEFAULT_BRANCH),
  files: z.record(z.string().min(1), z.string().nullable()),
  status: z.enum(['active', 'abandoned', 'completed']).default('completed'),
  deliver: z.union([z.boolean(), z.literal('none')]).default(true),
});

export type PullRequestOrder = z.infer<typeof pullRequestOrderSchema>;

export interface PullRequest {
  pullRequestId: number;
  status: 'active' | 'abandoned' | 'completed';
  title: string;
  description: string;
  /** A unique name such as `dana@example.com`. */
  createdBy: string;
  creationDate: string;
  closedDate?: string;
  /** Unique name of whoever completed or abandoned it. */
  closedBy?: string;
  sourceRefName: string;
  targetRefName: string;
  mergeId: string;
  /** Commit ids: the change, the target branch before it, and the (trial or final) merge of the two; the last is absent when they conflict. */
  sourceCommit: string;
  targetCommit: string;
  mergeCommit?: string;
  /** Where the source branch began, while the target branch has moved on. */
  commonCommit?: string;
  /** What the source branch pointed at, one for each push. */
  pushes?: string[];
  /** 10, 5, -5 or -10, by unique name. */
  votes?: Record<string, number>;
}

const PULL_REQUESTS = 'pull-requests';

/** Pull requests: those that tests order whole, of one push and without conflicts, and those that a client opens for a branch. */
export class PullRequests {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #git: GitRepository;

  constructor(store: Store, clock: Clock, git: GitRepository) {
    this.#store = store;
    this.#clock = clock;
    this.#git = git;
  }

  get(pullRequestId: number): PullRequest | undefined {
    const found = this.#store.get<PullRequest>(PULL_REQUESTS, String(pullRequestId));
    return found && this.#upToDate(found);
  }

  /** Newest first. */
  list(): PullRequest[] {
    return this.#store.list<PullRequest>(PULL_REQUESTS).reverse().map((found) => this.#upToDate(found));
  }

  /** Commits the files on a new branch, opens the pull request and brings it to the wanted status. A missing target branch is created from the default one. */
  create({ title, description, createdBy, targetRefName, files, status }: PullRequestOrder): PullRequest {
    const git = this.#git;
    const targetCommit = (git.tip(targetRefName) ?? git.tip(DEFAULT_BRANCH))!;
    const pullRequestId = this.#store.next(PULL_REQUESTS);
    const sourceRefName = `refs/heads/changes/${pullRequestId}`;
    const sourceCommit = git.commit([targetCommit], createdBy, title, files);
    const mergeCommit = git.commit([targetCommit, sourceCommit], createdBy, `Merged PR ${pullRequestId}: ${title}`, files);
    git.setTip(sourceRefName, sourceCommit);
    git.setTip(targetRefName, status === 'completed' ? mergeCommit : targetCommit);
    const now = this.#clock.iso();
    return this.#save({
      pullRequestId,
      status,
      title,
      description,
      createdBy,
      creationDate: now,
      ...(status === 'active' ? {} : { closedDate: now, closedBy: createdBy }),
      sourceRefName,
      targetRefName,
      mergeId: randomUUID(),
      sourceCommit,
      targetCommit,
      mergeCommit,
    });
  }

  /** Opens one for a branch that is there, with its trial merge. */
  open({ title, description, createdBy, sourceRefName, targetRefName }: Pick<PullRequest, 'title' | 'description' | 'createdBy' | 'sourceRefName' | 'targetRefName'>): PullRequest {
    const sourceCommit = this.#git.tip(sourceRefName)!;
    const opened = { pullRequestId: this.#store.next(PULL_REQUESTS), status: 'active', title, description, createdBy, creationDate: this.#clock.iso(), sourceRefName, targetRefName, mergeId: randomUUID(), sourceCommit, targetCommit: '' } as const;
    return this.#tryMerge(opened, sourceCommit, this.#git.tip(targetRefName)!);
  }

  /** Of a branch pair only one may be open. */
  active(sourceRefName: string, targetRefName: string): PullRequest | undefined {
    return this.list().find((each) => each.status === 'active' && each.sourceRefName === sourceRefName && each.targetRefName === targetRefName);
  }

  /** 0 takes a vote back. */
  vote(pullRequest: PullRequest, by: string, vote: number): PullRequest {
    return this.#save({ ...pullRequest, votes: { ...pullRequest.votes, [by]: vote } });
  }

  describe(pullRequest: PullRequest, changes: Pick<Partial<PullRequest>, 'title' | 'description'>): PullRequest {
    return this.#save({ ...pullRequest, ...changes });
  }

  /** Completes an active pull request: its trial merge becomes the merge. One with conflicts stays as it is. */
  complete(pullRequest: PullRequest, by = pullRequest.createdBy, { deleteSourceBranch = false } = {}): PullRequest {
    if (pullRequest.status !== 'active' || pullRequest.mergeCommit === undefined) return pullRequest;
    this.#git.setTip(pullRequest.targetRefName, pullRequest.mergeCommit);
    if (deleteSourceBranch) this.#git.deleteTip(pullRequest.sourceRefName);
    return this.#save({ ...pullRequest, status: 'completed', closedDate: this.#clock.iso(), closedBy: by });
  }

  abandon(pullRequest: PullRequest, by: string): PullRequest {
    if (pullRequest.status !== 'active') return pullRequest;
    return this.#save({ ...pullRequest, status: 'abandoned', closedDate: this.#clock.iso(), closedBy: by });
  }

  /** A person commits to a branch that is there. */
  commitTo(ref: string, by: string, comment: string, files: Edits): string {
    const commitId = this.#git.commit([this.#git.tip(ref)!], by, comment, files);
    this.#git.setTip(ref, commitId);
    return commitId;
  }

  /** The trial merge of an open one is made again when one of its branches has moved. Azure DevOps does so in the background; here it is done when somebody looks. */
  #upToDate(pullRequest: PullRequest): PullRequest {
    if (pullRequest.status !== 'active') return pullRequest;
    const source = this.#git.tip(pullRequest.sourceRefName) ?? pullRequest.sourceCommit;
    const target = this.#git.tip(pullRequest.targetRefName) ?? pullRequest.targetCommit;
    return source === pullRequest.sourceCommit && target === pullRequest.targetCommit ? pullRequest : this.#tryMerge(pullRequest, source, target);
  }

  #tryMerge({ mergeCommit: _former, ...pullRequest }: PullRequest, sourceCommit: string, targetCommit: string): PullRequest {
    const git = this.#git;
    const merged = merge(git, sourceCommit, targetCommit);
    const comment = `Merged PR ${pullRequest.pullRequestId}: ${pullRequest.title}`;
    const mergeCommit = 'edits' in merged ? git.commit([targetCommit, sourceCommit], pullRequest.createdBy, comment, merged.edits) : undefined;
    const pushes = [...new Set([...(pullRequest.pushes ?? [pullRequest.sourceCommit]), sourceCommit])];
    return this.#save({ ...pullRequest, sourceCommit, targetCommit, commonCommit: git.mergeBase(sourceCommit, targetCommit) ?? targetCommit, pushes, ...(mergeCommit !== undefined && { mergeCommit }) });
  }

  #save(pullRequest: PullRequest): PullRequest {
    this.#store.put(PULL_REQUESTS, String(pullRequest.pullRequestId), pullRequest);
    return pullRequest;
  }
}
