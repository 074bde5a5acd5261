import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clip, objection, readAnswer, standing, type Decision, type GateTerms } from '../../../workflows/domain/approval.ts';
import type { GatePolicy } from '../../../workflows/domain/policy.ts';

const policy: GatePolicy = { quorum: 2, approvers: ['alice', 'bob', 'carol', 'dana'], fourEyes: true, bindEvidence: false, identity: 'claimed', deadlineMs: 1000, remindAfterMs: 500, onSilence: 'expire' };
const digest = 'a1b2c3d4e5f60718'.repeat(4);
const terms: GateTerms = {
  gate: 'stage1',
  policy,
  people: [{ id: 'alice', aliases: [] }, { id: 'bob', aliases: ['bob@example.com'] }, { id: 'carol', aliases: [] }, { id: 'dana', aliases: ['dana@example.com'] }],
  requestedBy: ['dana@example.com'],
  evidenceDigest: digest,
};
const decision = (by: string, verdict: 'approve' | 'reject' = 'approve'): Decision => ({ gate: 'stage1', verdict, by, level: 'claimed', comment: 'seen', evidence: digest.slice(0, 12), at: '2026-01-01T00:00:00.000Z' });

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
      assert.equal(typeof (malformed ?? objection(answer, terms, []) ?? 'counts'), 'string');
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
    it(`refuses ${name}`, () => assert.match(objection(answer, terms, []) ?? 'counts', reason));
  }

  it('lets a good answer count, with or without the digest as shown', () => {
    assert.equal(objection(good, terms, []), undefined);
    assert.equal(objection({ ...good, evidence: digest.slice(0, 12) }, terms, []), undefined);
  });

  it('insists on the digest where policy binds evidence', () => {
    assert.match(objection(good, { ...terms, policy: { ...policy, bindEvidence: true } }, []) ?? '', /on which evidence/);
  });

  it('lets nothing count once the gate is decided', () => {
    assert.match(objection({ ...good, by: 'carol', verdict: 'reject', comment: 'wait' }, terms, [decision('alice'), decision('bob')]) ?? '', /stage1 is decided already/);
  });

  it('counts a person once, whatever alias is used', () => {
    assert.match(objection({ ...good, by: 'bob@example.com' }, terms, [decision('bob')]) ?? '', /bob has decided already/);
  });
});

describe('standing', () => {
  it('needs the quorum', () => {
    assert.deepEqual(standing(policy, [decision('alice')]), { state: 'open', missing: 1 });
    assert.deepEqual(standing(policy, [decision('alice'), decision('bob')]), { state: 'approved', by: ['alice', 'bob'] });
  });

  it('is rejected by any one', () => {
    assert.deepEqual(standing(policy, [decision('alice'), decision('bob', 'reject')]), { state: 'rejected', by: 'bob', reason: 'seen' });
  });

  it('is never reached by answers that do not count: no sequence passes without different people who did not ask', () => {
    const name = fc.constantFrom('alice', 'bob', 'bob@example.com', 'dana', 'dana@example.com', 'mallory', undefined);
    const answer = fc.record({ gate: fc.constantFrom('stage1', 'stage3'), by: name, verdict: fc.constant('approve' as const) });
    fc.assert(fc.property(fc.array(answer, { maxLength: 12 }), (answers) => {
      const counted: Decision[] = [];
      for (const each of answers) if (objection(each, terms, counted) === undefined) counted.push(decision(each.by === 'bob@example.com' ? 'bob' : each.by!));
      const reached = standing(policy, counted);
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
