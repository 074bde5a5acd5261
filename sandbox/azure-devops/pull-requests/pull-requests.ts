import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { DEFAULT_BRANCH, type GitRepository } from '../git/repository.ts';

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
  sourceRefName: string;
  targetRefName: string;
  mergeId: string;
  /** Commit ids: the change, the target branch before it, and the (trial or final) merge of the two. */
  sourceCommit: string;
  targetCommit: string;
  mergeCommit: string;
}

const PULL_REQUESTS = 'pull-requests';

/** Pull requests of one push each, always without conflicts: the source branch begins at the target's tip. */
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
    return this.#store.get<PullRequest>(PULL_REQUESTS, String(pullRequestId));
  }

  /** Newest first. */
  list(): PullRequest[] {
    return this.#store.list<PullRequest>(PULL_REQUESTS).reverse();
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
    const pullRequest: PullRequest = {
      pullRequestId,
      status,
      title,
      description,
      createdBy,
      creationDate: now,
      ...(status === 'active' ? {} : { closedDate: now }),
      sourceRefName,
      targetRefName,
      mergeId: randomUUID(),
      sourceCommit,
      targetCommit,
      mergeCommit,
    };
    this.#store.put(PULL_REQUESTS, String(pullRequestId), pullRequest);
    return pullRequest;
  }

  /** Completes an active pull request; nobody has moved the target branch meanwhile, or its changes are lost. */
  complete(pullRequest: PullRequest): PullRequest {
    if (pullRequest.status !== 'active') return pullRequest;
    const completed: PullRequest = { ...pullRequest, status: 'completed', closedDate: this.#clock.iso() };
    this.#git.setTip(completed.targetRefName, completed.mergeCommit);
    this.#store.put(PULL_REQUESTS, String(completed.pullRequestId), completed);
    return completed;
  }
}
