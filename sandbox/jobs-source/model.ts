import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Matrix } from 'ml-matrix';
import { z } from 'zod';
import { COLUMNS } from './readings.ts';
import { scale, unscale } from './scaling.ts';
import type { Scale } from './scaling.ts';
import { initialWeights, predict, trainEpoch } from './network.ts';
import type { Weights } from './network.ts';
import type { Random } from './random.ts';

/** The only file of a model's directory. */
const FILE = 'model.json';

const scaleSchema = z.object({ mean: z.number(), deviation: z.number() });
const matrixSchema = z.array(z.array(z.number()));
const modelSchema = z.object({
  format: z.literal(1),
  /** Whose readings it was trained on, and what it predicts. */
  location: z.string(),
  column: z.enum(COLUMNS),
  features: z.array(z.string()),
  hyperparameters: z.record(z.string(), z.number()),
  cutoffDate: z.string(),
  featureScales: z.array(scaleSchema),
  targetScale: scaleSchema,
  weights: z.object({ hidden: matrixSchema, hiddenBias: matrixSchema, output: matrixSchema, outputBias: matrixSchema }),
});

/** What is known of a model beside its weights. */
export type ModelMetadata = Omit<z.infer<typeof modelSchema>, 'format' | 'featureScales' | 'targetScale' | 'weights'>;

/** A network with its scaling: takes and gives values in the units of the readings. */
export class Model {
  readonly metadata: ModelMetadata;
  readonly #featureScales: Scale[];
  readonly #targetScale: Scale;
  readonly #weights: Weights;

  constructor(metadata: ModelMetadata, featureScales: Scale[], targetScale: Scale, weights: Weights) {
    this.metadata = metadata;
    this.#featureScales = featureScales;
    this.#targetScale = targetScale;
    this.#weights = weights;
  }

  /** A model that has learned nothing yet. */
  static untrained(metadata: ModelMetadata, featureScales: Scale[], targetScale: Scale, hiddenUnits: number, random: Random): Model {
    return new Model(metadata, featureScales, targetScale, initialWeights(featureScales.length, hiddenUnits, random));
  }

  /** One epoch over rows of features and what was measured; returns the mean loss, in scaled units. */
  train(features: number[][], measured: number[], learningRate: number): number {
    const targets = measured.map((value) => scale(value, this.#targetScale));
    return trainEpoch(this.#weights, features.map((row) => this.#scaled(row)), targets, learningRate);
  }

  predict(features: number[][]): number[] {
    const scaled = new Matrix(features.map((row) => this.#scaled(row)));
    return predict(this.#weights, scaled).map((value) => unscale(value, this.#targetScale));
  }

  /** Writes the model into a directory. Weights that are not finite become null, and {@link loadModel} then refuses them. */
  save(directory: string): void {
    const { hidden, hiddenBias, output, outputBias } = this.#weights;
    const content = {
      format: 1,
      ...this.metadata,
      featureScales: this.#featureScales,
      targetScale: this.#targetScale,
      weights: {
        hidden: hidden.to2DArray(),
        hiddenBias: hiddenBias.to2DArray(),
        output: output.to2DArray(),
        outputBias: outputBias.to2DArray(),
      },
    };
    writeFileSync(join(directory, FILE), JSON.stringify(content));
  }

  #scaled(row: number[]): number[] {
    return row.map((value, index) => scale(value, this.#featureScales[index] as Scale));
  }
}

/** Reads a model's directory. Throws, naming the field, when the file is missing, malformed or has weights that are not numbers. */
export function loadModel(directory: string): Model {
  const file = join(directory, FILE);
  const parsed = modelSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${FILE} is not a usable model: ${z.prettifyError(parsed.error)}`);
  const { format: _format, featureScales, targetScale, weights, ...metadata } = parsed.data;
  return new Model(metadata, featureScales, targetScale, {
    hidden: new Matrix(weights.hidden),
    hiddenBias: new Matrix(weights.hiddenBias),
    output: new Matrix(weights.output),
    outputBias: new Matrix(weights.outputBias),
  });
}
