/** Times as the inbox writes them: in UTC, and how far away they are. */
import { html, type Html } from './html.ts';

const units = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000]] as const;

/** `3 h`, `2 d 5 h`, `less than a minute`. */
export function span(milliseconds: number): string {
  const at = units.findIndex(([, size]) => milliseconds >= size);
  if (at === -1) return 'less than a minute';
  const [[unit, size], next] = [units[at]!, units[at + 1]];
  const whole = Math.floor(milliseconds / size);
  const rest = next === undefined || whole >= 3 ? 0 : Math.floor((milliseconds % size) / next[1]); // nobody counts the minutes of a day
  return `${whole}\u00a0${unit}${rest > 0 ? ` ${rest}\u00a0${next![0]}` : ''}`; // a number stays with its unit
}

/** `in 3 h` or `3 h ago`. */
export function fromNow(instant: string, now: Date): string {
  const difference = Date.parse(instant) - now.getTime();
  return difference >= 0 ? `in ${span(difference)}` : `${span(-difference)} ago`;
}

/** `2026-11-24 12:18 UTC`. */
export function utc(instant: string): string {
  return `${new Date(instant).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Both, for a page. */
export function time(instant: string, now: Date): Html {
  return html`<time datetime="${new Date(instant).toISOString()}">${utc(instant)}</time> (${fromNow(instant, now)})`;
}
