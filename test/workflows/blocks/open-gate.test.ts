/** What a review with fresh eyes found ways around. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpenGate, unproven } from '../../../workflows/blocks/open-gate.ts';
import { readAnswer } from '../../../workflows/domain/answer.ts';
import { clipCard } from '../../../workflows/domain/card-text.ts';
import type { DeploymentSnapshot } from '../../../workflows/domain/release.ts';
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

  it('says, of a first version, that nothing can be gone back to, and what the answers mean', () => {
    const policy = testPolicy(testInput.target);
    const before: DeploymentSnapshot = { definition: null, model: null, tags: {}, provisioningState: null };
    const asked = (snapshot: DeploymentSnapshot) => {
      const gate = rollbackGate('alert mae-high came in', true, snapshot, testInput, { ...policy, gates: { ...policy.gates, rollback: { ...policy.gates.rollback, onSilence: 'rollBack' } } });
      return { silence: gate.silence, shown: gate.card(gate.measured.evidence) };
    };
    const { shown: first, silence } = asked(before);
    assert.equal(first.question, 'Take P001/C001 42-3f2a91c0 for bad? There is no earlier version to go back to.');
    assert.equal(first.change, 'switches nothing: 42-3f2a91c0 serves on either way. Approve: its release ends as rejected, with a work item. Reject: it is kept, and its release ends as succeeded.');
    assert.ok(first.facts.some((fact) => /to switch it off, delete its deployment/.test(fact)));
    assert.deepEqual(clipCard(first), first); // nothing of it is cut off
    assert.deepEqual([first.recommendation, silence], ['look closely: alert mae-high came in.', 'the release is rejected with a work item, and the version serves on']);
    assert.doesNotMatch(JSON.stringify(first), /to nothing|roll.* back to/i);
    // What serves and has no tags is named by its model, as the lock hands it over.
    const untagged = asked({ ...before, definition: {}, model: 'azureml://registries/ml-registry/models/P001-C001/versions/7' });
    assert.deepEqual([untagged.shown.question, untagged.silence], ['Roll P001/C001 back from 42-3f2a91c0 to 7?', 'it is rolled back']);
  });
});
