/** What people and scripts see: results on standard output; progress, notes and errors on standard error. */
import Table from 'cli-table3';
import pc from 'picocolors';

/** NO_COLOR is picocolors' own business; a pipe gets no colour, not even in CI where picocolors would give it one. */
export const colour = pc.createColors(pc.isColorSupported && process.stdout.isTTY === true);
const errorColour = pc.createColors(pc.isColorSupported && process.stderr.isTTY === true);

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** A table without colours of its own and, on a pipe, without a frame either. */
export function table(head: string[], rows: string[][]): string {
  const bare = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' };
  const made = new Table({ head: head.map((name) => colour.bold(name)), chars: bare, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
  made.push(...rows);
  return made.toString().replace(/[ \t]+$/gm, '');
}

export function note(text: string): void {
  process.stderr.write(`${errorColour.dim(text)}\n`);
}

export function complain(message: string, advice?: string): void {
  process.stderr.write(`${errorColour.red('error:')} ${message}\n${advice === undefined ? '' : `${advice}\n`}`);
}

/** Tells, every few seconds, what is waited for and since when; the first time after a second, so that the quick case stays quiet. */
export async function withProgress<T>(waitingFor: () => string, work: Promise<T>): Promise<T> {
  const since = Date.now();
  const tell = (): void => note(`${waitingFor()} (${Math.round((Date.now() - since) / 1000)} s)`);
  const first = setTimeout(tell, 1_000);
  const further = setInterval(tell, 5_000);
  try {
    return await work;
  } finally {
    clearTimeout(first);
    clearInterval(further);
  }
}

/** A line on standard error every few seconds, so that hundreds of calls do not look like none. Call it after each, with how many there are. */
export function progress(what: string): (all: number) => void {
  let [done, told] = [0, Date.now()];
  return (all) => {
    done += 1;
    if (Date.now() - told < 2_000) return;
    told = Date.now();
    note(`${done} of ${all} ${what}`);
  };
}

/** An instant as people write it, in UTC to the second. */
export function instant(value: string | Date): string {
  return new Date(value).toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
}

/** A length of time, coarse: `4 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 100) return milliseconds < 10_000 ? `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s` : `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
