import { Matrix } from 'ml-matrix';
import type { Random } from './random.ts';

const BATCH_SIZE = 320;

/** The weights of a network with one hidden tanh layer and one linear output. */
export interface Weights {
  /** One row per feature, one column per hidden unit. */
  hidden: Matrix;
  hiddenBias: Matrix;
  /** One row per hidden unit, one column. */
  output: Matrix;
  outputBias: Matrix;
}

export function initialWeights(features: number, hiddenUnits: number, random: Random): Weights {
  const uniform = (rows: number, columns: number) => {
    const limit = Math.sqrt(6 / (rows + columns));
    return Matrix.rand(rows, columns, { random }).mul(2 * limit).sub(limit);
  };
  return {
    hidden: uniform(features, hiddenUnits),
    hiddenBias: Matrix.zeros(1, hiddenUnits),
    output: uniform(hiddenUnits, 1),
    outputBias: Matrix.zeros(1, 1),
  };
}

/** Predicts one value per row of the (scaled) features. */
export function predict(weights: Weights, features: Matrix): number[] {
  return forward(weights, features).predicted.getColumn(0);
}

/**
 * Trains in place for one epoch: gradient descent by mini-batches, taken in the order of the rows, the gradient summed over the
 * batch, on the pseudo-Huber loss, which grows like the absolute error for the outliers of which weather is full.
 *
 * The gradients are written out because the network library of the family that ml-matrix belongs to (ml-fnn) has had no
 * release for years.
 *
 * @returns the mean loss over the epoch, each batch taken before its step; it may be infinite or not a number
 */
export function trainEpoch(weights: Weights, features: number[][], targets: number[], learningRate: number): number {
  let loss = 0;
  for (let start = 0; start < features.length; start += BATCH_SIZE) {
    const batch = new Matrix(features.slice(start, start + BATCH_SIZE));
    const measured = Matrix.columnVector(targets.slice(start, start + BATCH_SIZE));
    loss += step(weights, batch, measured, learningRate);
  }
  return loss / features.length;
}

/** One step of gradient descent on one batch; returns the sum of its losses before the step. */
function step(weights: Weights, batch: Matrix, measured: Matrix, learningRate: number): number {
  const { hidden, predicted } = forward(weights, batch);
  const error = predicted.sub(measured);
  const root = Matrix.mul(error, error).add(1).sqrt();
  const outputGradient = Matrix.div(error, root);
  const tanhSlope = Matrix.mul(hidden, hidden).neg().add(1);
  const hiddenGradient = outputGradient.mmul(weights.output.transpose()).mul(tanhSlope);
  weights.output.sub(hidden.transpose().mmul(outputGradient).mul(learningRate));
  weights.outputBias.sub(outputGradient.sum() * learningRate);
  weights.hidden.sub(batch.transpose().mmul(hiddenGradient).mul(learningRate));
  weights.hiddenBias.sub(Matrix.rowVector(hiddenGradient.sum('column')).mul(learningRate));
  return root.sub(1).sum();
}

function forward(weights: Weights, features: Matrix): { hidden: Matrix; predicted: Matrix } {
  const hidden = features.mmul(weights.hidden).addRowVector(weights.hiddenBias).tanh();
  return { hidden, predicted: hidden.mmul(weights.output).addRowVector(weights.outputBias) };
}
