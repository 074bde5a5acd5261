/** One call of the command line, from its arguments to its exit code. */
import { CommanderError } from 'commander';
import { CommandError, ExitCode } from './exit.ts';
import { complain } from './output.ts';
import { createProgram } from './program.ts';

/** Runs the command that the process was called with; the exit code is set when it returns, and what was printed may still be on its way out. */
export async function run(): Promise<void> {
  // `holdpoint list | head` closes the pipe early; that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? ExitCode.Done : ExitCode.Refused));
  try {
    await createProgram().parseAsync();
  } catch (error) {
    process.exitCode = end(error);
  }
}

function end(error: unknown): ExitCode {
  // Commander has printed its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Done : ExitCode.Usage;
  if (error instanceof CommandError) {
    complain(error.message, error.advice);
    return error.exitCode;
  }
  complain(error instanceof Error ? (error.stack ?? error.message) : String(error), 'This is a defect of holdpoint: please report it with the lines above.');
  return ExitCode.Refused;
}
