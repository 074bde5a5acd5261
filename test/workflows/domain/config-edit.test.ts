import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { editCircuitConfig, lineDifference, type ConfigEdit } from '../../../workflows/domain/config-edit.ts';

const path = 'config/plants/P001/C001.yml';
const file = `# owned by dana
training:
  cutoff_date: "2025-12-09"  # Keep same
  hyperparameters:
    learning_rate: 0.001    # from the paper

    hidden_units: 16 # small
`;
const edited = (text: string, edit: ConfigEdit) => {
  const outcome = editCircuitConfig(path, text, edit);
  assert.equal(outcome.kind, 'edited', JSON.stringify(outcome));
  return outcome;
};
const refusal = (text: string, edit: ConfigEdit) => {
  const outcome = editCircuitConfig(path, text, edit);
  assert.equal(outcome.kind, 'refused', JSON.stringify(outcome));
  return (outcome).refused;
};

describe('editCircuitConfig', () => {
  it('replaces the values alone, by the names of the file, and says what was there', () => {
    const { text, changes, notes } = edited(file, { hyperparameters: { learning_rate: 0.0005, lstm_units: 256 } });
    assert.equal(text, file.replace('0.001', '0.0005').replace('16', '256'));
    assert.deepEqual(changes, [
      { field: 'training.hyperparameters.learning_rate', line: 5, before: '0.001', after: '0.0005' },
      { field: 'training.hyperparameters.hidden_units', line: 7, before: '16', after: '256' },
    ]);
    assert.deepEqual(notes, [`lstm_units is changed as hidden_units, which ${path} calls it`]);
    assert.deepEqual(lineDifference(file, text), ['-     learning_rate: 0.001    # from the paper', '+     learning_rate: 0.0005    # from the paper', '  ', '-     hidden_units: 16 # small', '+     hidden_units: 256 # small']);
  });

  it('puts what is new on a line of its own, with or without a line end after the last one', () => {
    assert.equal(edited(file, { hyperparameters: { epochs: 30 } }).text, file.replace('# small\n', '# small\n    epochs: 30\n'));
    assert.equal(edited(file.trimEnd(), { hyperparameters: { epochs: 30 } }).text, `${file.trimEnd()}\n    epochs: 30`);
    assert.match(edited('training: {cutoff_date: "2025-12-09", hyperparameters: {learning_rate: 0.1}} # why\n', { hyperparameters: { epochs: 3 } }).text, /epochs: 3 \} \} # why/);
  });

  it('leaves cutoff_date unless it is asked for', () => {
    assert.equal(edited(file, { cutoffDate: '2026-03-01' }).text, file.replace('2025-12-09', '2026-03-01'));
  });

  it('says when nothing would change', () => {
    assert.deepEqual(editCircuitConfig(path, file, { hyperparameters: { learning_rate: 1e-3, lstm_units: 16 }, cutoffDate: '2025-12-09' }), { kind: 'unchanged', reason: `nothing changes: ${path} has these values already` });
  });

  for (const [name, text, edit, line, reason] of [
    ['a value above its range', file, { hyperparameters: { learning_rate: 5 } }, 5, /^training\.hyperparameters\.learning_rate: must be a number above 0, at most 1, not 5$/],
    ['half an epoch', file, { hyperparameters: { epochs: 1.5 } }, 8, /^training\.hyperparameters\.epochs: must be a whole number from 1 to 10000, not 1\.5$/],
    ['an unknown key', file, { hyperparameters: { momentum: 1 } }, 8, /momentum: unknown key; known are learning_rate, epochs, hidden_units, lstm_units/],
    ['a date that is none', file, { cutoffDate: 'soon' }, 3, /cutoff_date: must be a date such as "2025-12-09", not "soon"/],
    ['both names of one thing', file, { hyperparameters: { lstm_units: 8, hidden_units: 8 } }, 8, /only one of them/],
    ['a file that is malformed already', 'training:\n  cutoff_date: "2025\n', { hyperparameters: { epochs: 3 } }, 3, /not valid YAML/],
    ['a value that others share', file.replace('16 # small', '&units 16').replace('    learning_rate', '    epochs: *later\n    learning_rate').replace('*later', '&later 4'), { hyperparameters: { epochs: 0 } }, 5, /epochs: must be a whole number from 1 to 10000, not 0/],
    ['an anchor that another field uses', `${file.replace('16 # small', '&units 16')}    epochs: *units\n`, { hyperparameters: { hidden_units: 20 } }, 7, /shared with other fields/],
  ] as const) {
    it(`refuses ${name}, with path and line`, () => {
      const refused = refusal(text, edit);
      assert.deepEqual([refused.path, refused.line], [path, line]);
      assert.match(refused.reason, reason);
    });
  }

  it('changes nothing but what it is asked to, whatever the file looks like', () => {
    const comment = fc.constantFrom('', ' # why', '   # "quoted: x"');
    const value = fc.record({ learning_rate: fc.double({ min: 1e-6, max: 1, noNaN: true }), epochs: fc.integer({ min: 1, max: 10_000 }) }, { requiredKeys: [] });
    fc.assert(fc.property(fc.constantFrom('  ', '    '), comment, comment, fc.boolean(), value, (indent, one, two, hasEpochs, hyperparameters) => {
      const text = `training:${one}\n${indent}hyperparameters:\n${indent.repeat(2)}learning_rate: 0.25${two}\n${hasEpochs ? `${indent.repeat(2)}epochs: 7${one}\n` : ''}${indent}cutoff_date: '2025-12-09'${two}\n# end\n`;
      const before = parse(text) as { training: { cutoff_date: string; hyperparameters: Record<string, number> } };
      const outcome = editCircuitConfig(path, text, { hyperparameters: hyperparameters });
      if (outcome.kind === 'unchanged') return;
      assert.equal(outcome.kind, 'edited');
      const after = (outcome).text;
      assert.deepEqual(parse(after), { training: { ...before.training, hyperparameters: { ...before.training.hyperparameters, ...hyperparameters } } });
      const comments = (of: string) => of.match(/#.*$/gm);
      assert.deepEqual(comments(after), comments(text));
    }), { numRuns: 300 });
  });
});
