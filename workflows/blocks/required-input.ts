import { ApplicationFailure } from '@temporalio/workflow';
import { FailureType } from '../domain/failures.ts';

/**
 * Fails a run that was started past the command line and the receiver, with Temporal Web UI or CLI, without what it needs; otherwise its first task would fail for ever.
 * `fields` are paths such as `target.plant`.
 *
 * @throws InputInvalid (not retried) naming the field
 */
export function requireInput(input: unknown, fields: readonly string[]): void {
  const missing = fields.find((field) => field.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], input) === undefined);
  if (missing !== undefined) throw ApplicationFailure.nonRetryable(`${missing}: is missing from the input`, FailureType.InputInvalid);
}
