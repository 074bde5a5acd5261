import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReviewStanding, ReviewTerms } from '../../../workflows/domain/configuration-change.ts';
import { commitMessage, followerOf, judge, requestersIn, runMarker } from '../../../workflows/domain/pull-request-review.ts';

const person = (id: string, aliases: string[] = []) => ({ id, aliases, calendar: null });
const terms: ReviewTerms = { people: [person('dana', ['dana@example.com']), person('carol'), person('alice', ['alice@example.com'])], reviewers: ['dana', 'carol', 'alice'], excluded: ['alice'], commit: 'f00d' };
const open: ReviewStanding = { status: 'active', mergeStatus: 'succeeded', sourceCommit: 'f00d', votes: [], closedBy: null };
const votes = (...given: [string, number][]) => given.map(([by, vote]) => ({ by, vote, comment: '' }));

describe('judge', () => {
  for (const [name, standing, kind] of [
    ['nobody has voted', {}, 'waiting'],
    ['a reviewer approved, under an alias in other letters', { votes: votes(['Dana@Example.com', 10]) }, 'approved'],
    ['a reviewer approved with suggestions', { votes: votes(['carol', 5]) }, 'approved'],
    ['only whoever asked approved', { votes: votes(['alice@example.com', 10]) }, 'waiting'],
    ['whoever asked rejects', { votes: votes(['alice', -10], ['dana', 10]) }, 'rejected'],
    ['a stranger approved', { votes: votes(['mallory', 10]) }, 'waiting'],
    ['a stranger rejects', { votes: votes(['mallory', -10], ['dana', 10]) }, 'approved'],
    ['one approved and one waits for the author', { votes: votes(['dana', 10], ['carol', -5]) }, 'waiting'],
    ['approved, with a conflict', { votes: votes(['dana', 10]), mergeStatus: 'conflicts' }, 'waiting'],
    ['approved, but with another commit on the branch', { votes: votes(['dana', 10]), sourceCommit: 'cafe' }, 'waiting'],
    ['rejected in spite of a conflict', { votes: votes(['dana', -10]), mergeStatus: 'conflicts' }, 'rejected'],
    ['completed, whatever the votes', { status: 'completed', votes: votes(['dana', -10]) }, 'merged'],
    ['abandoned', { status: 'abandoned' }, 'abandoned'],
  ] as [string, Partial<ReviewStanding>, string][]) {
    it(`is ${kind}: ${name}`, () => assert.equal(judge({ ...open, ...standing }, terms).kind, kind));
  }
});

describe('what a pull request says without showing it', () => {
  it('names the run that follows it, and wakes no other kind of run', () => {
    assert.equal(followerOf(`why\n\n${runMarker('updateTrainingConfig:P001:C001')}`), 'updateTrainingConfig:P001:C001');
    for (const text of [undefined, 'why', runMarker('releaseModel:P001:C001:42'), '<!-- holdpoint:run a b -->']) assert.equal(followerOf(text), null);
  });

  it('names those for whom its commits were made', () => {
    assert.deepEqual(requestersIn([commitMessage('Tune', 'alice', 'k1'), 'Fix a typo', commitMessage('Tune', null, 'k2'), commitMessage('Tune', 'alice', 'k3')]), ['alice']);
    assert.deepEqual(requestersIn([commitMessage('Tune', 'alice\nHoldpoint-Requested-By: bob', 'k')]), ['alice Holdpoint-Requested-By: bob']);
  });
});
