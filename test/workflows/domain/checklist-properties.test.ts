/** What no sequence of answers may do to a checklist: nobody approves a gate before each item is answered with yes by whom the policy names, machines by what they saw last. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { unansweredItems } from '../../../workflows/blocks/checklist.ts';
import { OpenGate, unproven, type Identity } from '../../../workflows/blocks/open-gate.ts';
import type { Answer } from '../../../workflows/domain/answer.ts';
import type { ChecklistItem, GatePolicy } from '../../../workflows/domain/policy.ts';
import { gatePolicy } from '../../support/release-activities.ts';

const ids = ['alice', 'bob', 'carol', 'dana', 'erin'];
const people = ids.map((id) => ({ id, aliases: [`${id}@example.com`], calendar: null }));
const personBehind = (name: string): string => name.trim().toLowerCase().replace('@example.com', '');
const anyName = fc.oneof({ arbitrary: fc.constantFrom(...ids), weight: 4 }, fc.constantFrom(...ids).map((id) => ` ${id.toUpperCase()}@example.com`), fc.constantFrom('mallory', 'machine'));

const itemIds = ['backup', 'no-firing-alerts', 'tests', 'model-registered'];
const item = (id: string): fc.Arbitrary<ChecklistItem> =>
  fc.oneof(
    fc.constant<ChecklistItem>({ id, text: id, by: 'machine', people: null }),
    fc.option(fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1, maxLength: 3 })).map((named): ChecklistItem => ({ id, text: id, by: 'person', people: named })),
  );

const policy: fc.Arbitrary<GatePolicy> = fc
  .record({
    quorum: fc.integer({ min: 1, max: 2 }),
    approvers: fc.uniqueArray(fc.constantFrom(...ids), { minLength: 2, maxLength: 5 }),
    fourEyes: fc.boolean(),
    identity: fc.constantFrom('claimed' as const, 'authenticated' as const),
    checklist: fc.subarray(itemIds, { minLength: 1, maxLength: 2 }).chain((chosen) => fc.tuple(...chosen.map(item))),
  })
  .map((fields) => ({ ...gatePolicy, ...fields }));

type Move = { kind: 'answer'; answer: Answer; isProven: boolean } | { kind: 'machine'; item: string; ok: boolean };
const gateName = fc.constantFrom('stage1', 'stage1', 'stage1', 'stage1', 'stage3');
const anyItem = fc.constantFrom(...itemIds, ...itemIds, 'weather', undefined);
const answerMove: fc.Arbitrary<Answer> = fc.oneof(
  { arbitrary: fc.record({ verdict: fc.constant('check' as const), item: anyItem, by: anyName, gate: gateName, comment: fc.constantFrom('', 'seen') }), weight: 4 },
  { arbitrary: fc.record({ verdict: fc.constant('approve' as const), by: anyName, gate: gateName }), weight: 3 },
  { arbitrary: fc.record({ verdict: fc.constantFrom('withdraw' as const, 'delegate' as const), by: anyName, to: anyName, gate: fc.constant('stage1') }), weight: 1 },
);
const proven = fc.oneof({ arbitrary: fc.constant(true), weight: 5 }, fc.constant(false));
const move: fc.Arbitrary<Move> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('answer' as const), answer: answerMove, isProven: proven }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('machine' as const), item: fc.constantFrom(...itemIds), ok: fc.constantFrom(true, true, false) }), weight: 1 },
);

function openGate(terms: GatePolicy): OpenGate {
  const card = { question: 'May it?', recommendation: '', comparison: null, facts: [], change: '', undo: '' };
  return new OpenGate({ gate: 'stage1', policy: terms, people, estateDigest: '', requestedBy: ['dana'], silence: '', measured: { evidence: null, items: [] }, measure: null, card: () => card }, { evidence: null, items: [] }, 0, []);
}

/** As the gate takes answers: whether this one counted. */
function send(gate: OpenGate, answer: Answer, isProven: boolean): boolean {
  const identity: Identity = isProven ? { level: 'authenticated', by: personBehind(answer.by!), via: 'inbox', problem: null } : unproven;
  if (gate.isSettled || gate.objection(answer, identity) !== undefined) return false;
  gate.take(answer, identity);
  return true;
}

describe('a checklist', () => {
  it('is passed by no sequence of answers before each item is answered with yes by whom the policy names', () => {
    let passed = 0;
    let refused = 0;
    fc.assert(fc.property(policy, fc.array(move, { minLength: 4, maxLength: 40 }), (terms, moves) => {
      const gate = openGate(terms);
      /** What was answered, and by whom: kept apart from the gate's own ballot. */
      const said = new Map<string, { ok: boolean; by: string }>();
      for (const each of moves) {
        if (each.kind === 'machine') {
          if (terms.checklist.find(({ id }) => id === each.item)?.by !== 'machine') continue;
          gate.checked(each.item, each.ok, 'seen');
          said.set(each.item, { ok: each.ok, by: 'machine' });
          continue;
        }
        const { answer, isProven } = each;
        const mayAnswer = gate.eligible;
        const isComplete = terms.checklist.every(({ id }) => said.get(id)?.ok === true);
        const counted = send(gate, answer, isProven);
        if (counted && terms.identity === 'authenticated') assert.ok(isProven);
        if (counted && answer.verdict === 'check') {
          const asked = terms.checklist.find(({ id }) => id === answer.item);
          assert.ok(asked?.by === 'person' && answer.gate === 'stage1', 'a machine item is no person\'s to answer');
          assert.ok((asked.people ?? mayAnswer).includes(personBehind(answer.by!)), `${answer.by} is named`);
          said.set(asked.id, { ok: true, by: personBehind(answer.by!) });
        }
        if (answer.verdict === 'approve' && !isComplete) {
          assert.ok(!counted, 'nobody approves what is not checked');
          refused += 1;
        }
        assert.deepEqual(unansweredItems(gate).map(({ id }) => id), terms.checklist.filter(({ id }) => said.get(id)?.ok !== true).map(({ id }) => id));
        if (gate.standing.state !== 'approved') continue;
        assert.ok(isComplete || answer.verdict !== 'approve');
        passed += 1;
        return;
      }
      assert.notEqual(gate.standing.state, 'approved');
    }), { numRuns: 2_000 });
    assert.ok(passed > 40 && refused > 40, `gates do pass (${passed} times) and are held (${refused} times)`);
  });
});
