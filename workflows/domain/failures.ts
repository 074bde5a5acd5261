/**
 * The one list of failure types. An activity's classifier maps a vendor's answer to one of these; workflows, tests and the command line compare against the constants, never
 * against a literal.
 */
export const FailureType = {
  /** The vendor answered 429: repeated after Retry-After, or after the policy's interval when the vendor names none. */
  Throttled: 'Throttled',
  /** The vendor or the way to it is away (5xx, connection lost, time-out): repeated. */
  Unavailable: 'Unavailable',
  /** Another operation on the same resource is under way (409 while provisioning): repeated. */
  Busy: 'Busy',
  /** The credential was refused (401, 403). Repeated slowly: a person may repair it. */
  Unauthorized: 'Unauthorized',
  /** The resource does not exist. */
  NotFound: 'NotFound',
  /** The vendor refused the request as it stands (400, 422). Not repeated. */
  InvalidRequest: 'InvalidRequest',
  /** A resource of this name exists with other contents. Not repeated. */
  Conflict: 'Conflict',
  /** A long-running operation of the vendor ended in failure. Not repeated by itself. */
  OperationFailed: 'OperationFailed',
  /** The vendor cancelled the long-running operation, as it does when a similar one came too soon: repeated. */
  OperationCanceled: 'OperationCanceled',
  /** The platform is not as this run left or found it: somebody changed it meanwhile. Nothing was overwritten. */
  ChangedByHand: 'ChangedByHand',
  /** The lock of the target has passed to another run, such as a rollback: this run writes nothing there any more. Not repeated. */
  Preempted: 'Preempted',
  /** What was read back is not what was written. */
  ReadBackMismatch: 'ReadBackMismatch',
  /** A job has not ended yet: the activity polls by failing with this one. */
  StillRunning: 'StillRunning',
  /** A watch has not ended yet: the activity polls by failing with this one. */
  StillWatching: 'StillWatching',
  /** The estate file is wrong; the message names field and line. */
  EstateInvalid: 'EstateInvalid',
  /** The estate file has no such plant or circuit; the message names field and line, and what is known. A run that was asked for it is rejected, not failed. */
  TargetUnknown: 'TargetUnknown',
  /** The input of a runbook is wrong; the message names the field. */
  InputInvalid: 'InputInvalid',
  /** A runbook could not be done and its effects were compensated; the details hold the compensation report. */
  RunbookFailed: 'RunbookFailed',
} as const;
export type FailureType = (typeof FailureType)[keyof typeof FailureType];
