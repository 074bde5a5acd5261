import { mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { evaluate } from './evaluation.ts';
import type { Quality } from './evaluation.ts';
import { buildExamples, featureNames } from './features.ts';
import type { Example } from './features.ts';
import { currentRun } from './mlflow-run.ts';
import type { MlflowRun } from './mlflow-run.ts';
import { loadModel, Model } from './model.ts';
import { seededRandom, shuffled } from './random.ts';
import { isColumn, readStation } from './readings.ts';
import type { Column } from './readings.ts';
import { measureScale } from './scaling.ts';
import { readTrainingConfig } from './training-config.ts';
import type { TrainingConfig } from './training-config.ts';

/** The last examples up to the cutoff are kept out of training, to judge the model by. */
const HOLDOUT_ROWS = 365;
const LEAST_TRAINING_ROWS = 90;
const SEED = 20120101;

interface Dataset {
  training: Example[];
  holdout: Example[];
}

/**
 * Trains the model of one circuit and judges it, and the version in production, on the same hold-out.
 *
 *   node train.ts --data weather.csv --location Seattle --column temp_max --output <directory> [--production <directory>]
 *
 * The environment variable TRAINING_CONFIG holds `{cutoff_date, hyperparameters}` as JSON.
 */
async function main(): Promise<void> {
  const { data, location, column, production, output } = readArguments();
  const config = readTrainingConfig(process.env['TRAINING_CONFIG'] ?? '{}');
  for (const note of config.notes) console.log(note);
  const run = currentRun(process.env);
  await run.logParameters({ ...config.hyperparameters, cutoff_date: config.cutoffDate ?? 'none' });

  const dataset = await prepare(readFileSync(data, 'utf8'), location, column, config, run);
  const model = await train(dataset.training, { location, column }, config, run);
  mkdirSync(output, { recursive: true });
  model.save(output);

  await report('', judge(model, dataset.holdout), config, run);
  if (production) await report('production_', judge(loadModel(production), dataset.holdout), config, run);
}

/** Reads the rows up to the cutoff and splits them. */
async function prepare(csv: string, location: string, column: Column, config: TrainingConfig, run: MlflowRun): Promise<Dataset> {
  const { readings, dropped } = readStation(csv, location);
  const lastDate = readings.at(-1)?.date ?? '';
  const cutoff = config.cutoffDate ?? lastDate;
  if (cutoff > lastDate) console.log(`the cutoff date ${cutoff} is past the last row (${lastDate}): all rows are used`);
  const used = readings.filter(({ date }) => date <= cutoff);
  const examples = buildExamples(used, column);
  const training = examples.slice(0, -HOLDOUT_ROWS);
  const holdout = examples.slice(-HOLDOUT_ROWS);
  if (training.length < LEAST_TRAINING_ROWS) {
    throw new Error(`only ${training.length} rows up to ${cutoff} remain for training, ${LEAST_TRAINING_ROWS} are needed`);
  }
  if (dropped > 0) console.log(`${dropped} of ${readings.length + dropped} rows of ${location} dropped: a value is missing`);
  console.log(`${used.length} rows, ${training.length} examples for training, ${holdout.length} held out`);
  await run.logMetrics({ rows: used.length, dropped_rows: dropped, holdout_rows: holdout.length }, 0);
  return { training, holdout };
}

async function train(examples: Example[], subject: { location: string; column: Column }, config: TrainingConfig, run: MlflowRun): Promise<Model> {
  const { learning_rate: learningRate, epochs, hidden_units: hiddenUnits } = config.hyperparameters;
  const random = seededRandom(SEED);
  // Mixed once and not for every epoch, so that the loss falls smoothly and one that rises means something.
  const mixed = shuffled(examples, random);
  const features = mixed.map((example) => example.features);
  const measured = mixed.map((example) => example.target);
  const names = featureNames(subject.column);
  const scales = names.map((_name, index) => measureScale(features.map((row) => row[index] as number)));
  const metadata = { ...subject, features: names, hyperparameters: config.hyperparameters, cutoffDate: examples.at(-1)?.date ?? '' };
  const model = Model.untrained(metadata, scales, measureScale(measured), hiddenUnits, random);
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    const loss = model.train(features, measured, learningRate);
    console.log(`epoch ${epoch}/${epochs} loss ${loss.toFixed(4)}`);
    await run.logMetrics({ train_loss: loss }, epoch);
  }
  return model;
}

function judge(model: Model, holdout: Example[]): Quality {
  return evaluate(
    model.predict(holdout.map(({ features }) => features)),
    holdout.map(({ target }) => target),
  );
}

async function report(prefix: string, { mae, rmse, r2 }: Quality, config: TrainingConfig, run: MlflowRun): Promise<void> {
  console.log(`${prefix}mae ${mae.toFixed(4)} ${prefix}rmse ${rmse.toFixed(4)} ${prefix}r2 ${r2.toFixed(4)}`);
  await run.logMetrics({ [`${prefix}mae`]: mae, [`${prefix}rmse`]: rmse, [`${prefix}r2`]: r2 }, config.hyperparameters.epochs);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      location: { type: 'string' },
      column: { type: 'string' },
      production: { type: 'string' },
      output: { type: 'string' },
    },
  });
  const { data, location, column, production, output } = values;
  if (!data || !location || !output) throw new Error('--data, --location and --output are needed');
  if (!column || !isColumn(column)) throw new Error(`--column must be one of the measured columns, not ${JSON.stringify(column)}`);
  return { data, location, column, production, output };
}

try {
  await main();
} catch (error) {
  console.error(`ERROR ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
