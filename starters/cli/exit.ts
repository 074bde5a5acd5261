/** How the command line ends: its exit codes, and the errors that carry one. */

export const ExitCode = {
  Done: 0,
  /** The thing asked for was refused, or the run did not succeed. */
  Refused: 1,
  Usage: 2,
  NotFound: 3,
  /** Temporal or the receiver does not answer, or Temporal does not let us in. */
  Unreachable: 4,
  /** Temporal answers, but what was waited for did not happen in time, or not all runs have answered. */
  TimedOut: 5,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An end that the user is told in words: what is wrong, and on the next lines what to do. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly advice: string | undefined;

  constructor(exitCode: ExitCode, message: string, advice?: string) {
    super(message);
    this.exitCode = exitCode;
    this.advice = advice;
  }
}
