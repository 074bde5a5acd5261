import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextLookMs } from '../../../activities/azure-ml/job-end.ts';

/** How late the end of a job is seen, and with how many looks, when it is looked at as told. */
function follow(takesMs: number, intervalMs: number, expectedMs?: number): { lateMs: number; looks: number } {
  let [elapsed, looks] = [0, 1];
  for (; elapsed < takesMs; looks += 1) elapsed += nextLookMs(elapsed, intervalMs, expectedMs);
  return { lateMs: elapsed - takesMs, looks };
}

void test('where nothing is known, a job is looked at by the interval', () => {
  assert.deepEqual(follow(95_000, 30_000), { lateMs: 25_000, looks: 5 });
});

void test('a job that takes what others took is seen to end within a fortieth of that, and with few more looks', () => {
  assert.deepEqual(follow(600_000, 30_000, 600_000), { lateMs: 0, looks: 23 });
  fc.assert(fc.property(fc.integer({ min: 2_000, max: 3_600_000 }), fc.double({ min: 0.9, max: 1, noNaN: true }), (expectedMs, share) => {
    const { lateMs, looks } = follow(expectedMs * share, 3_600_000, expectedMs);
    assert.ok(lateMs <= Math.max(51, expectedMs / 40 + 1), `${lateMs} ms late`);
    assert.ok(looks <= 11, `${looks} looks`);
  }));
});

void test('a job that takes far longer than others did is seen to end within a quarter of what it is overdue', () => {
  assert.deepEqual(follow(200_000, 3_600_000, 100_000), { lateMs: 6_419, looks: 17 });
  assert.equal(follow(36_000_000, 30_000, 100_000).looks, 1_213);
});

void test('never later than by the interval, and never without a pause', () => {
  fc.assert(fc.property(fc.nat(10_000_000), fc.integer({ min: 100, max: 600_000 }), fc.option(fc.nat(3_600_000), { nil: undefined }), (elapsedMs, intervalMs, expectedMs) => {
    const next = nextLookMs(elapsedMs, intervalMs, expectedMs);
    assert.ok(next > 0 && next <= intervalMs, `${next}`);
  }));
});
