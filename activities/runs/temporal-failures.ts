/** What Temporal's client throws, as failures of the product's list: here Temporal itself is the platform. */
import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { TemporalFailure, WorkflowNotFoundError } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import { vendorFailure } from '../http/classify.ts';

/** gRPC's status codes, as far as they tell what to do. */
const typeOfCode: Record<number, FailureType> = {
  1: FailureType.Unavailable, // CANCELLED: the deadline passed while the client repeated the call
  3: FailureType.InvalidRequest,
  4: FailureType.Unavailable, // DEADLINE_EXCEEDED: no worker has answered, or not yet
  5: FailureType.NotFound,
  7: FailureType.Unauthorized,
  8: FailureType.Throttled,
  9: FailureType.Busy, // FAILED_PRECONDITION: given back untaken
  14: FailureType.Unavailable,
  16: FailureType.Unauthorized,
};

/** Classifies what the client threw about one run. A refused update is no failure: it is caught before. */
export function classifyTemporal(error: unknown, workflowId: string): Error {
  if (error instanceof TemporalFailure) return error;
  if (error instanceof WorkflowNotFoundError) return vendorFailure(FailureType.NotFound, `${workflowId}: there is no such run, or it has ended`, { message: error.message });
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return vendorFailure(FailureType.Unavailable, `${workflowId}: no worker has answered yet`, { message: error.message });
  const cause = error instanceof ServiceError ? error.cause : error;
  const type = isGrpcServiceError(cause) ? typeOfCode[Number(cause.code)] : undefined;
  if (isGrpcServiceError(cause) && type !== undefined) return vendorFailure(type, `${workflowId}: ${cause.details}`, { code: String(cause.code), message: cause.details });
  return error instanceof Error ? error : new Error(String(error));
}

/** gRPC's status code behind an error of the client; undefined for any other error. */
export function grpcCode(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? Number(cause.code) : undefined;
}
