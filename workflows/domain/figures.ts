/** Figures as people are shown them. */

/** Four digits; `none` for what is no number: JSON knows no NaN, a metric that is none arrives as null. */
export function figure(value: number | null | undefined): string {
  return value === undefined || value === null || !Number.isFinite(value) ? 'none' : String(Number(value.toPrecision(4)));
}
