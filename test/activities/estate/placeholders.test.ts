import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { placeholdersIn } from '../../../activities/estate/placeholders.ts';

const demo = readFileSync(new URL('../../../estate/demo.yml', import.meta.url), 'utf8');

describe('placeholders in an estate', () => {
  it('are refused with line and field, before anything else is said', () => {
    const text = demo.replace('  registry: ml-registry', '  registry: "TODO: the Azure ML registry"').replace('      C001: temp_max', '      C001: TODO');
    const line = (wanted: string): number => text.split('\n').findIndex((each) => each.includes(wanted)) + 1;
    assert.throws(() => parseEstate(text, 'estate.yml'), (error: Error) => {
      assert.deepEqual(error.message.split('\n'), [
        `estate.yml:${line('TODO: the Azure ML registry')}: azure.registry: still to be filled in: the Azure ML registry`,
        `estate.yml:${line('C001: TODO')}: plants.P001.circuits.C001: still to be filled in`,
      ]);
      return true;
    });
    assert.ok(parseEstate(demo, 'estate.yml'));
  });

  it('are found in lists and keys, and not in comments or in the middle of a text', () => {
    const text = 'people:\n  - id: "TODO: a person"\ngroups:\n  "TODO: a group": [a]\n# TODO: later\nnote: what is TODO here\n';
    assert.deepEqual(placeholdersIn(text), [{ line: 2, field: 'people.0.id', what: 'a person' }, { line: 4, field: 'groups.TODO: a group', what: 'a group' }]);
    assert.deepEqual(placeholdersIn('a: [TODO'), []);
  });
});
