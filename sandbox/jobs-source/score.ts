import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { buildExamples } from './features.ts';
import { loadModel } from './model.ts';
import { readStation } from './readings.ts';

/**
 * Predicts each day of a readings file that has its past days.
 *
 *   node score.ts --model <directory> --input weather.csv --output predictions.csv
 *
 * Location and column come from the model itself. The output has the columns `date,prediction`, in the unit of the column.
 */
function main(): void {
  const { model: directory, input, output } = readArguments();
  const model = loadModel(directory);
  const { location, column } = model.metadata;
  console.log(`model for ${column} in ${location}, ${model.metadata.features.length} features`);
  const { readings, dropped } = readStation(readFileSync(input, 'utf8'), location);
  if (dropped > 0) console.log(`${dropped} rows of ${location} dropped: a value is missing`);
  const examples = buildExamples(readings, column);
  const predictions = examples.length === 0 ? [] : model.predict(examples.map(({ features }) => features));
  const lines = examples.map(({ date }, index) => `${date},${predictions[index]}`);
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, ['date,prediction', ...lines, ''].join('\n'));
  console.log(`${examples.length} predictions written`);
}

function readArguments(): { model: string; input: string; output: string } {
  const { values } = parseArgs({ options: { model: { type: 'string' }, input: { type: 'string' }, output: { type: 'string' } } });
  const { model, input, output } = values;
  if (!model || !input || !output) throw new Error('--model, --input and --output are needed');
  return { model, input, output };
}

try {
  main();
} catch (error) {
  console.error(`ERROR ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
