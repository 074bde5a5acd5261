/** Which stories there are; `test/stories` plays them. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { it } from 'node:test';
import { runbooks } from '../../../starters/runbooks.ts';
import { programme } from '../../support/stories.ts';

/** They serve the others, by a schedule. */
const serving = ['sweepRuns', 'reconcileAlerts', 'reconcileHooks', 'findTrainingFailures'];
const told = globSync('docs/stories/*').map((directory) => basename(directory));

void it('every runbook that people start has a story', () => {
  const untold = runbooks.map(({ name }) => name).filter((name) => !told.includes(name) && !serving.includes(name));
  assert.deepEqual(untold, [], 'docs/simulate.md says how to write one');
});

void it('every story is played', () => {
  assert.deepEqual(Object.values(programme).flat().sort(), told.sort(), 'test/support/stories.ts says which file plays the stories of which runbook');
});
