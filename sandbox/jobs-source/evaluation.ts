/** How good a list of predictions is; errors in the unit of the predicted column. */
export interface Quality {
  /** Mean absolute error. */
  mae: number;
  /** Root of the mean squared error. */
  rmse: number;
  /** Coefficient of determination: 1 is perfect, 0 is as good as the mean of the measured values. */
  r2: number;
}

/** Compares predictions with what was measured, pair by pair. Not-a-number predictions give not-a-number results. */
export function evaluate(predicted: number[], measured: number[]): Quality {
  if (measured.length === 0 || predicted.length !== measured.length) throw new Error('nothing to evaluate');
  const errors = measured.map((value, index) => (predicted[index] ?? Number.NaN) - value);
  const average = mean(measured);
  const squared = mean(errors.map((error) => error ** 2));
  const variance = mean(measured.map((value) => (value - average) ** 2));
  return { mae: mean(errors.map(Math.abs)), rmse: Math.sqrt(squared), r2: 1 - squared / variance };
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
