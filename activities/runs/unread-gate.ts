/** Why a run does not say what it waits for. */
import { QueryNotRegisteredError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { clip } from '../../workflows/domain/answer.ts';
import { grpcCode } from './temporal-failures.ts';

/** What the SDK says where a workflow has no such query. The client takes every refused query for that, also one whose run cannot be replayed. */
const noSuchQuery = /did not register a handler/;

/** `nothing`: it waits at no gate. `silent`: no worker answers. `broken`: a worker, or the server, says that the run cannot go on. */
export type Unread = { kind: 'nothing' } | { kind: 'silent' | 'broken'; reason: string };

/** What the failure of the query `gate` means; null for one that says nothing about the run. */
export function unreadGate(error: unknown): Unread | null {
  if (error instanceof WorkflowNotFoundError) return { kind: 'nothing' };
  if (error instanceof QueryNotRegisteredError) return noSuchQuery.test(error.message) ? { kind: 'nothing' } : broken(error.message);
  switch (grpcCode(error)) {
    case 1: // CANCELLED: the deadline passed while the client repeated the call
    case 4:
      return { kind: 'silent', reason: 'no worker answers' };
    case 9: // FAILED_PRECONDITION: its tasks fail
      return broken(error instanceof Error && error.cause instanceof Error ? error.cause.message : 'its tasks fail');
    default:
      return null;
  }
}

function broken(why: string): Unread {
  return { kind: 'broken', reason: `its run is broken: ${clip(why.replace(/^\d+ [A-Z_]+: /, ''), 160)}` };
}
