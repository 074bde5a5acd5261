import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTrainingLog, trainingAnomalies, type TrainingLogFacts } from '../../../workflows/domain/training-log.ts';

const healthy: TrainingLogFacts = { losses: [5, 4, 3, 2, 1], warnings: [], rows: 1000, droppedRows: 5, durationMs: 2000, earlierDurationsMs: [1900, 2100] };

describe('readTrainingLog', () => {
  it('finds losses, also those that are no number, and warnings', () => {
    const log = readTrainingLog('loading\nepoch 1/3 loss 0.52\nepoch 2/3 loss NaN\nepoch 3/3 loss 1.2e-3\nWARNING few rows\n');
    assert.deepEqual(log.losses, [0.52, Number.NaN, 0.0012]);
    assert.deepEqual(log.warnings, ['WARNING few rows']);
    assert.equal(log.lines, 5);
  });
});

describe('trainingAnomalies', () => {
  it('finds none in a healthy training', () => assert.deepEqual(trainingAnomalies(healthy), []));

  for (const [name, change, sentence] of [
    ['a loss that is no number', { losses: [1, Number.NaN, Number.POSITIVE_INFINITY, 1, 1] }, /NaN or infinite in 2 of 5/],
    ['a loss that rises at the end', { losses: [5, 4, 3, 2, 1, 1, 1, 1, 1, 2] }, /rose over the last fifth/],
    ['warnings', { warnings: ['WARNING a'] }, /1 warning in the log/],
    ['dropped rows', { droppedRows: 20 }, /2\.0 % of the rows were dropped/],
    ['a slow training', { durationMs: 6100 }, /3\.\d times the median/],
  ] as const) {
    it(`finds ${name}`, () => {
      const found = trainingAnomalies({ ...healthy, ...change, losses: [...(('losses' in change && change.losses) || healthy.losses)], warnings: [...(('warnings' in change && change.warnings) || [])] });
      assert.equal(found.length, 1);
      assert.match(found[0]!, sentence);
    });
  }
});
