import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import { CommandError, ExitCode } from './exit.ts';

/** Reads from the estate of this machine; a wrong one is wrong usage, as a wrong environment is. @throws CommandError that names file, line and field */
export async function readingEstate<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === FailureType.EstateInvalid) throw new CommandError(ExitCode.Usage, error.message);
    throw error;
  }
}
