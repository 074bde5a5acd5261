import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Faults, faultSchema } from '../../../sandbox/core/faults.ts';
import { Store } from '../../../sandbox/core/store.ts';
import { dueMs, JobPaces } from '../../../sandbox/jobs/job-pace.ts';

describe('what follows the clock of the stand-in', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-faults-'));
  const store = new Store(directory);
  after(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  const effect = { kind: 'status', status: 429 } as const;

  it('a fault lasts from an instant until another one', () => {
    const faults = new Faults(store);
    faults.add(faultSchema.parse({ match: { path: '/window', times: 9, from: '2031-03-03T09:00:00Z', until: '2031-03-03T09:20:00Z' }, effect }));
    const at = (time: string) => faults.take('GET', '/window', Date.parse(`2031-03-03T${time}Z`));
    assert.deepEqual(['08:59:59', '09:00:00', '09:19:59', '09:20:00'].map(at), [null, effect, effect, null]);
  });

  it('or for a time since its first hit', () => {
    const faults = new Faults(store);
    faults.add(faultSchema.parse({ match: { path: '/since', times: 9, forMs: 1000 }, effect }));
    assert.deepEqual([5000, 5999, 6000].map((nowMs) => faults.take('GET', '/since', nowMs)), [effect, effect, null]);
    assert.deepEqual(faults.list().find(({ match }) => match.path === '/since')?.firstHitMs, 5000);
  });

  it('a job takes as long as the first pace that fits it, counted from its submission, and dies at its share', () => {
    const paces = new JobPaces(store);
    paces.add({ match: '^test-', durationMs: 1000, dies: { at: 0.8, message: 'out of memory' }, times: 1 });
    paces.add({ match: '.', durationMs: 400 });
    const taken = ['dev/a', 'test-w/b', 'test-w/c'].map((name) => paces.take(...(name.split('/') as [string, string]))!);
    assert.deepEqual(taken.map((pace) => dueMs({ createdTimeUtc: '1970-01-01T00:00:01Z' }, pace)), [1400, 1800, 1400]);
  });
});
