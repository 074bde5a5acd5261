import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from '../../../activities/http/retry-after.ts';

const after = (headers: Record<string, string>): number | undefined => retryAfterMs((name) => headers[name]);

void test('seconds, milliseconds and dates are understood, and nothing is waited for longer than an hour', () => {
  assert.equal(after({ 'retry-after': '7' }), 7_000);
  assert.equal(after({ 'retry-after': '0' }), 0);
  assert.equal(after({ 'x-ms-retry-after-ms': '250', 'retry-after': '7' }), 250);
  assert.equal(after({ 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }), 30_000);
  assert.equal(after({ 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }), 0);
  assert.equal(after({ 'retry-after': '999999' }), 3_600_000);
  assert.equal(after({ 'retry-after': 'soon' }), undefined);
  assert.equal(after({}), undefined);
});
