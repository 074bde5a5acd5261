import type { Period } from './production-changes.ts';

/**
 * Reads a period as people write it, in UTC: a year, a month, a day, or two instants or days with `..` between; a day or month at the end is part of it.
 *
 * @returns null where it is none
 */
export function readPeriod(text: string): Period | null {
  const [first = '', last] = text.split('..');
  const from = spanOf(first);
  const to = last === undefined ? from : spanOf(last);
  if (from === null || to === null || text.split('..').length > 2) return null;
  return from.from < to.to ? { from: from.from, to: to.to } : null;
}

function spanOf(text: string): Period | null {
  const parts = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text.trim());
  if (!parts) {
    const instant = /^\d{4}-\d{2}-\d{2}T/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
    return Number.isNaN(instant) ? null : { from: new Date(instant).toISOString(), to: new Date(instant).toISOString() };
  }
  const [year, month, day] = parts.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  if ((month !== undefined && (month < 1 || month > 12)) || (day !== undefined && (day < 1 || day > 31))) return null;
  const from = new Date(Date.UTC(year!, (month ?? 1) - 1, day ?? 1));
  // A day that the month does not have would silently be one of the next.
  if (day !== undefined && from.getUTCDate() !== day) return null;
  const to = new Date(month === undefined ? Date.UTC(year! + 1, 0, 1) : day === undefined ? Date.UTC(year!, month, 1) : Date.UTC(year!, month - 1, day + 1));
  return { from: from.toISOString(), to: to.toISOString() };
}
