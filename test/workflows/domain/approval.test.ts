import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clip, readAnswer } from '../../../workflows/domain/answer.ts';
import { emptyBallot, objection, standing, type Ballot, type Decision, type GateTerms } from '../../../workflows/domain/approval.ts';
import type { GatePolicy } from '../../../workflows/domain/policy.ts';
import { gatePolicy } from '../../support/release-activities.ts';

const policy: GatePolicy = { ...gatePolicy, quorum: 2, approvers: ['alice', 'bob', 'carol', 'dana'] };
const person = (id: string, aliases: string[] = []) => ({ id, aliases, calendar: null });
const at = '2026-01-01T12:00:00.000Z';
const ballot = (...decisions: Decision[]): Ballot => ({ ...emptyBallot, decisions });
const digest = 'a1b2c3d4e5f60718'.repeat(4);
const terms: GateTerms = {
  gate: 'stage1',
  policy,
  people: [person('alice'), person('bob', ['bob@example.com']), person('carol'), person('dana', ['dana@example.com']), person('erin')],
  requestedBy: ['dana@example.com'],
  evidenceDigest: digest,
};
const decision = (by: string, verdict: 'approve' | 'reject' = 'approve'): Decision => ({ gate: 'stage1', verdict, by, onBehalfOf: null, level: 'claimed', comment: 'seen', evidence: digest.slice(0, 12), at: '2026-01-01T00:00:00.000Z', via: null, effectiveAt: null, except: [] });

describe('readAnswer', () => {
  for (const [name, value, reason] of [
    ['nothing', undefined, /empty/],
    ['a text', 'approve', /a string/],
    ['a list', [{ gate: 'stage1' }], /a list/],
    ['a number as gate', { gate: 1, by: 'alice' }, /"gate" is not a text/],
    ['what could not be decoded', { undecodable: 'unknown encoding' }, /could not be decoded \(unknown encoding\)/],
  ] as const) {
    it(`explains ${name}`, () => assert.match(readAnswer(value, 'approve').malformed ?? '', reason));
  }

  it('takes "reason" for "comment" and the verdict of the signal over the one in the payload', () => {
    assert.deepEqual(readAnswer({ gate: 'stage1', by: ' alice ', reason: 'too noisy', verdict: 'approve' }, 'reject'), { answer: { gate: 'stage1', verdict: 'reject', by: 'alice', comment: 'too noisy' } });
  });

  it('survives any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const { answer, malformed } = readAnswer(value, 'approve');
      assert.equal(typeof (malformed ?? objection(answer, terms, emptyBallot, at) ?? 'counts'), 'string');
    }));
  });
});

describe('objection', () => {
  const good = { gate: 'stage1', verdict: 'approve', by: 'alice' } as const;
  for (const [name, answer, reason] of [
    ['no gate', { ...good, gate: undefined }, /names no gate; open is "stage1"/],
    ['another gate', { ...good, gate: 'stage3' }, /names gate "stage3"/],
    ['no name', { ...good, by: undefined }, /does not say who decides/],
    ['no verdict', { ...good, verdict: undefined }, /neither/],
    ['a rejection without reason', { ...good, verdict: 'reject' as const }, /needs a reason/],
    ['other evidence', { ...good, evidence: 'ffffffffffff' }, /other evidence/],
    ['too short a digest', { ...good, evidence: digest.slice(0, 6) }, /other evidence/],
    ['a stranger', { ...good, by: 'mallory' }, /mallory is not among the approvers/],
    ['the author', { ...good, by: 'dana' }, /dana asked for this change/],
    ['the author under an alias', { ...good, by: 'DANA@example.com' }, /dana asked for this change/],
  ] as const) {
    it(`refuses ${name}`, () => assert.match(objection(answer, terms, emptyBallot, at) ?? 'counts', reason));
  }

  it('lets a good answer count, with or without the digest as shown', () => {
    assert.equal(objection(good, terms, emptyBallot, at), undefined);
    assert.equal(objection({ ...good, evidence: digest.slice(0, 12) }, terms, emptyBallot, at), undefined);
  });

  it('insists on the digest where policy binds evidence', () => {
    assert.match(objection(good, { ...terms, policy: { ...policy, bindEvidence: true } }, emptyBallot, at) ?? '', /on which evidence/);
  });

  it('lets nothing count once the gate is decided; until the effect begins, a no still does', () => {
    assert.equal(objection({ ...good, by: 'carol', verdict: 'reject', comment: 'wait' }, terms, ballot(decision('alice'), decision('bob')), at), undefined);
    assert.match(objection({ ...good, by: 'carol' }, terms, ballot(decision('alice'), decision('bob')), at) ?? '', /stage1 is decided already/);
    assert.match(objection({ ...good, by: 'carol', verdict: 'reject', comment: 'wait' }, terms, ballot(decision('alice', 'reject')), at) ?? '', /stage1 is decided already/);
  });

  it('counts a person once, whatever alias is used', () => {
    assert.match(objection({ ...good, by: 'bob@example.com' }, terms, ballot(decision('bob')), at) ?? '', /bob has decided already/);
  });
});

describe('standing', () => {
  it('needs the quorum', () => {
    assert.deepEqual(standing(policy, ballot(decision('alice'))), { state: 'open', missing: 1, missingGroups: [] });
    assert.deepEqual(standing(policy, ballot(decision('alice'), decision('bob'))), { state: 'approved', by: ['alice', 'bob'] });
  });

  it('is rejected by any one', () => {
    assert.deepEqual(standing(policy, ballot(decision('alice'), decision('bob', 'reject'))), { state: 'rejected', by: 'bob', reason: 'seen' });
  });

  it('is never reached by answers that do not count: no sequence passes without different people who did not ask', () => {
    const name = fc.constantFrom('alice', 'bob', 'bob@example.com', 'dana', 'dana@example.com', 'mallory', undefined);
    const answer = fc.record({ gate: fc.constantFrom('stage1', 'stage3'), by: name, verdict: fc.constant('approve' as const) });
    fc.assert(fc.property(fc.array(answer, { maxLength: 12 }), (answers) => {
      const counted: Decision[] = [];
      for (const each of answers) if (objection(each, terms, ballot(...counted), at) === undefined) counted.push(decision(each.by === 'bob@example.com' ? 'bob' : each.by!));
      const reached = standing(policy, ballot(...counted));
      const people = new Set(counted.map(({ by }) => by));
      assert.ok(!people.has('dana') && !people.has('mallory'));
      assert.equal(reached.state, people.size >= policy.quorum ? 'approved' : 'open');
    }));
  });
});

describe('clip', () => {
  it('keeps what somebody typed on one line and out of the markdown', () => {
    assert.equal(clip('a\nb `c` <b>|x|</b> [l](u) john_doe', 80), 'a b c bx/b l(u) john_doe');
    assert.ok(clip('x'.repeat(8) + '🙂🙂', 10).isWellFormed());
    assert.equal(clip('x'.repeat(100), 10), `${'x'.repeat(9)}…`);
  });
});
