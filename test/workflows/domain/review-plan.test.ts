import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { planReview, productionGate, type ReviewedCircuit } from '../../../workflows/domain/review-plan.ts';
import type { WaitingGate } from '../../../workflows/domain/review-gates.ts';
import { severities } from '../../../workflows/domain/vocabulary.ts';

const gate = (plant: string, circuit: string, version: string, change: Partial<WaitingGate> = {}): WaitingGate => ({
  workflowId: `releaseModel:${plant}:${circuit}:${version}`, runId: 'r', target: { plant, circuit, version }, gate: 'stage1', generation: 0, evidence: '0123456789ab', openedAt: '2026-11-20T08:00:00.000Z',
  severity: 'P2', identity: 'claimed', onSilence: 'expire', recommends: 'approve', ...change,
});
const circuit = (plant: string, name: string, change: Partial<ReviewedCircuit> = {}): ReviewedCircuit => ({ target: { plant, circuit: name }, severity: 'P2', column: 'wind', endpoint: 'e', deployment: 'd', terms: {}, ...change });

describe('the plan of a review', () => {
  it('puts critical plants first and similar circuits together', () => {
    const circuits = [circuit('P1', 'C1'), circuit('P1', 'C2'), circuit('P2', 'C1', { severity: 'P0', column: 'temp_max' })];
    const { groups, conflicts } = planReview({ gates: [gate('P1', 'C1', '1'), gate('P1', 'C2', '1'), gate('P2', 'C1', '1')], circuits, busy: [], groupSize: 50 });
    assert.deepEqual(groups.map(({ gate: name, severity, column, members }) => [name, severity, column, members.length]), [['group-1', 'P0', 'temp_max', 1], ['group-2', 'P2', 'wind', 2]]);
    assert.deepEqual(conflicts, []);
  });

  it('leaves out the older of two versions, a circuit that is being watched, and what the estate does not know', () => {
    const gates = [
      gate('P1', 'C1', '1'), gate('P1', 'C1', '2', { openedAt: '2026-11-20T09:00:00.000Z' }),
      gate('P1', 'C2', '2', { gate: productionGate }), gate('P9', 'C1', '1'), { ...gate('P1', 'C3', '1'), target: null },
    ];
    const busy = [{ workflowId: 'releaseModel:P1:C2:1', target: { plant: 'P1', circuit: 'C2', version: '1' }, phase: 'monitoring' }];
    const { groups, conflicts } = planReview({ gates, circuits: [circuit('P1', 'C1'), circuit('P1', 'C2')], busy, groupSize: 50 });
    assert.deepEqual(groups.flatMap(({ members }) => members.map(({ workflowId }) => workflowId)), ['releaseModel:P1:C1:2']);
    assert.deepEqual(new Map(conflicts.map(({ workflowId, reason }) => [workflowId, reason])), new Map([
      ['releaseModel:P1:C1:1', 'a newer version of P1/C1 waits as well: 2'],
      ['releaseModel:P1:C2:2', 'version 1 of P1/C2 is in phase "monitoring"'],
      ['releaseModel:P9:C1:1', 'the estate does not know its circuit'],
      ['releaseModel:P1:C3:1', 'it releases several circuits at once, and is decided by itself'],
    ]));
  });

  it('lets a version be promoted to the registry while another one is watched in production', () => {
    const busy = [{ workflowId: 'releaseModel:P1:C1:1', target: { plant: 'P1', circuit: 'C1', version: '1' }, phase: 'monitoring' }];
    assert.equal(planReview({ gates: [gate('P1', 'C1', '2')], circuits: [circuit('P1', 'C1')], busy, groupSize: 50 }).conflicts.length, 0);
  });

  const names = fc.constantFrom('A', 'B', 'C');
  const waiting = fc.record({ plant: names, circuit: names, version: fc.integer({ min: 1, max: 4 }), stage: fc.constantFrom('stage1', productionGate), hour: fc.integer({ min: 10, max: 23 }), recommends: fc.constantFrom('approve' as const, 'look' as const, 'reject' as const), identity: fc.constantFrom('claimed' as const, 'authenticated' as const) })
    .map(({ plant, circuit: name, version, stage, hour, ...rest }) => gate(plant, name, String(version), { gate: stage, openedAt: `2026-11-20T${hour}:00:00.000Z`, ...rest }));
  const circuits = fc.array(fc.record({ severity: fc.constantFrom(...severities), column: fc.constantFrom('wind', 'temp_max'), known: fc.boolean() }), { minLength: 9, maxLength: 9 })
    .map((list) => list.flatMap(({ known, ...rest }, index) => (known ? [circuit('ABC'[Math.floor(index / 3)]!, 'ABC'[index % 3]!, rest)] : [])));
  const pending = fc.uniqueArray(waiting, { selector: ({ workflowId }) => workflowId, maxLength: 30 });

  it('loses no release and decides none twice; in the order of severity; the same whatever the order in which they were found', () => {
    fc.assert(fc.property(pending, circuits, fc.integer({ min: 1, max: 5 }), fc.nat(), (gates, known, groupSize, shift) => {
      const plan = planReview({ gates, circuits: known, busy: [], groupSize });
      const placed = [...plan.groups.flatMap(({ members }) => members.map(({ workflowId }) => workflowId)), ...plan.conflicts.map(({ workflowId }) => workflowId)];
      assert.deepEqual([...placed].sort(), gates.map(({ workflowId }) => workflowId).sort());
      assert.ok(plan.groups.every(({ members }) => members.length >= 1 && members.length <= groupSize));
      const ranks = plan.groups.map(({ severity }) => severities.indexOf(severity));
      assert.deepEqual(ranks, [...ranks].sort((one, other) => one - other));
      const turned = [...gates.slice(shift % (gates.length + 1)), ...gates.slice(0, shift % (gates.length + 1))];
      assert.deepEqual(planReview({ gates: turned, circuits: known, busy: [], groupSize }), plan);
    }));
  });

  it('never has two versions of one circuit in a plan, and mixes neither gates nor recommendations nor identity levels', () => {
    fc.assert(fc.property(pending, circuits, (gates, known) => {
      const { groups } = planReview({ gates, circuits: known, busy: [], groupSize: 50 });
      const labels = groups.flatMap(({ members }) => members.map(({ target }) => `${target.plant}/${target.circuit}`));
      assert.equal(new Set(labels).size, labels.length);
      for (const group of groups) for (const { workflowId } of group.members) {
        const member = gates.find((candidate) => candidate.workflowId === workflowId)!;
        assert.deepEqual([member.gate, member.recommends, member.identity], [group.of, group.recommends, group.identity]);
      }
    }));
  });
});
