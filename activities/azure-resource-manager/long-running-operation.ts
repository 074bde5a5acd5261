/**
 * Following Azure's long-running operations.
 *
 * By hand, not by the SDK's pollers: those turn an operation that failed into an Error whose text is all that is left of code and message, and they exist for typed bodies only.
 */
import { sleep } from '@temporalio/activity';
import { FailureType } from '../../workflows/domain/failures.ts';
import { vendorFailure } from '../http/classify.ts';
import type { RestClient, RestResponse } from '../http/rest-client.ts';
import { retryAfterMs } from '../http/retry-after.ts';

/** Milliseconds between two looks when the service names no interval. */
const pollMs = 1_000;

interface OperationStatus {
  status?: string;
  error?: { code?: string; message?: string };
}

/** URL of the operation that a write started; undefined where the write was done at once. */
export function operationUrl(response: RestResponse): string | undefined {
  return response.header('azure-asyncoperation') ?? (response.status === 202 ? response.header('location') : undefined);
}

/**
 * Waits until an operation has ended well.
 *
 * @throws OperationFailed (not retried) with the service's code and message; OperationCanceled (retried), which Azure does when a similar operation came too soon.
 */
export async function followOperation(client: RestClient, url: string, what: string): Promise<void> {
  for (;;) {
    const response = await client.send<OperationStatus | null>({ method: 'GET', url });
    // Without a status in the body it is a Location: 202 while it runs, anything else once it has ended.
    const status = response.body?.status ?? (response.status === 202 ? 'InProgress' : 'Succeeded');
    if (hasEnded(status)) return requireSuccess(status, what, response.body?.error);
    await sleep(retryAfterMs(response.header) ?? pollMs);
  }
}

/** Looks again and again while a resource is being provisioned, for callers that no longer have the operation's URL. `look` answers the provisioning state; null where the resource is gone. */
export async function followProvisioning(look: () => Promise<string | null>, known: string | null): Promise<void> {
  for (let state = known; state !== null && !hasEnded(state); state = await look()) await sleep(pollMs);
}

/** Whether a status or provisioning state is final; all others (Creating, Updating, Deleting, InProgress …) go on. */
export function hasEnded(status: string): boolean {
  return /^(succeeded|failed|cancell?ed)$/i.test(status);
}

/** @throws OperationFailed or OperationCanceled, when `status` is one of these */
export function requireSuccess(status: string, what: string, error: OperationStatus['error'] = undefined): void {
  if (/^succeeded$/i.test(status)) return;
  const said = error === undefined ? 'the service gave no reason' : `${error.code ?? 'no code'}: ${error.message ?? 'no message'}`;
  const type = /^cancell?ed$/i.test(status) ? FailureType.OperationCanceled : FailureType.OperationFailed;
  throw vendorFailure(type, `${what}: the operation ended ${status}: ${said}`.slice(0, 600), { code: error?.code ?? null, message: error?.message ?? said });
}
