/** The stories of the docs, but for the long ones: `test/chaos/stories.test.ts` plays those. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { it } from 'node:test';
import { runbooks } from '../../../starters/runbooks.ts';
import { storiesOf, testStories } from '../../support/stories.ts';

testStories(storiesOf('default'));

/** They serve the others, by a schedule. */
const serving = ['sweepRuns', 'reconcileAlerts', 'reconcileHooks', 'findTrainingFailures'];

void it('every runbook that people start has a story', () => {
  const told = new Set(globSync('docs/stories/*').map((directory) => basename(directory)));
  const untold = runbooks.map(({ name }) => name).filter((name) => !told.has(name) && !serving.includes(name));
  assert.deepEqual(untold, [], 'docs/simulate.md says how to write one');
});
