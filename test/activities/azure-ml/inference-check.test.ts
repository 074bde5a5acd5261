import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPredictions, errorLines } from '../../../activities/azure-ml/inference-check.ts';

void test('complete predictions pass', () => {
  assert.deepEqual(checkPredictions('date,prediction\n2015-01-01,3.5\n2015-01-02,-1\n', 2), { findings: [], rows: 2, minimum: -1, maximum: 3.5 });
});

void test('too few rows, values that are no numbers and a wrong header are findings', () => {
  assert.deepEqual(checkPredictions('date,prediction\n2015-01-01,NaN\n2015-01-02,\n2015-01-03,1\n', 5), {
    findings: ['3 predictions, at least 5 expected', '2 of 3 predictions are no finite numbers'],
    rows: 3,
    minimum: 1,
    maximum: 1,
  });
  assert.match(checkPredictions('day,value\n1,2\n', 1).findings[0]!, /header is "day,value"/);
  assert.equal(checkPredictions('', 1).findings.length, 1);
  assert.match(checkPredictions('date,prediction\n"unclosed', 1).findings[0]!, /no CSV/);
});

void test('lines that speak of errors are quoted, three at most; those that deny them are not', () => {
  const log = ['loaded', 'Traceback (most recent call last)', 'ValueError: x', 'CRITICAL out of memory', 'Exception ignored', 'finished with 0 errors'].join('\n');
  assert.deepEqual(errorLines(log), ['log: Traceback (most recent call last)', 'log: ValueError: x', 'log: CRITICAL out of memory', 'log: 1 more lines that speak of errors']);
  assert.deepEqual(errorLines('all is well\n'), []);
});
