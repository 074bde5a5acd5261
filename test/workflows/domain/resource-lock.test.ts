import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { claimLock, freeLock, leaveLock, leaseMs, lockPriority, renewLease, type LockClaim, type LockKind, type LockState } from '../../../workflows/domain/resource-lock.ts';
import { severities, type Severity } from '../../../workflows/domain/vocabulary.ts';

const target = { plant: 'P001', circuit: 'C001' };
const at = '2026-11-21T09:00:00.000Z';
const kinds: LockKind[] = ['rollback', 'recovery', 'release', 'environment', 'retraining'];
const claimOf = (id: number, kind: LockKind, severity: Severity): LockClaim => ({ workflowId: `run-${id}`, runId: `first-${id}`, target, what: `${kind} ${severity}`, version: null, priority: lockPriority(kind, severity), preempts: kind === 'rollback', preImage: null });

describe("the lock's priority", () => {
  it('goes by the kind of the runbook before it goes by the severity of the target', () => {
    for (const [index, kind] of kinds.slice(1).entries()) {
      assert.ok(Math.min(...severities.map((severity) => lockPriority(kinds[index]!, severity))) > Math.max(...severities.map((severity) => lockPriority(kind, severity))), `${kinds[index]} before ${kind}`);
      assert.deepEqual([...severities].sort((one, other) => lockPriority(kind, other) - lockPriority(kind, one)), [...severities]);
    }
  });

  it('serves whoever waits in that order, equals as they came, whatever the order of the claims; the epoch rises by one with each', () => {
    const waiting = fc.array(fc.tuple(fc.constantFrom(...kinds.slice(1)), fc.constantFrom(...severities)), { minLength: 1, maxLength: 12 });
    fc.assert(fc.property(waiting, (claims) => {
      let state: LockState = claimLock(freeLock(target), claimOf(-1, 'retraining', 'P3'), at).state;
      claims.forEach(([kind, severity], id) => ({ state } = claimLock(state, claimOf(id, kind, severity), at)));
      const expected = claims.map(([kind, severity], id) => ({ id, priority: lockPriority(kind, severity) })).sort((one, other) => other.priority - one.priority || one.id - other.id).map(({ id }) => `run-${id}`);
      const served: string[] = [];
      for (let epoch = 2; state.queue.length > 0; epoch += 1) {
        state = leaveLock(state, state.holder!, at);
        assert.equal(state.holder!.epoch, epoch);
        served.push(state.holder!.workflowId);
      }
      assert.deepEqual(served, expected);
    }));
  });

  it('does not let a rollback wait for anybody, and leaves the queue as it was', () => {
    for (const kind of kinds) {
      let { state } = claimLock(freeLock(target), { ...claimOf(1, kind, 'P0'), preempts: false, preImage: { version: '1', model: 'model-1' } }, at);
      ({ state } = claimLock(state, claimOf(2, 'recovery', 'P0'), at));
      const taken = claimLock(state, claimOf(3, 'rollback', 'P3'), at);
      assert.deepEqual(taken.news, { kind: 'granted', epoch: 2, preempted: { workflowId: 'run-1', runId: 'first-1', version: null, preImage: { version: '1', model: 'model-1' }, epoch: 1 } });
      assert.deepEqual(taken.state.queue.map(({ workflowId }) => workflowId), ['run-2']);
    }
  });

  it('believes a holder for a quarter of an hour, and for a minute while somebody waits', () => {
    const after = (ms: number): string => new Date(Date.parse(at) + ms).toISOString();
    let { state } = claimLock(freeLock(target), claimOf(1, 'release', 'P2'), at);
    assert.equal(state.holder!.leaseUntil, after(leaseMs.idle));
    ({ state } = claimLock(state, claimOf(2, 'release', 'P2'), at));
    assert.equal(renewLease(state, at).holder!.leaseUntil, after(leaseMs.wanted));
  });
});
