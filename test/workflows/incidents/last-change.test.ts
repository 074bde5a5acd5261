import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRollback, lastChangeOf } from '../../../workflows/incidents/last-change-gate.ts';

const deployed = (tags: Record<string, string>) => ({ definition: {}, model: 'm', tags, provisioningState: 'Succeeded' });

void test('a release is a change to go back from, a rollback is none', () => {
  const release = lastChangeOf(deployed({ model_version: '3', previous_version: '2', released_by: 'alice', run: 'releaseModel:P001:C001:3/r1' }));
  assert.deepEqual([release, isRollback(release!)], [{ from: '3', to: '2', releasedBy: 'alice', run: 'releaseModel:P001:C001:3/r1' }, false]);
  assert.equal(isRollback(lastChangeOf(deployed({ model_version: '2', rolled_back_from: '3', previous_version: '1', run: 'rollBackModel:P001:C001/r2' }))!), true);
  assert.equal(isRollback(lastChangeOf(deployed({ model_version: '1' }))!), false, 'nobody knows who deployed it');
  assert.equal(lastChangeOf(deployed({})), null);
});
