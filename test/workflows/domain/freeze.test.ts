import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { announcedFreeze, freezeActions, frozenLines, holding, readOverrideRequest, unreadable, type FreezeStanding } from '../../../workflows/domain/freeze.ts';

const standing: FreezeStanding = {
  inForce: [{ name: 'year-end', reason: 'nobody is there', until: '2027-01-05T01:00:00.000Z' }, { name: 'audit', reason: 'they read', until: null }],
  opensAt: '2027-01-05T01:00:00.000Z', closesAt: null, mayOverride: ['alice'], digest: 'd',
};

describe('a freeze', () => {
  it('can hold no rollback: there is no such action', () => assert.deepEqual(Object.keys(freezeActions), ['release', 'environmentUpdate', 'configurationChange', 'pipelineStage']));

  it('holds for as long as one in force is not overridden', () => {
    const [yearEnd, audit] = standing.inForce.map(({ name, until }) => [name, until] as const);
    assert.deepEqual(holding(standing, new Map()).map(({ name }) => name), ['year-end', 'audit']);
    assert.deepEqual(holding(standing, new Map([yearEnd!])).map(({ name }) => name), ['audit']);
    assert.deepEqual([holding(standing, new Map([yearEnd!, audit!])), holding(null, new Map())], [[], []]);
    assert.equal(holding(unreadable('no such file'), new Map()).length, 1);
  });

  it('that was overridden holds again in its next window, and when its end is moved beyond the one that was overridden', () => {
    const overridden = new Map([['weekend', '2026-11-23T08:00:00.000Z']]);
    const holdsUntil = (until: string | null) => holding({ ...standing, inForce: [{ name: 'weekend', reason: 'nobody is there', until }] }, overridden).length === 1;
    assert.deepEqual(['2026-11-23T08:00:00.000Z', '2026-11-22T08:00:00.000Z', '2026-11-30T08:00:00.000Z', null].map(holdsUntil), [false, false, true, true]);
  });

  it('is shown with its next opening, and how not to wait for it where somebody may let it pass', () => {
    assert.deepEqual(frozenLines(standing, 'ask'), ['Frozen until 2027-01-05 01:00 UTC. It goes on by itself then.', 'year-end: nobody is there', 'audit: they read', 'To go before that: ask; it asks alice.']);
    assert.match(frozenLines({ ...standing, opensAt: null, mayOverride: [] }, 'ask').join(' '), /^Frozen\. No opening is known within a year.* audit: they read$/);
  });

  it('is announced until it is over', () => {
    const windows = [{ name: 'audit', from: '2026-12-01T00:00:00.000Z', until: '2026-12-03T00:00:00.000Z' }, { name: 'year-end', from: '2026-12-19T01:00:00.000Z', until: '2027-01-05T01:00:00.000Z' }];
    assert.match(announcedFreeze(windows, '2026-12-02T23:59:00.000Z')!, /frozen from 2026-12-01 00:00 UTC until 2026-12-03 00:00 UTC \(audit\)/);
    assert.match(announcedFreeze(windows, '2026-12-03T00:00:00.000Z')!, /\(year-end\)/);
    assert.equal(announcedFreeze(windows, '2027-01-05T01:00:00.000Z'), undefined);
  });

  it('is not overridden without a name and a reason', () => {
    for (const [value, reason] of [[null, /who asks/], [{ by: ' ' }, /who asks/], [{ by: 'alice', reason: '' }, /why/], ['alice', /who asks/]] as const) {
      const read = readOverrideRequest(value);
      assert.ok('malformed' in read);
      assert.match(read.malformed, reason);
    }
    assert.deepEqual(readOverrideRequest({ by: 'alice', reason: 'it `fails`\n' }), { by: 'alice', reason: 'it fails' });
  });
});
