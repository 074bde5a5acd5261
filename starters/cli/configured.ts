import { ConfigurationError } from '../../workers/configuration.ts';
import { CommandError, ExitCode } from './exit.ts';

/** Reads a configuration; a wrong environment is wrong usage. */
export function configured<T>(read: () => T, advice?: string): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ConfigurationError ? new CommandError(ExitCode.Usage, error.message, advice) : error;
  }
}
