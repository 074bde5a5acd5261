import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { evaluate } from '../../../sandbox/jobs-source/evaluation.ts';
import { buildExamples } from '../../../sandbox/jobs-source/features.ts';
import { isColumn, readStation } from '../../../sandbox/jobs-source/readings.ts';
import { CIRCUITS, FIRST_SETTINGS, improvedConfig } from '../../../sandbox/seed/estate.ts';
import { parse } from 'yaml';

const SOURCE = join(import.meta.dirname, '../../../sandbox/jobs-source');
const WEATHER = join(import.meta.dirname, '../../../node_modules/vega-datasets/data/weather.csv');
const CUTOFF = '2015-06-30';

const folder = mkdtempSync(join(tmpdir(), 'holdpoint-training-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let models = 0;

interface Outcome {
  status: number | null;
  log: string;
  errors: string;
  /** The model's directory. */
  model: string;
  mae: number;
}

function run(script: string, args: string[], config?: object): { status: number | null; log: string; errors: string } {
  const environment = { ...process.env, ...(config ? { TRAINING_CONFIG: JSON.stringify(config) } : {}) };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(SOURCE, script), ...args], { env: environment, encoding: 'utf8' });
  return { status, log: stdout, errors: stderr };
}

function train(location: string, column: string, config: object, more: { data?: string; production?: string } = {}): Outcome {
  models += 1;
  const model = join(folder, String(models));
  const production = more.production ? ['--production', more.production] : [];
  const args = ['--data', more.data ?? WEATHER, '--location', location, '--column', column, '--output', model, ...production];
  const outcome = run('train.ts', args, config);
  return { ...outcome, model, mae: Number(/^mae (\S+)/m.exec(outcome.log)?.[1] ?? Number.NaN) };
}

function withRate(learningRate: number) {
  return { cutoff_date: CUTOFF, hyperparameters: { learning_rate: learningRate } };
}

/** How far off "tomorrow is like today" is, on the same hold-out. */
function persistenceMae(location: string, column: string): number {
  assert.ok(isColumn(column));
  const readings = readStation(readFileSync(WEATHER, 'utf8'), location).readings.filter(({ date }) => date <= CUTOFF);
  const holdout = buildExamples(readings, column).slice(-365);
  return evaluate(holdout.map(({ features }) => features[0] ?? Number.NaN), holdout.map(({ target }) => target)).mae;
}

for (const { plant, name, location, column } of CIRCUITS) {
  test(`${plant}/${name}: the default beats persistence, and ten times the learning rate or a tenth of it is worse`, () => {
    const { mae } = train(location, column, { cutoff_date: CUTOFF });
    assert.ok(mae < persistenceMae(location, column), `mae ${mae}`);
    assert.ok(train(location, column, withRate(0.01)).mae > mae * 1.5);
    assert.ok(train(location, column, withRate(0.0001)).mae > mae * 1.005);
  });
}

for (const { plant, name, location, column } of CIRCUITS.filter(({ name }) => name === 'C001')) {
  test(`${plant}/${name}: the improved configuration is better than the first one, whatever its variation`, () => {
    const first = train(location, column, FIRST_SETTINGS).mae;
    const texts = [0, 7].map((variation) => improvedConfig(variation));
    assert.notEqual(texts[0], texts[1]);
    for (const text of texts) {
      const { training } = parse(text) as { training: object };
      const improved = train(location, column, training);
      assert.ok(improved.mae < first, `${improved.mae} is not below ${first}`);
    }
  });
}

test('the same configuration gives the same model, and other hyperparameters another', () => {
  const modelText = (config: object) => readFileSync(join(train('Seattle', 'wind', config).model, 'model.json'), 'utf8');
  const hyperparameters = { learning_rate: 0.001, epochs: 3, hidden_units: 4 };
  assert.equal(modelText({ hyperparameters }), modelText({ hyperparameters }));
  assert.notEqual(modelText({ hyperparameters }), modelText({ hyperparameters: { ...hyperparameters, hidden_units: 5 } }));
});

test('every epoch has its line, lstm_units is read as hidden_units, and a late cutoff uses all rows', () => {
  const { log, model } = train('Seattle', 'wind', { cutoff_date: '2025-12-09', hyperparameters: { epochs: 3, lstm_units: 4 } });
  assert.match(log, /^lstm_units is read as hidden_units: 4$/m);
  assert.match(log, /the cutoff date 2025-12-09 is past the last row \(2015-12-31\): all rows are used/);
  assert.deepEqual(log.match(/^epoch \d+\/3 loss \d\.\d+$/gm)?.length, 3);
  const saved = JSON.parse(readFileSync(join(model, 'model.json'), 'utf8')) as { weights: { hidden: number[][] }; location: string };
  assert.equal(saved.weights.hidden[0]?.length, 4);
  assert.equal(saved.location, 'Seattle');
});

test('the version in production is judged on the same hold-out', () => {
  const production = train('Seattle', 'temp_max', FIRST_SETTINGS);
  const { log } = train('Seattle', 'temp_max', { cutoff_date: CUTOFF }, { production: production.model });
  assert.equal(Number(/^production_mae (\S+)/m.exec(log)?.[1]), production.mae);
});

test('rows with a missing value are dropped, and counted in the log', () => {
  const data = join(folder, 'gaps.csv');
  writeFileSync(data, readFileSync(WEATHER, 'utf8').replace(/^(Seattle,2012-03-01),[\d.]+,/m, '$1,,'));
  const { status, log } = train('Seattle', 'wind', { hyperparameters: { epochs: 1 } }, { data });
  assert.equal(status, 0);
  assert.match(log, /^1 of 1461 rows of Seattle dropped/m);
});

test('a loss that is not finite is logged as it is, and a model that came of it cannot score', () => {
  const { status, log, model } = train('Seattle', 'wind', { hyperparameters: { learning_rate: 1e308, epochs: 5 } });
  assert.equal(status, 0);
  assert.match(log, /epoch \d\/5 loss (NaN|Infinity)/);
  const output = join(folder, 'never.csv');
  const scoring = run('score.ts', ['--model', model, '--input', WEATHER, '--output', output]);
  assert.equal(scoring.status, 1);
  assert.match(scoring.errors, /ERROR model\.json is not a usable model/);
  assert.equal(existsSync(output), false);
});

test('a wrong configuration ends the job with what is wrong', () => {
  for (const [config, complaint] of [
    [{ hyperparameters: { dropout: 0.5 } }, /Unrecognized key: "dropout"/],
    [{ hyperparameters: { learning_rate: -1 } }, /learning_rate/],
    [{ hyperparameters: { lstm_units: 4, hidden_units: 4 } }, /give one of them/],
    [{ cutoff_date: '2012-03-01' }, /only 0 rows up to 2012-03-01 remain for training/],
  ] as const) {
    const { status, errors } = train('Seattle', 'wind', config);
    assert.equal(status, 1);
    assert.match(errors, complaint);
  }
});

test('scoring predicts every day that has its past days, in the unit of the column', () => {
  const { model } = train('New York', 'temp_max', { cutoff_date: CUTOFF });
  const output = join(folder, 'predictions', 'predictions.csv');
  const { status } = run('score.ts', ['--model', model, '--input', WEATHER, '--output', output]);
  assert.equal(status, 0);
  const [header, ...rows] = readFileSync(output, 'utf8').trimEnd().split('\n');
  assert.equal(header, 'date,prediction');
  assert.equal(rows.length, 1461 - 3);
  const values = rows.map((row) => Number(row.split(',')[1]));
  assert.ok(values.every((value) => value > -20 && value < 45));
});
