/** The command line as people type it. Advice is printed so that it can be copied and run as it is. */

/** How it is called from a checkout. */
export const holdpoint = 'npm run holdpoint --';

/** A command that starts a runbook with an input. */
export function startCommand(runbook: string, input: object, reason?: string): string {
  return `echo ${quoted(JSON.stringify(input))} | ${holdpoint} start ${runbook} --input -${reason === undefined ? '' : ` --again --reason ${quoted(reason)}`}`;
}

/** As one word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
