import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { buildExamples } from './features.ts';
import { rowCosts, scoreInMiniBatches, type MiniBatchSettings } from './mini-batches.ts';
import { loadModel } from './model.ts';
import { readStation } from './readings.ts';

/**
 * Predicts each day of a readings file that has its past days.
 *
 *   node score.ts --model <directory> --input weather.csv --output predictions.csv [--mini-batch-size <rows>] [--timeout-s <seconds>] [--max-retries <times>]
 *
 * Location and column come from the model itself. The output has the columns `date,prediction`, in the unit of the column.
 */
async function main(): Promise<void> {
  const { model: directory, input, output, settings } = readArguments();
  const model = loadModel(directory);
  const { location, column } = model.metadata;
  console.log(`model for ${column} in ${location}, ${model.metadata.features.length} features`);
  const { readings, dropped } = readStation(readFileSync(input, 'utf8'), location);
  if (dropped > 0) console.log(`${dropped} rows of ${location} dropped: a value is missing`);
  const examples = buildExamples(readings, column);
  const predictions = await scoreInMiniBatches(examples, settings, rowCosts(process.env), (batch) => model.predict(batch.map(({ features }) => features)));
  const lines = examples.map(({ date }, index) => `${date},${predictions[index]}`);
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, ['date,prediction', ...lines, ''].join('\n'));
  console.log(`${examples.length} predictions written`);
}

function readArguments(): { model: string; input: string; output: string; settings: MiniBatchSettings } {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { model: text, input: text, output: text, 'mini-batch-size': text, 'timeout-s': text, 'max-retries': text } });
  const { model, input, output } = values;
  if (!model || !input || !output) throw new Error('--model, --input and --output are needed');
  const settings = { size: Number(values['mini-batch-size'] ?? Infinity), timeoutMs: 1000 * Number(values['timeout-s'] ?? Infinity), maxRetries: Number(values['max-retries'] ?? 0) };
  return { model, input, output, settings };
}

try {
  await main();
} catch (error) {
  console.error(`ERROR ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
