import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, it } from 'node:test';
import { testFiles } from '../../scripts/test-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-test-files-'));
after(() => rmSync(directory, { recursive: true, force: true }));

it('the usual lane is every test file that belongs to no other lane, with those that wait begun first', () => {
  for (const file of ['test/a/b.test.ts', 'test/z.test.ts', 'test/recovery/kill.test.ts', 'test/support/server.ts', 'test/chaos/kill.test.ts', 'test/stories/models.test.ts', 'test/platforms/deep/moto.test.ts']) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), '');
  }
  assert.deepEqual(testFiles(undefined, directory), ['test/recovery/kill.test.ts', 'test/a/b.test.ts', 'test/z.test.ts']);
  assert.deepEqual(testFiles('stories', directory), ['test/stories/models.test.ts']);
  assert.deepEqual(testFiles('chaos', directory), ['test/chaos/kill.test.ts']);
  assert.deepEqual(testFiles('platforms', directory), ['test/platforms/deep/moto.test.ts']);
});
