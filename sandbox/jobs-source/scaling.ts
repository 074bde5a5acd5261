/** Mean and standard deviation of one feature or of the target, as measured on the training rows. */
export interface Scale {
  mean: number;
  deviation: number;
}

/** Measures one list of values; a constant list gets the deviation 1. */
export function measureScale(values: number[]): Scale {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
}

export function scale(value: number, { mean, deviation }: Scale): number {
  return (value - mean) / deviation;
}

export function unscale(value: number, { mean, deviation }: Scale): number {
  return value * deviation + mean;
}
