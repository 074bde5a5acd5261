/** What no sequence of answers may do to a gate, whoever sends what under whichever name, while people come, leave and stand in for each other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OpenGate, unproven, type Identity } from '../../../workflows/blocks/open-gate.ts';
import type { Answer } from '../../../workflows/domain/answer.ts';
import { standing, type Decision, type Standing } from '../../../workflows/domain/approval.ts';
import type { Delegation, GatePolicy, Person } from '../../../workflows/domain/policy.ts';
import { provesAtLeast } from '../../../workflows/domain/vocabulary.ts';
import { gatePolicy } from '../../support/release-activities.ts';

const ids = ['alice', 'bob', 'carol', 'dana', 'erin', 'frank', 'grace'];
const people: Person[] = ids.map((id) => ({ id, aliases: [`${id}@example.com`, `EXAMPLE\\${id}`], calendar: null }));

/** Every way to write a person; and one whom nobody knows. */
const writtenName = (id: string) => fc.constantFrom(id, id.toUpperCase(), ` ${id} `, `${id}@example.com`, `${id}@EXAMPLE.com`, `example\\${id}`);
const anyName = fc.oneof({ arbitrary: fc.constantFrom(...ids).chain(writtenName), weight: 20 }, fc.constant('mallory'));
/** The test's own reading of a name. */
const personBehind = (name: string): string => name.trim().toLowerCase().replace('@example.com', '').replace('example\\', '');

const past = '2020-01-01T00:00:00.000Z';
const future = '2999-01-01T00:00:00.000Z';
const someIds = (least: number, most: number) => fc.uniqueArray(fc.constantFrom(...ids), { minLength: least, maxLength: most });
const delegation: fc.Arbitrary<Delegation> = fc.record({ from: fc.constantFrom(...ids), to: fc.constantFrom(...ids), since: fc.constantFrom(null, past, future), until: fc.constantFrom(null, past, future) }).filter(({ from, to }) => from !== to);
const group = (name: string) => someIds(1, 4).map((members) => ({ name, members }));

const policy: fc.Arbitrary<GatePolicy> = fc
  .record({
    quorum: fc.integer({ min: 1, max: 4 }),
    approvers: someIds(1, 6),
    groups: fc.tuple(group('science'), group('operations')),
    mandatoryGroups: fc.subarray(['science', 'operations']),
    delegations: fc.array(delegation, { maxLength: 4 }),
    fourEyes: fc.boolean(),
    rejection: fc.constantFrom('any' as const, 'quorum' as const),
    identity: fc.constantFrom('claimed' as const, 'authenticated' as const),
  })
  .map((fields) => ({ ...gatePolicy, ...fields }));

const requesters = fc.array(anyName, { maxLength: 2 });

type Move = { kind: 'answer'; answer: Answer; isProven: boolean } | { kind: 'widen'; approvers: string[] } | { kind: 'adopt'; policy: GatePolicy };

const vote = fc.record({ verdict: fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const), by: anyName, gate: fc.constantFrom('stage1', 'stage1', 'stage1', 'stage3'), comment: fc.constant('seen') });
const otherAnswer = fc.oneof(
  fc.record({ verdict: fc.constant('withdraw' as const), by: anyName, gate: fc.constant('stage1') }),
  fc.record({ verdict: fc.constant('delegate' as const), by: anyName, to: anyName, gate: fc.constant('stage1'), until: fc.constantFrom(undefined, past, future) }),
  fc.record({ verdict: fc.constant('defer' as const), by: anyName, gate: fc.constant('stage1'), until: fc.constant(future) }),
);
const answerMove: fc.Arbitrary<Answer> = fc.oneof({ arbitrary: vote, weight: 5 }, { arbitrary: otherAnswer, weight: 2 });
const proven = fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, fc.constant(false));
const move = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('answer' as const), answer: answerMove, isProven: proven }), weight: 9 },
  someIds(1, 2).map((approvers): Move => ({ kind: 'widen', approvers })),
  policy.map((fresh): Move => ({ kind: 'adopt', policy: fresh })),
);

function openGate(terms: GatePolicy, requestedBy: readonly string[]): OpenGate {
  const card = { question: 'May it?', recommendation: '', comparison: null, facts: [], change: '', undo: '' };
  return new OpenGate({ gate: 'stage1', policy: terms, people, estateDigest: '', requestedBy, silence: '', measured: { evidence: null, items: [] }, measure: null, card: () => card }, { evidence: null, items: [] }, 0, []);
}

/** As the gate takes answers: whether this one counted. A proven answer is by the person whom it names. */
function send(gate: OpenGate, answer: Answer, isProven = true): boolean {
  const identity: Identity = isProven ? { level: 'authenticated', by: personBehind(answer.by!), via: 'inbox', problem: null } : unproven;
  if ((gate.isSettled && answer.verdict !== 'reject') || gate.objection(answer, identity) !== undefined) return false;
  gate.take(answer, identity);
  return true;
}

const isActive = ({ since, until }: Delegation): boolean => since !== future && until !== past;

/** For whom a person could speak when the answer came: for themselves as an approver, else for absent approvers. Four-eyes silences whoever asked, and for them nobody speaks. */
function voices(gate: OpenGate, person: string, asked: readonly string[]): string[] {
  const may = gate.policy.approvers.filter((approver) => !asked.includes(approver));
  if (asked.includes(person)) return [];
  if (may.includes(person)) return [person];
  return [...gate.policy.delegations, ...gate.ballot.delegations].filter((each) => each.to === person && isActive(each) && may.includes(each.from)).map(({ from }) => from);
}

/** Whether everybody can have a voice that nobody else uses. */
function matchable(options: readonly string[][], used: readonly string[] = []): boolean {
  const [first, ...rest] = options;
  return first === undefined || first.some((voice) => !used.includes(voice) && matchable(rest, [...used, voice]));
}

const often = { numRuns: 500 };

// An estate that changes here keeps four-eyes and the level of identity as they are: what a stricter demand does to decisions made before it is not looked at.
describe('no sequence of answers', () => {
  it('passes a gate without its quorum of different people, its mandatory groups and four-eyes', () => {
    let passed = 0;
    fc.assert(fc.property(policy, requesters, fc.array(move, { minLength: 1, maxLength: 24 }), (terms, requestedBy, moves) => {
      const gate = openGate(terms, requestedBy);
      /** Who decided what, for whom it may have been: kept apart from the gate's own ballot. */
      const said = new Map<string, { verdict: string; voices: string[] }>();
      for (const each of moves) {
        const asked = gate.policy.fourEyes ? requestedBy.map(personBehind) : [];
        if (each.kind === 'widen') gate.widen(each.approvers);
        else if (each.kind === 'adopt') gate.adopt({ policy: { ...each.policy, fourEyes: terms.fourEyes, identity: terms.identity }, people, estateDigest: '' });
        else {
          const person = personBehind(each.answer.by!);
          const open = voices(gate, person, asked);
          if (!send(gate, each.answer, each.isProven)) continue;
          assert.equal(each.answer.gate, 'stage1');
          if (each.answer.verdict === 'withdraw') said.delete(person);
          if (each.answer.verdict !== 'approve' && each.answer.verdict !== 'reject') continue;
          assert.ok(open.length > 0, `${person} had no voice`);
          assert.ok(!said.has(person), `${person} counts once`);
          said.set(person, { verdict: each.answer.verdict, voices: open });
        }
        // The estate may take people away; it never gives a decision back.
        const counted = gate.ballot.decisions.map(({ by }) => by);
        for (const person of said.keys()) if (!counted.includes(person)) said.delete(person);
        assert.deepEqual([...said.keys()].sort(), counted.sort());

        assert.ok(gate.policy.quorum >= terms.quorum && (gate.policy.fourEyes || !terms.fourEyes) && terms.mandatoryGroups.every((name) => gate.policy.mandatoryGroups.includes(name)), 'it never becomes easier');
        const voiced = gate.ballot.decisions.map(({ by, onBehalfOf }) => onBehalfOf ?? by);
        assert.equal(new Set(voiced).size, voiced.length, 'a voice counts once');
        assert.ok(gate.ballot.decisions.every(({ level }) => provesAtLeast(level, gate.policy.identity)), 'proven as far as the policy wants');
        if (gate.standing.state !== 'approved') continue;
        passed += 1;
        const approving = [...said].filter(([, { verdict }]) => verdict === 'approve');
        assert.ok(approving.length >= gate.policy.quorum, 'the quorum');
        assert.ok(matchable([...said.values()].map(({ voices: own }) => own)), 'each with a voice of their own');
        if (gate.policy.fourEyes) for (const [person] of approving) assert.ok(!requestedBy.map(personBehind).includes(person), 'four-eyes');
        for (const name of gate.policy.mandatoryGroups) {
          const members = gate.policy.groups.find((each) => each.name === name)!.members;
          assert.ok(approving.some(([, { voices: own }]) => own.some((voice) => members.includes(voice))), `somebody of ${name}`);
        }
      }
    }), often);
    assert.ok(passed > 20, `gates do pass: ${passed} times`);
  });

  it('lets an answer count of nobody without a voice, and lets every answer count of somebody who has one, where nobody stands in for others', () => {
    fc.assert(fc.property(policy, requesters, fc.array(vote as fc.Arbitrary<Answer>, { maxLength: 16 }), (terms, requestedBy, answers) => {
      const gate = openGate({ ...terms, delegations: [] }, requestedBy);
      const asked = terms.fourEyes ? requestedBy.map(personBehind) : [];
      const approving = new Set<string>();
      const rejecting = new Set<string>();
      for (const answer of answers) {
        const person = personBehind(answer.by!);
        const isRejected = rejecting.size >= (terms.rejection === 'any' ? 1 : terms.quorum);
        const isApproved = !isRejected && approving.size >= terms.quorum && terms.mandatoryGroups.every((name) => terms.groups.some((each) => each.name === name && each.members.some((member) => approving.has(member))));
        const isExpected = answer.gate === 'stage1' && terms.approvers.includes(person) && !asked.includes(person) && !approving.has(person) && !rejecting.has(person) && !isRejected && (answer.verdict === 'reject' || !isApproved);
        assert.equal(send(gate, answer), isExpected);
        if (isExpected) (answer.verdict === 'approve' ? approving : rejecting).add(person);
      }
    }), often);
  });
});

describe('where a gate stands', () => {
  /** One verdict for each person; what is sent is any order of it, any name, as often as somebody likes. */
  const opinions = fc.uniqueArray(fc.record({ by: fc.constantFrom(...ids), verdict: fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const) }), { selector: ({ by }) => by, maxLength: 7 });
  const sendings = opinions.chain((all) => {
    const again = fc.array(fc.nat({ max: Math.max(0, all.length - 1) }), { maxLength: 6 });
    const order = again.chain((indexes) => fc.shuffledSubarray([...all, ...indexes.flatMap((index) => all[index] ?? [])], { minLength: all.length + (all.length === 0 ? 0 : indexes.length) }));
    const sending = order.chain((sent) => fc.tuple(...sent.map(({ by, verdict }) => writtenName(by).map((name): Answer => ({ gate: 'stage1', verdict, by: name, comment: 'seen' })))));
    return fc.tuple(sending, sending);
  });

  it('does not depend on the order of the answers, on their names, or on how often they came', () => {
    fc.assert(fc.property(policy, requesters, sendings, (terms, requestedBy, [one, other]) => {
      const [first, second] = [one, other].map((answers) => {
        const gate = openGate({ ...terms, delegations: [] }, requestedBy);
        for (const answer of answers) send(gate, answer);
        return gate.standing;
      }) as [Standing, Standing];
      assert.equal(first.state, second.state);
      if (first.state === 'open') assert.deepEqual(first, second);
    }), often);
  });

  it('is the same for the same decisions in any order', () => {
    const decisions = opinions.map((all) => all.map(({ by, verdict }): Decision => ({ gate: 'stage1', verdict, by, onBehalfOf: null, level: 'claimed', comment: by, evidence: '', at: past, via: null, effectiveAt: null, except: [] })));
    const inOrder = (reached: Standing): unknown => (reached.state === 'open' ? reached : { state: reached.state, by: [reached.by].flat().join(', ').split(', ').sort() });
    fc.assert(fc.property(policy, decisions.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))), (terms, [one, other]) => {
      assert.deepEqual(inOrder(standing(terms, { decisions: one })), inOrder(standing(terms, { decisions: other })));
    }), often);
  });

  it('is, after a withdrawal, what it was before the decision', () => {
    let withdrawn = 0;
    fc.assert(fc.property(policy, requesters, fc.array(answerMove, { maxLength: 8 }), vote as fc.Arbitrary<Answer>, (terms, requestedBy, answers, decision) => {
      const gate = openGate({ ...terms, rejection: 'quorum' }, requestedBy);
      for (const answer of answers) send(gate, answer);
      const before = gate.ballot;
      const stood = gate.standing;
      if (!send(gate, decision) || gate.isSettled) return;
      assert.notDeepEqual(gate.ballot, before);
      assert.ok(send(gate, { gate: 'stage1', verdict: 'withdraw', by: decision.by! }));
      assert.deepEqual([gate.ballot, gate.standing], [before, stood]);
      assert.ok(!send(gate, { gate: 'stage1', verdict: 'withdraw', by: decision.by! }), 'and there is nothing more to withdraw');
      withdrawn += 1;
    }), often);
    assert.ok(withdrawn > 20, `${withdrawn} were withdrawn`);
  });

  it('is, after a withdrawal among the answers of others, as if the decision had never been made', () => {
    fc.assert(fc.property(policy, requesters, fc.constantFrom(...ids), fc.array(vote as fc.Arbitrary<Answer>, { maxLength: 8 }), (terms, requestedBy, person, answers) => {
      const others = answers.filter(({ by }) => personBehind(by!) !== person);
      const make = () => openGate({ ...terms, delegations: [], rejection: 'quorum', quorum: 9, approvers: ids }, requestedBy);
      const [withPerson, without] = [make(), make()];
      const decided = send(withPerson, { gate: 'stage1', verdict: 'approve', by: person });
      for (const answer of others) assert.equal(send(withPerson, answer), send(without, answer));
      if (decided) send(withPerson, { gate: 'stage1', verdict: 'withdraw', by: person });
      const bare = ({ ballot }: OpenGate) => ballot.decisions.map(({ by, verdict, onBehalfOf }) => ({ by, verdict, onBehalfOf }));
      assert.deepEqual([bare(withPerson), withPerson.standing], [bare(without), without.standing]);
    }), often);
  });
});

describe('a delegate', () => {
  it('never counts twice, and never beside the one who is stood in for', () => {
    let stoodIn = 0;
    fc.assert(fc.property(policy, requesters, fc.array(answerMove, { minLength: 2, maxLength: 20 }), (terms, requestedBy, answers) => {
      const gate = openGate({ ...terms, quorum: 4, mandatoryGroups: [], rejection: 'quorum' }, requestedBy);
      for (const answer of answers) {
        send(gate, answer);
        const { decisions } = gate.ballot;
        const [spoke, voiced] = [decisions.map(({ by }) => by), decisions.map(({ by, onBehalfOf }) => onBehalfOf ?? by)];
        assert.equal(new Set(spoke).size, spoke.length);
        assert.equal(new Set(voiced).size, voiced.length);
        for (const { by, onBehalfOf } of decisions) if (onBehalfOf !== null) assert.ok(!gate.policy.approvers.includes(by) && gate.policy.approvers.includes(onBehalfOf) && !spoke.includes(onBehalfOf));
        stoodIn += decisions.filter(({ onBehalfOf }) => onBehalfOf !== null).length;
      }
    }), often);
    assert.ok(stoodIn > 20, `delegates do decide: ${stoodIn} times`);
  });
});
