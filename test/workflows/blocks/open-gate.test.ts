/** What a review with fresh eyes found ways around. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpenGate, unproven } from '../../../workflows/blocks/open-gate.ts';
import { readAnswer } from '../../../workflows/domain/answer.ts';
import { rollbackGate } from '../../../workflows/releases/release-gates.ts';
import { gatePolicy, testInput, testPolicy } from '../../support/release-activities.ts';

const person = (id: string, aliases: string[] = []) => ({ id, aliases, calendar: null });
const card = { question: 'Promote?', recommendation: 'approve', comparison: null, facts: [], change: 'it', undo: 'none' };

describe('an open gate', () => {
  it('knows who asked also when the estate forgets the alias meanwhile', () => {
    const gate = new OpenGate({ gate: 'stage1', policy: gatePolicy, people: [person('alice', ['alice@example.com']), person('bob')], estateDigest: '0', requestedBy: ['alice@example.com'], silence: 'nothing', measured: { evidence: null, items: [] }, measure: null, card: () => card }, { evidence: null, items: [] }, 0, []);
    const answer = { gate: 'stage1', verdict: 'approve', by: 'alice' } as const;
    assert.match(gate.objection(answer, unproven) ?? '', /alice asked for this change/);
    gate.adopt({ policy: gatePolicy, people: [person('alice'), person('bob')], estateDigest: '1' });
    assert.match(gate.objection(answer, unproven) ?? '', /alice asked for this change/);
    assert.equal(gate.objection({ ...answer, by: 'bob' }, unproven), undefined);
  });

  it('takes no answer whose texts would not fit into what has to be stored', () => {
    assert.match(readAnswer({ gate: 'stage1', by: 'alice', comment: 'x'.repeat(2_001) }, 'approve').malformed ?? '', /"comment" has more than 2000 characters/);
    assert.match(readAnswer({ gate: 'stage1', by: 'alice', signature: 'x'.repeat(20_000) }, 'approve').malformed ?? '', /"signature" has more than 16000/);
  });
});

describe('a rollback gate', () => {
  it('is held up by no opening hours and no checklist, though production has them', () => {
    const policy = testPolicy(testInput.target);
    const hindered = { ...policy, gates: { ...policy.gates, rollback: { ...policy.gates.rollback, opening: 'office', checklist: [{ id: 'backup', text: 'Backup', by: 'machine' as const, people: null }] } } };
    const { policy: terms, measure } = rollbackGate('an alert', true, { definition: null, model: null, tags: {}, provisioningState: null }, testInput, hindered);
    assert.deepEqual([terms.opening, terms.checklist, measure], [null, [], null]);
  });
});
