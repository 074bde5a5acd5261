import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { alertPatterns, countStates, describeCounts, isLoss, isSettled, releaseState, releaseStates, type SeenRun } from '../../../workflows/domain/review-progress.ts';
import { lapseReason, tendingKey } from '../../../workflows/domain/review-stuck.ts';
import { recommended, type WaitingGate } from '../../../workflows/domain/review-gates.ts';
import { describeInterruption, interruptionSeverity, type InterruptedRun } from '../../../workflows/domain/sweep-runs.ts';

const seen = (change: Partial<SeenRun>): SeenRun => ({ status: 'RUNNING', outcome: null, phase: null, gate: null, ...change });

describe('how far a release is', () => {
  it('reads it from what visibility tells', () => {
    const table: [Partial<SeenRun>, string][] = [
      [{ phase: 'Stage 3 approval', gate: 'stage3' }, 'queued'],
      [{ phase: 'production deployment' }, 'deploying'],
      [{ phase: 'monitoring' }, 'deployed'],
      [{ phase: 'rollback', gate: 'rollback' }, 'rolledBack'],
      [{ status: 'COMPLETED', outcome: 'succeeded', phase: 'monitoring' }, 'succeeded'],
      [{ status: 'COMPLETED', outcome: 'succeeded', phase: 'rollback' }, 'succeeded'], // kept although there was a breach
      [{ status: 'COMPLETED', outcome: 'rejected', phase: 'rollback' }, 'rolledBack'],
      [{ status: 'COMPLETED', outcome: 'rejected', phase: 'closing' }, 'turnedDown'],
      [{ status: 'COMPLETED', outcome: 'expired', phase: 'Stage 3 approval' }, 'turnedDown'],
      [{ status: 'FAILED', outcome: 'failed' }, 'failed'],
      [{ status: 'TERMINATED', phase: 'production deployment' }, 'failed'],
      [{ status: 'CANCELED', outcome: 'aborted' }, 'failed'],
    ];
    assert.deepEqual(table.map(([run]) => releaseState(seen(run))), table.map(([, state]) => state));
  });

  it('counts every release once, and what is lost is settled', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...releaseStates)), (states) => {
      const counts = countStates(states);
      assert.equal(Object.values(counts).reduce((sum, count) => sum + count, 0), states.length);
      assert.ok(states.filter(isLoss).every((state) => isSettled(state, 'deployed') && isSettled(state, 'closed')));
      assert.ok(states.every((state) => !isSettled(state, 'closed') || isSettled(state, 'deployed')));
      assert.equal(describeCounts(counts) === 'none', states.length === 0);
    }));
  });

  it('finds rules that fired on several circuits, whatever the order and however often', () => {
    const alerts = fc.array(fc.record({ circuit: fc.constantFrom('A', 'B', 'C'), rule: fc.constantFrom('mae-high', 'late', 'null-rate') }));
    fc.assert(fc.property(alerts, (list) => {
      const patterns = alertPatterns(list);
      assert.deepEqual(alertPatterns([...list, ...list].reverse()), patterns);
      for (const rule of ['mae-high', 'late', 'null-rate']) {
        const circuits = new Set(list.filter((alert) => alert.rule === rule).map(({ circuit }) => circuit));
        assert.equal(patterns.find((pattern) => pattern.rule === rule)?.circuits.length ?? 0, circuits.size > 1 ? circuits.size : 0);
      }
    }));
  });
});

describe('a gate that waits for too long', () => {
  const hour = 3_600_000;
  const openedAt = '2026-11-20T00:00:00.000Z';
  const at = (hours: number) => new Date(Date.parse(openedAt) + hours * hour).toISOString();

  it('lapses only when it is below threshold, old enough, and silence lets nothing through', () => {
    const input = fc.record({ recommends: fc.constantFrom('approve' as const, 'look' as const, 'reject' as const), onSilence: fc.constantFrom('expire' as const, 'reject' as const, 'hold' as const, 'rollBack' as const, 'approve' as const), hours: fc.integer({ min: 0, max: 100 }) });
    fc.assert(fc.property(input, ({ hours, ...gate }) => {
      const may = gate.recommends === 'reject' && hours >= 24 && (gate.onSilence === 'expire' || gate.onSilence === 'reject');
      assert.equal(lapseReason({ ...gate, openedAt }, 24 * hour, at(hours)) !== null, may);
    }));
    assert.equal(lapseReason({ recommends: 'reject', onSilence: 'expire', openedAt }, 24 * hour, at(30)), 'below threshold, and undecided for 30 h');
  });

  it('has one key for each interval, so that an hourly schedule asks once in four hours', () => {
    const gate = { workflowId: 'w', runId: 'r', gate: 'stage1', generation: 0, openedAt } as WaitingGate;
    const keys = Array.from({ length: 24 }, (_, hours) => tendingKey(gate, 'remind', 4 * hour, at(hours)).key);
    assert.equal(new Set(keys).size, 6);
    assert.notEqual(tendingKey(gate, 'widen', 4 * hour, at(0)).key, keys[0]);
    assert.notEqual(tendingKey({ ...gate, generation: 1 }, 'remind', 4 * hour, at(0)).key, keys[0]);
  });

  it('reads the recommendation from the first word of the card', () => {
    assert.deepEqual(['approve: better.', 'Reject: worse.', 'look closely: an anomaly.', 'rejection is near', ''].map(recommended), ['approve', 'reject', 'look', 'look', 'look']);
  });
});

describe('what is told of an interruption', () => {
  const interruption: InterruptedRun = { run: { workflowId: 'releaseModel:P1:C1:2', runId: 'r', runbook: 'releaseModel', target: null }, runId: 'r', how: 'terminated', at: '2026-11-20T08:00:00.000Z', identity: 'temporal-ui', reason: 'hurry', phase: 'production deployment', gate: null };

  it('is graver the nearer to production', () => {
    const severity = (phase: string | null) => interruptionSeverity({ phase });
    assert.deepEqual(['production deployment', 'rollback', 'monitoring', 'Stage 1 approval', null].map(severity), ['P1', 'P1', 'P2', 'P3', 'P3']);
  });

  it('says who, where, why and what follows', () => {
    assert.equal(describeInterruption(interruption), 'releaseModel:P1:C1:2 was terminated from outside in phase "production deployment" by temporal-ui (unproven) at 2026-11-20T08:00:00.000Z, "hurry". Nothing was undone: look at what production serves.');
    assert.match(describeInterruption({ ...interruption, how: 'timedOut', phase: 'monitoring' }), /ran out of time from outside in phase "monitoring" at .*nobody watches it any more\.$/);
    assert.match(describeInterruption({ ...interruption, how: 'reset', gate: 'stage1' }), /was reset from outside at gate stage1 by temporal-ui .* goes on from an earlier point/);
  });
});
