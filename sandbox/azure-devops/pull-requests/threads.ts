import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { identityOf, SERVICE_IDENTITY } from '../identity.ts';

const THREAD_STATUSES = ['unknown', 'active', 'fixed', 'wontFix', 'closed', 'byDesign', 'pending'] as const;
const COMMENT_TYPES = ['unknown', 'text', 'codeChange', 'system'] as const;

/** The API takes an enumeration's name or its number and answers the name. */
function enumeration<T extends string>(names: readonly [T, ...T[]]) {
  return z.union([z.enum(names), z.number().int().min(0).max(names.length - 1).transform((index) => names[index]!)]);
}

const commentSchema = z.object({
  parentCommentId: z.number().int().min(0).default(0),
  content: z.string(),
  commentType: enumeration(COMMENT_TYPES).default('text'),
});

/** Plain, or already with its type. */
const propertySchema = z.union([z.string(), z.number(), z.object({ $type: z.string(), $value: z.unknown() })]);

export const newThreadSchema = z.object({
  comments: z.array(commentSchema).min(1),
  status: enumeration(THREAD_STATUSES).default('unknown'),
  threadContext: z.record(z.string(), z.unknown()).nullish(),
  properties: z.record(z.string(), propertySchema).nullish(),
});

export const newCommentSchema = commentSchema;
export const threadPatchSchema = z.object({ status: enumeration(THREAD_STATUSES) });

interface Comment extends z.infer<typeof commentSchema> {
  id: number;
  author: object;
  publishedDate: string;
  lastUpdatedDate: string;
  lastContentUpdatedDate: string;
  usersLiked: [];
}

export interface Thread {
  id: number;
  publishedDate: string;
  lastUpdatedDate: string;
  comments: Comment[];
  status: string;
  threadContext: object | null;
  properties: Record<string, unknown>;
  isDeleted: false;
}

const THREADS = 'pull-request-threads';

/** Comment threads of pull requests; two equal posts are two threads. */
export class Threads {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  list(pullRequestId: number): Thread[] {
    return this.#store.list<Thread>(THREADS, `${pullRequestId}:`);
  }

  get(pullRequestId: number, threadId: number): Thread | undefined {
    return this.#store.get<Thread>(THREADS, `${pullRequestId}:${threadId}`);
  }

  /** @param by unique name of the person whose comments they are; the client's own otherwise */
  create(pullRequestId: number, { comments, status, threadContext, properties }: z.infer<typeof newThreadSchema>, by?: string): Thread {
    const now = this.#clock.iso();
    const thread: Thread = {
      id: this.#store.next(THREADS),
      publishedDate: now,
      lastUpdatedDate: now,
      comments: comments.map((comment, index) => published(comment, index + 1, now, by)),
      status,
      threadContext: threadContext ?? null,
      properties: Object.fromEntries(Object.entries(properties ?? {}).map(([name, value]) => [name, typed(value)])),
      isDeleted: false,
    };
    this.#save(pullRequestId, thread);
    return thread;
  }

  addComment(pullRequestId: number, thread: Thread, comment: z.infer<typeof commentSchema>): Comment {
    const now = this.#clock.iso();
    const added = published(comment, thread.comments.length + 1, now);
    this.#save(pullRequestId, { ...thread, lastUpdatedDate: now, comments: [...thread.comments, added] });
    return added;
  }

  setStatus(pullRequestId: number, thread: Thread, status: string): Thread {
    const updated = { ...thread, status, lastUpdatedDate: this.#clock.iso() };
    this.#save(pullRequestId, updated);
    return updated;
  }

  #save(pullRequestId: number, thread: Thread): void {
    this.#store.put(THREADS, `${pullRequestId}:${thread.id}`, thread);
  }
}

function published(comment: z.infer<typeof commentSchema>, id: number, now: string, by?: string): Comment {
  return { id, ...comment, author: by === undefined ? SERVICE_IDENTITY : identityOf(by), publishedDate: now, lastUpdatedDate: now, lastContentUpdatedDate: now, usersLiked: [] };
}

/** A property comes back with its type, however it was sent. */
function typed(value: z.infer<typeof propertySchema>): object {
  if (typeof value === 'object') return value;
  return { $type: typeof value === 'number' ? 'System.Int32' : 'System.String', $value: value };
}
