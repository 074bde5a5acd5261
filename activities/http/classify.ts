/**
 * The one classifier: what a vendor answered, or failed to answer, becomes an `ApplicationFailure` with a type of the product's list. Messages carry method, path, status, the
 * vendor's code and request id; never a query string, a header or a request body, because secrets travel in those.
 */
import { CancelledFailure } from '@temporalio/activity';
import { isRestError, type RestError } from '@azure/core-rest-pipeline';
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import { retryAfterMs } from './retry-after.ts';

/** The first detail of a classified failure: what the vendor said. */
export interface VendorAnswer {
  status: number | null;
  code: string | null;
  message: string;
  requestId: string | null;
}

/** A refused credential is repaired by a person, or by a token that expires: asked for again this seldom, in milliseconds. */
const unauthorizedRetryMs = 10_000;
const longestVendorMessage = 300;

const retried: readonly FailureType[] = [FailureType.Throttled, FailureType.Unavailable, FailureType.Busy, FailureType.Unauthorized, FailureType.OperationCanceled];

/** Classifies what a vendor client threw. Failures that are classified already, and cancellations, pass unchanged; so does a defect of the product itself. */
export function classify(error: unknown): Error {
  if (error instanceof TemporalFailure) return error;
  if (isRestError(error)) return error.response ? fromAnswer(error) : withoutAnswer(error);
  if (error instanceof Error && error.name === 'AbortError') return new CancelledFailure('the activity was cancelled before the vendor answered');
  if (error instanceof Error && isSignInError(error)) return fromSignIn(error);
  return error instanceof Error ? error : new Error(String(error));
}

/** A failure of this product's list, with what the vendor said as its detail. */
export function vendorFailure(type: FailureType, message: string, answer: Partial<VendorAnswer> = {}, nextRetryDelay?: number): ApplicationFailure {
  const details: VendorAnswer[] = [{ status: null, code: null, requestId: null, message, ...answer }];
  return ApplicationFailure.create({ type, message, nonRetryable: !retried.includes(type), details, nextRetryDelay });
}

/** What the vendor said, where `error` is a classified failure. */
export function vendorAnswer(error: unknown): VendorAnswer | undefined {
  return error instanceof ApplicationFailure ? (error.details?.[0] as VendorAnswer | undefined) : undefined;
}

export function isFailure(error: unknown, type: FailureType): error is ApplicationFailure {
  return error instanceof ApplicationFailure && error.type === type;
}

function fromAnswer(error: RestError): ApplicationFailure {
  const response = error.response!;
  const header = (name: string): string | undefined => response.headers.get(name);
  const { code, message } = saidBy(response.bodyAsText, error);
  const type = typeOf(response.status);
  const vendorCode = code ?? header('x-ms-error-code') ?? null;
  const requestId = header('x-ms-request-id') ?? header('activityid') ?? null;
  const text = `${describeRequest(error)}: ${response.status}${vendorCode === null ? '' : ` ${vendorCode}`}: ${message}${requestId === null ? '' : ` (request ${requestId})`}`;
  const delay = retryAfterMs(header) ?? (type === FailureType.Unauthorized ? unauthorizedRetryMs : undefined);
  return vendorFailure(type, text, { status: response.status, code: vendorCode, message, requestId }, delay);
}

function withoutAnswer(error: RestError): ApplicationFailure {
  // RestError appends request and response to its text; its first line is the cause.
  const cause = error.message.split('\n')[0]!.slice(0, longestVendorMessage);
  return vendorFailure(FailureType.Unavailable, `${describeRequest(error)}: no answer: ${error.code ?? 'connection lost'}: ${cause}`, { code: error.code ?? null, message: cause });
}

function typeOf(status: number): FailureType {
  // 203 is how Azure DevOps answers an invalid token: with its sign-in page.
  if (status === 401 || status === 403 || status === 203) return FailureType.Unauthorized;
  if (status === 404 || status === 410) return FailureType.NotFound;
  // 412: somebody else wrote between reading and writing; the next attempt reads anew.
  if (status === 409 || status === 412 || status === 423) return FailureType.Busy;
  if (status === 429) return FailureType.Throttled;
  if (status === 408 || status >= 500) return FailureType.Unavailable;
  return FailureType.InvalidRequest;
}

/** Azure Resource Manager says `{error: {code, message}}`, Azure DevOps `{typeKey, message}`, MLflow `{error_code, message}`. */
function saidBy(bodyAsText: string | null | undefined, error: RestError): { code: string | undefined; message: string } {
  let body: unknown;
  try {
    body = JSON.parse(bodyAsText ?? '');
  } catch {
    return { code: error.code, message: (bodyAsText || 'no explanation').slice(0, longestVendorMessage) };
  }
  const outer = (body ?? {}) as Record<string, unknown>;
  const inner = typeof outer['error'] === 'object' && outer['error'] !== null ? (outer['error'] as Record<string, unknown>) : outer;
  const code = [inner['code'], inner['error_code'], inner['typeKey'], outer['error']].find((value) => typeof value === 'string');
  const message = [inner['message'], outer['error_description'], outer['message']].find((value) => typeof value === 'string');
  return { code, message: String(message ?? 'no explanation').slice(0, longestVendorMessage) };
}

const signInErrors = ['AuthenticationError', 'AggregateAuthenticationError', 'AuthenticationRequiredError', 'CredentialUnavailableError'];

function isSignInError(error: Error): boolean {
  return signInErrors.includes(error.name);
}

/** `@azure/identity` throws errors of its own; an Entra ID that is away is no refused credential. */
function fromSignIn(error: Error): ApplicationFailure {
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : null;
  const message = error.message.split('\n')[0]!.slice(0, longestVendorMessage);
  const away = (status !== null && (status >= 500 || status === 429)) || /endpoints_resolution_error|network_error|ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|socket hang up/.test(error.message);
  if (away) return vendorFailure(FailureType.Unavailable, `sign-in: no usable answer: ${message}`, { status, message });
  return vendorFailure(FailureType.Unauthorized, `sign-in refused: ${message}`, { status, message }, unauthorizedRetryMs);
}

/** Headers that mark a request whose whole URL is a secret. */
export const secretUrlHeader = 'x-holdpoint-secret-url';

function describeRequest({ request }: RestError): string {
  if (!request) return 'request';
  const { host, pathname } = new URL(request.url);
  return `${request.method} ${request.headers.has(secretUrlHeader) ? host : pathname}`;
}
