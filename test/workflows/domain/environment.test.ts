import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changedSinceTest, stepProblem, successProblem, testTable } from '../../../workflows/domain/environment.ts';
import { changesTable, countChanges, deploymentStates } from '../../../workflows/domain/fleet-changes.ts';
import { account, expectedMs, fanOutProgress, planProblem, toleratedFailures, type ItemEnding } from '../../../workflows/domain/fan-out.ts';

const step = (before: string, after: string) => stepProblem({ name: 'env', version: before }, { name: 'env', version: after });

void test('only the next patch of the same environment passes; anything else is named', () => {
  assert.equal(step('1.5.0', '1.5.1'), null);
  assert.match(step('1.5.0', '1.6.0')!, /1\.5\.0 → 1\.6\.0 is a MINOR step/);
  assert.match(step('1.5.0', '2.0.0')!, /MAJOR step/);
  assert.match(step('1.5.0', '1.5.0')!, /still 1\.5\.0; the patch must be raised/);
  assert.match(step('1.5.3', '1.5.2')!, /not the next PATCH, which is 1\.5\.4/);
  assert.match(step('1.5.0', '1.5.2')!, /not the next PATCH, which is 1\.5\.1/);
  assert.match(step('1', '1.0.1')!, /the version before, "1", is not/);
  assert.match(step('1.5.0', '1.5.01')!, /"1\.5\.01" is not <major>/);
  assert.match(stepProblem(null, { name: 'env', version: '1.5.1' })!, /no such file before/);
  assert.match(stepProblem({ name: 'other', version: '1.5.0' }, { name: 'env', version: '1.5.1' })!, /another environment than "other"/);
});

void test('failing batch jobs are a breach when they are more than two, and fail by ten points more often than in the week before', () => {
  const problem = (before: [number, number], after: [number, number]) => successProblem({ before: { failed: before[0], ended: before[1] }, after: { failed: after[0], ended: after[1] } });
  assert.equal(problem([0, 0], [2, 2]), null);
  assert.equal(problem([10, 100], [20, 100]), null);
  assert.match(problem([10, 100], [21, 100])!, /21 of 100 batch jobs failed since the update, 10 of 100 in the week before/);
  assert.match(problem([0, 0], [3, 9])!, /3 of 9/);
  assert.equal(problem([0, 0], [0, 0]), null);
});

void test('a model is another than its test scored with when its asset id is: versions say it, else the ids', () => {
  const id = (version: string, registry = 'ml') => `azureml://registries/${registry}/models/P001-C001/versions/${version}`;
  assert.equal(changedSinceTest(id('1'), id('1')), null);
  assert.equal(changedSinceTest(undefined, id('2')), null);
  assert.equal(changedSinceTest(id('1'), id('2')), 'its model changed since its test: tested 1, serves 2');
  assert.equal(changedSinceTest(id('1'), id('1', 'other')), `its model changed since its test: tested ${id('1')}, serves ${id('1', 'other')}`);
  assert.match(changedSinceTest(id('1'), 'model-2')!, /serves model-2$/);
});

void test('a table has one row for each model, and a cell may contain anything', () => {
  const row = (detail: string) => ({ item: 'P001/C001', state: 'failed' as const, detail, reference: null });
  assert.equal(testTable({ items: [row('a "bad", long one'), row('plain')] }), 'model,state,detail,output\nP001/C001,failed,"a ""bad"", long one",\nP001/C001,failed,plain,\n');
});

void test('the account of a fan-out adds up, whatever has ended', () => {
  const states = fc.constantFrom<ItemEnding['state']>('passed', 'failed', 'skipped', 'cancelled', 'notStarted');
  fc.assert(fc.property(fc.array(fc.option(states), { maxLength: 40 }), fc.nat(40), (ends, failures) => {
    const items = ends.map((_, index) => `i${index}`);
    const endings = new Map(ends.flatMap((state, index) => (state === null ? [] : [[`i${index}`, { item: `i${index}`, state, detail: '', reference: null }] as const])));
    const report = account(items, endings, { failures });
    assert.equal(report.passed + report.failed + report.skipped + report.cancelled + report.notStarted, report.total);
    assert.equal(report.stopped, report.failed > failures);
    assert.deepEqual(report.items.map(({ item }) => item), items);
  }));
});

void test('a budget is a number or a share; a plan that cannot be carried out is named', () => {
  assert.deepEqual([toleratedFailures({ failures: 3 }, 10), toleratedFailures({ percent: 5 }, 75), toleratedFailures({ percent: 5 }, 19)], [3, 3, 0]);
  assert.equal(planProblem(['a', 'b'], 5, { percent: 10 }), null);
  assert.match(planProblem(['a'], 0, { failures: 0 })!, /concurrency: 0/);
  assert.match(planProblem(['a'], 1, { percent: -1 })!, /failure budget: -1/);
  const report = account(['a', 'b', 'c'], new Map([['a', { item: 'a', state: 'failed', detail: 'out of memory', reference: null }]]), { failures: 0 });
  assert.deepEqual(fanOutProgress('Tests', report, 1), ['Tests: 1 of 3 ended: 0 passed, 1 failed, 1 running. Stopped: more than 0 failed.', 'Failed: a: out of memory']);
});

void test('an item may expect what those before it took that passed, in the lower quartile', () => {
  const ended = (state: ItemEnding['state'], tookMs?: number): ItemEnding => ({ item: 'i', state, detail: '', reference: null, ...(tookMs !== undefined && { tookMs }) });
  assert.equal(expectedMs([]), undefined);
  assert.equal(expectedMs([ended('failed', 10), ended('passed'), ended('skipped')]), undefined);
  assert.equal(expectedMs([ended('passed', 3_000), ended('passed', 1_000), ended('failed', 10), ended('passed', 2_000), ended('passed', 4_000)]), 2_000);
});

void test('the account of a fleet adds up, and its table has one row for each deployment', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...deploymentStates), { maxLength: 30 }), (states) => {
    const changes = states.map((state, index) => ({ label: `P001/C${index}`, state, detail: 'why, exactly' }));
    const { total, ...counts } = countChanges(changes);
    assert.equal(total, states.length);
    assert.equal(Object.values(counts).reduce((sum, count) => sum + count, 0), total);
    assert.equal(changesTable(changes).split('\n').length, total + 2);
  }));
});
