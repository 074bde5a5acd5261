/** Durations as Azure writes them (ISO 8601, days to seconds) and the product's milliseconds. */

/** Milliseconds of `PT1M30S`; null for what is no such duration. */
export function isoMilliseconds(text: string): number | null {
  const [whole, days, hours, minutes, seconds] = /^P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text) ?? [];
  if (whole === undefined || [days, hours, minutes, seconds].every((part) => part === undefined)) return null;
  return Math.round(1000 * (86_400 * Number(days ?? 0) + 3_600 * Number(hours ?? 0) + 60 * Number(minutes ?? 0) + Number(seconds ?? 0)));
}

/** `PT90S` of 90000: seconds only, which every reader of the format takes. */
export function isoDuration(milliseconds: number): string {
  return `PT${milliseconds / 1000}S`;
}
