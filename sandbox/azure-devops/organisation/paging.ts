import type { FastifyReply } from 'fastify';
import { collection } from '../collection.ts';

export interface PageQuery {
  $top?: string;
  continuationToken?: string;
}

/** One page of a list; where there is more, a header carries the token of the next one. */
export function page<T>(all: readonly T[], { $top, continuationToken }: PageQuery, reply: FastifyReply, longest: number): { count: number; value: T[] } {
  const from = Number(continuationToken ?? 0);
  const to = from + Math.min(Number($top ?? longest), longest);
  if (to < all.length) void reply.header('x-ms-continuationtoken', String(to));
  return collection(all.slice(from, to));
}
