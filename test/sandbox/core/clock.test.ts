import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Clock } from '../../../sandbox/core/clock.ts';
import { Store } from '../../../sandbox/core/store.ts';
import { StandIn } from '../support/stand-in.ts';

const DAY_MS = 24 * 3600 * 1000;

function clockOf(t: { after(action: () => void): void }): Clock {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-clock-'));
  const store = new Store(directory);
  const clock = new Clock(store);
  t.after(() => {
    clock.close();
    store.close();
    rmSync(directory, { recursive: true });
  });
  return clock;
}

void test('an advance wakes what has become due, also beyond the longest timer of the platform, and nothing else', async (t) => {
  const clock = clockOf(t);
  const woken: string[] = [];
  const due = new Promise<void>((resolve) => clock.at(clock.nowMs() + 60 * DAY_MS, () => resolve(void woken.push('due'))));
  clock.at(clock.nowMs() + 90 * DAY_MS, () => woken.push('later'));
  clock.at(clock.nowMs() + 30 * DAY_MS, () => woken.push('cancelled'))();
  clock.advance(60 * DAY_MS);
  await due;
  assert.deepEqual(woken, ['due']);
});

void test('POST /_sandbox/clock moves the time and refuses to turn it back', async (t) => {
  const standIn = await StandIn.start(t);
  const { body } = await standIn.call<{ now: string }>('POST', '/_sandbox/clock', { advanceMs: DAY_MS });
  assert.ok(Date.parse(body.now) - Date.now() > DAY_MS - 60_000);
  const refused = await standIn.call<{ problems: { field: string }[] }>('POST', '/_sandbox/clock', { advanceMs: -1 });
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.body.problems.map(({ field }) => field), ['advanceMs']);
});
