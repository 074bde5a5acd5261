/** Days as `YYYY-MM-DD`, counted in UTC so that no time zone of a machine moves them. */

const dayMs = 86_400_000;

export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && addDays(text, 0) === text;
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);
}

/** From one day to another; negative where `until` comes first. */
export function daysBetween(from: string, until: string): number {
  return Math.round((Date.parse(until) - Date.parse(from)) / dayMs);
}

/** The same day a year earlier; 29 February becomes the 28th. */
export function yearBefore(day: string): string {
  const earlier = `${String(Number(day.slice(0, 4)) - 1).padStart(4, '0')}${day.slice(4)}`;
  return isDay(earlier) ? earlier : `${earlier.slice(0, 8)}28`;
}

/** So many days up to and with `until`. */
export function daysUntil(until: string, days: number): { from: string; until: string } {
  return { from: addDays(until, 1 - days), until };
}

/**
 * The last `count` windows of a week (seven days) or a month (from the day after the same day of the month before), oldest first; the last one ends with `until`. They do not
 * overlap and leave no day out.
 */
export function windowsUntil(until: string, length: 'week' | 'month', count: number): { from: string; until: string }[] {
  const ends = Array.from({ length: count + 1 }, (_, index) => (length === 'week' ? addDays(until, -7 * index) : monthsBefore(until, index)));
  return ends.slice(0, count).map((end, index) => ({ from: addDays(ends[index + 1]!, 1), until: end })).reverse();
}

/** The same day so many months earlier, or that month's last day; the last day of a month stays the last. */
function monthsBefore(day: string, months: number): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  const isLast = addDays(day, 1).endsWith('-01');
  const last = new Date(Date.UTC(year, month - months, 0)); // day 0 of the next month
  return `${last.toISOString().slice(0, 8)}${String(isLast ? last.getUTCDate() : Math.min(date, last.getUTCDate())).padStart(2, '0')}`;
}
