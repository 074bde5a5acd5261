import type { FastifyRequest } from 'fastify';
import type { SandboxContext } from '../core/context.ts';

const PAGE_SIZE = 20;

/**
 * One page of a list: `$skip` says where it begins, `$top` how long it is at most.
 *
 * The link to the next page spells `$skip` and `$top` literally: the SDK adds its own options again unless it finds them so.
 */
export function page<T>(context: SandboxContext, request: FastifyRequest, items: T[]): { value: T[]; nextLink?: string } {
  const query = request.query as Record<string, string | undefined>;
  const skip = Math.max(0, Number(query['$skip'] ?? 0) || 0);
  const size = Math.max(1, Math.min(PAGE_SIZE, Number(query['$top'] ?? PAGE_SIZE) || PAGE_SIZE));
  const value = items.slice(skip, skip + size);
  if (skip + size >= items.length) return { value };
  return { value, nextLink: `${context.baseUrl()}${request.url.split('?', 1)[0]}?${nextQuery(query, skip + size)}` };
}

function nextQuery(query: Record<string, string | undefined>, skip: number): string {
  return Object.entries({ ...query, $skip: String(skip) })
    .map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`)
    .join('&');
}
