/** Anomalies that a training log can show, as the Stage 1 approver is told them. */

export interface TrainingLogFacts {
  /** Loss after each epoch, in order, as logged; NaN and infinity as such. */
  losses: number[];
  warnings: string[];
  rows: number | null;
  droppedRows: number | null;
  durationMs: number | null;
  /** Durations of earlier trainings of the same circuit. */
  earlierDurationsMs: number[];
}

const lossLine = /\bepoch (\d+)\/\d+\b.*\bloss[ =:]+([-+]?(?:nan|inf(?:inity)?|[\d.]+(?:e[-+]?\d+)?))/i;
const nonFinite = /(?<![A-Za-z])(?:nan|[-+]?inf(?:inity)?)(?![A-Za-z])/i;

/** What a log's text tells by itself. */
export function readTrainingLog(text: string): { losses: number[]; warnings: string[]; nonFiniteLines: number; lines: number } {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const losses = lines.flatMap((line) => {
    const value = lossLine.exec(line)?.[2];
    return value === undefined ? [] : [numberOf(value)];
  });
  const warnings = lines.filter((line) => /^\s*warning\b/i.test(line));
  return { losses, warnings, nonFiniteLines: lines.filter((line) => nonFinite.test(line)).length, lines: lines.length };
}

/** Each anomaly as one sentence; none is an empty list. */
export function trainingAnomalies({ losses, warnings, rows, droppedRows, durationMs, earlierDurationsMs }: TrainingLogFacts): string[] {
  const found: string[] = [];
  const bad = losses.filter((loss) => !Number.isFinite(loss)).length;
  if (bad > 0) found.push(`loss was NaN or infinite in ${bad} of ${losses.length} epochs`);

  const tail = losses.slice(-Math.max(2, Math.ceil(losses.length / 5)));
  const [first, last] = [tail[0], tail.at(-1)];
  if (losses.length >= 5 && first !== undefined && last !== undefined && last > first) found.push(`loss rose over the last fifth of the epochs (${first.toPrecision(4)} to ${last.toPrecision(4)})`);

  if (warnings.length > 0) found.push(`${warnings.length} warning${warnings.length === 1 ? '' : 's'} in the log`);

  const all = (rows ?? 0) + (droppedRows ?? 0);
  if (droppedRows !== null && all > 0 && droppedRows / all > 0.01) found.push(`${((100 * droppedRows) / all).toFixed(1)} % of the rows were dropped`);

  const usual = median(earlierDurationsMs);
  if (durationMs !== null && usual !== null && durationMs > 3 * usual) found.push(`training took ${(durationMs / usual).toFixed(1)} times the median of earlier ones`);
  return found;
}

function numberOf(text: string): number {
  const lower = text.toLowerCase();
  if (lower.includes('nan')) return Number.NaN;
  if (lower.includes('inf')) return lower.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
