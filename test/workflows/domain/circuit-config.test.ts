import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCircuitConfig, targetOfPath } from '../../../workflows/domain/circuit-config.ts';

const path = 'config/plants/P001/C001.yml';
const file = (hyperparameters: string, head = 'training:\n  cutoff_date: "2025-12-09"\n  hyperparameters:\n') => `${head}${hyperparameters}`;
const refusal = (text: string) => {
  const reading = readCircuitConfig(path, text);
  assert.ok(!reading.ok);
  return reading.refused;
};

describe('readCircuitConfig', () => {
  it('reads the shape of the runbook, and lstm_units as hidden_units, saying so', () => {
    const reading = readCircuitConfig(path, file('    learning_rate: 0.0005\n    lstm_units: 256\n'));
    assert.deepEqual(reading, { ok: true, config: { cutoffDate: '2025-12-09', hyperparameters: { learning_rate: 0.0005, hidden_units: 256 } }, notes: [`${path}: lstm_units is read as hidden_units`] });
  });

  for (const [name, text, line, reason] of [
    ['bad YAML', 'training:\n  cutoff_date: "2025\n', 3, /not valid YAML/],
    ['an alias that leads nowhere', 'training: *defaults\n', null, /not valid YAML/],
    ['an empty file', '', 1, /the file/],
    ['an unknown hyperparameter', file('    learning_rate: 0.1\n    momentum: 3\n'), 5, /training\.hyperparameters\.momentum: unknown key/],
    ['an unknown key at the top', 'owner: me\ntraining:\n  cutoff_date: "2025-12-09"\n  hyperparameters: { learning_rate: 0.1 }\n', 1, /owner: unknown key/],
    ['a text for a number', file('    learning_rate: fast\n'), 4, /training\.hyperparameters\.learning_rate: /],
    ['a learning rate of zero', file('    learning_rate: 0\n'), 4, /learning_rate/],
    ['no learning rate', file('    epochs: 3\n'), 3, /learning_rate: is missing/],
    ['a misspelt key', file('    learning_rat: 0.1\n'), 4, /learning_rat: unknown key/],
    ['a date that is none', file('    learning_rate: 0.1\n', 'training:\n  cutoff_date: "2025-13-40"\n  hyperparameters:\n'), 2, /cutoff_date: must be a date/],
    ['both names of one thing', file('    learning_rate: 0.1\n    hidden_units: 8\n    lstm_units: 8\n'), 6, /only one of them/],
  ] as const) {
    it(`refuses ${name}, with its line`, () => {
      const refused = refusal(text);
      assert.equal(refused.path, path);
      assert.match(refused.reason, reason);
      assert.equal(refused.line, line);
    });
  }
});

describe('targetOfPath', () => {
  it('knows a circuit, and what configures none', () => {
    assert.deepEqual(targetOfPath('/config/plants/P001/C001.yml'), { plant: 'P001', circuit: 'C001' });
    assert.equal(targetOfPath('README.md'), undefined);
  });

  for (const bad of ['config/plants/P001/a b.yml', 'config/plants/P001/.yml', `config/plants/${'P'.repeat(33)}/C001.yml`, 'config/plants/P001/deep/C001.yml', 'config/plants/P001/C001.json']) {
    it(`refuses ${bad} with its path`, () => {
      const refused = targetOfPath(bad);
      assert.ok(refused && 'reason' in refused);
      assert.equal(refused.path, bad);
    });
  }
});
