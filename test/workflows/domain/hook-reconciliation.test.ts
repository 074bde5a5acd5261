import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookBackMs, reconciliationReason, reconciliationWindow } from '../../../workflows/domain/hook-reconciliation.ts';

const hour = 3_600_000;
const nowMs = Date.parse('2026-11-21T12:00:00Z');
const ago = (ms: number): string => new Date(nowMs - ms).toISOString();

describe('how far back missed hooks are made up for', () => {
  it('is a weekend, and older ones are listed', () => {
    assert.deepEqual(reconciliationWindow(nowMs, lookBackMs, { retentionMs: 30 * 24 * hour, scheduledSince: ago(90 * 24 * hour) }), { since: ago(72 * hour), listSince: ago(14 * 24 * hour), shortened: '' });
  });

  it('ends where Temporal begins to forget runs: what was released would be released again', () => {
    const { since, shortened } = reconciliationWindow(nowMs, lookBackMs, { retentionMs: 24 * hour, scheduledSince: null });
    assert.deepEqual([since, shortened], [ago(24 * hour - 5 * 60_000), 'as far back as Temporal keeps runs']);
    assert.equal(reconciliationWindow(nowMs, lookBackMs, { retentionMs: 0, scheduledSince: null }).since, ago(0));
  });

  it('does not reach behind the making of its schedule: installing Holdpoint releases nothing that was merged before', () => {
    const { since, shortened } = reconciliationWindow(nowMs, lookBackMs, { retentionMs: 30 * 24 * hour, scheduledSince: ago(hour) });
    assert.deepEqual([since, shortened], [ago(hour), 'as far back as the schedule was made']);
  });

  it('is told in a sentence', () => {
    const left = { workflowId: 'releaseChange:r:1', closedAt: ago(0), why: 'old' };
    assert.equal(reconciliationReason({ outcome: 'succeeded', reason: '', since: null, started: ['a'], woken: ['b'], known: 3, leftAlone: [left], approvals: [], unresolved: [{ buildId: 1, reason: 'r' }] }), '1 release was started that no hook had started, 1 told of a build, 3 were known, 1 left alone, 1 build leads to no change');
  });
});
