/** Retry-After as the vendors send it: whole seconds, milliseconds in Azure's own headers, or a date. */

/** No vendor's wish is followed for longer than this, in milliseconds: a wrong date must not park a release for days. */
const longestMs = 3_600_000;

/**
 * Milliseconds to wait, or undefined where the answer names none. A date counts from the answer's own `Date` header, so that no clock but the vendor's takes part.
 */
export function retryAfterMs(header: (name: string) => string | undefined): number | undefined {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const milliseconds = header(name);
    if (milliseconds !== undefined && /^\d+$/.test(milliseconds)) return Math.min(Number(milliseconds), longestMs);
  }
  const value = header('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.min(Math.ceil(Number(value) * 1000), longestMs);
  const until = Date.parse(value) - Date.parse(header('date') ?? '');
  return Number.isFinite(until) ? Math.min(Math.max(until, 0), longestMs) : undefined;
}
