import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createDriftRuleActivities } from '../../../activities/estate/drift-rules.ts';
import { failure } from '../support/platforms.ts';

const demo = readFileSync('estate/demo.yml', 'utf8');
const line = demo.split('\n').length;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-drift-'));
after(() => rmSync(directory, { recursive: true }));

/** The demo's estate with this section at its end. */
const load = (section: string, target = { plant: 'P001', circuit: 'C001' }) => {
  const estateFile = join(directory, 'estate.yml');
  writeFileSync(estateFile, `${demo}${section}`);
  return createDriftRuleActivities({ estateFile }).loadDriftRules({ target });
};
const section = (...changes: string[]) => `drift:\n  report: azureml://datastores/workspaceblobstore/paths/monitoring/{plant}-{circuit}/signals/data-drift.json\n  operationalChanges:\n${changes.map((change) => `    - ${change}\n`).join('')}`;

void test('without the section nothing is declared, and no report is looked for', async () => {
  const { reportUri, changes, digest } = await load('');
  assert.deepEqual([reportUri, changes], [null, []]);
  assert.match(digest, /^[0-9a-f]{64}$/);
});

void test('a circuit has the changes of its plant that name it, or no circuit', async () => {
  const declared = section('{what: New pump, plant: P001, from: 2015-07-01, until: 2015-09-30}', '{what: New sensor, plant: P001, circuits: [C001, C002], features: [temp_max], from: 2015-08-01}', '{what: Elsewhere, plant: P002, from: 2015-07-01}');
  const first = await load(declared);
  assert.equal(first.reportUri, 'azureml://datastores/workspaceblobstore/paths/monitoring/P001-C001/signals/data-drift.json');
  assert.deepEqual(first.changes, [{ what: 'New pump', features: [], from: '2015-07-01', until: '2015-09-30' }, { what: 'New sensor', features: ['temp_max'], from: '2015-08-01', until: '9999-12-31' }]);
  assert.deepEqual((await load(declared, { plant: 'P001', circuit: 'C003' })).changes.map(({ what }) => what), ['New pump']);
});

for (const [what, change, complaint] of [
  ['a plant that does not exist', '{what: a, plant: P009, from: 2015-07-01}', /drift\.operationalChanges\.0\.plant: there is no plant "P009"; known are P001, P002/],
  ['a circuit that does not exist', '{what: a, plant: P001, circuits: [C009], from: 2015-07-01}', /drift\.operationalChanges\.0\.circuits\.0: there is no circuit P001\/C009; known are C001/],
  ['an end before its beginning', '{what: a, plant: P001, from: 2015-07-01, until: 2015-06-30}', /drift\.operationalChanges\.0\.until: must not be before "from"/],
  ['a day that does not exist', '{what: a, plant: P001, from: 2015-02-30}', /drift\.operationalChanges\.0\.from: must be a date/],
  ['an unknown field', '{what: a, plant: P001, from: 2015-07-01, to: 2015-07-02}', /drift\.operationalChanges\.0\.to: unknown field/],
] as const) {
  void test(`refused with its line: ${what}`, async () => {
    await assert.rejects(load(section(change)), failure('EstateInvalid', true, new RegExp(`estate\\.yml:${line + 3}: ${complaint.source}`)));
  });
}

void test('a report that all circuits would share, and a circuit that the estate does not know, are refused', async () => {
  await assert.rejects(load('drift: {report: azureml://datastores/a/paths/b}\n'), failure('EstateInvalid', true, new RegExp(`:${line}: drift\\.report: must contain \\{plant\\} and \\{circuit\\}`)));
  await assert.rejects(load('', { plant: 'P001', circuit: 'C009' }), failure('TargetUnknown', true, /there is no circuit P001\/C009/));
});
