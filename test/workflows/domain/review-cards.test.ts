import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cardBytes, renderOpenCard } from '../../../workflows/domain/card.ts';
import { clipCard } from '../../../workflows/domain/card-text.ts';
import { groupCard, nextWaveCard } from '../../../workflows/domain/review-cards.ts';
import type { GateFigures } from '../../../workflows/domain/review-gates.ts';
import { cardPages, memberName } from '../../../workflows/domain/review-pages.ts';
import type { Member, ReviewGroup } from '../../../workflows/domain/review-plan.ts';
import { countStates } from '../../../workflows/domain/review-progress.ts';

const member = (plant: string, circuit: string, version: string): Member => ({ workflowId: `releaseModel:${plant}:${circuit}:${version}`, runId: 'r', target: { plant, circuit, version }, evidence: '0123456789ab', openedAt: '2026-11-20T08:00:00.000Z' });
const figuresOf = ({ workflowId, target }: Member, mae: number): GateFigures => ({
  workflowId, target, evidence: '0123456789ab', recommendation: 'approve: every metric is within its threshold.', history: 'MAE of earlier versions: 2.100 (1), 2.050 (2), 1.980 (3)',
  figures: ['MAE', 'RMSE', 'R²'].map((name) => ({ name, candidate: mae.toFixed(3), production: '2.100', threshold: '≤ 2.100' })),
});
const groupOf = (members: Member[]): ReviewGroup => ({ gate: 'group-1', severity: 'P0', column: 'temp_max', of: 'stage3', recommends: 'approve', identity: 'authenticated', members });

/** As it stands in Temporal Web UI, with everything that a gate may add to it. */
const rendered = (members: Member[]): string => renderOpenCard({
  card: clipCard(groupCard({ group: groupOf(members), figures: members.map((each, index) => figuresOf(each, 1.5 + index / 100)) })),
  gate: 'group-1', evidence: '0123456789ab', approvers: ['alice', 'bob', 'carol', 'dana', 'erin', 'frank', 'and 3 more'], quorum: 2, approvedBy: ['alice'], missingGroups: ['plant-operators'],
  silence: 'nothing is decided here, and each release waits on at its own gate', deadline: '2026-11-24T12:00:00.000Z', effectiveAt: null, identity: 'authenticated', changes: [], isLast: false, warning: 'the record could not be kept yet, which is tried again: the store answers with an error', answered: [], neverDue: [], unanswered: [], proposals: ['carol (approve)'],
  inbox: 'https://holdpoint.example.com/inbox/gates/reviewPendingReleases%3Aholdpoint-reviews-2026-11-24T08%3A00%3A00Z', lastAnswer: { by: 'carol', counted: false, reason: 'identity is only claimed, and this gate wants authenticated: kept as a proposal until its author confirms it' },
});

describe('the card of a group', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/);
  const members = fc.uniqueArray(fc.tuple(name, name, fc.stringMatching(/^[0-9]{1,6}-[0-9a-f]{8}(-r1)?$/)).map(([plant, circuit, version]) => member(plant, circuit, version)), { selector: ({ workflowId }) => workflowId, minLength: 1, maxLength: 80 });

  it('shows every member by name and version, within its bytes, however many there are and however long their names', () => {
    fc.assert(fc.property(members, fc.integer({ min: 1, max: 60 }), (all, size) => {
      const pages = cardPages(all, size);
      assert.deepEqual(pages.flat(), all);
      for (const page of pages) {
        const text = rendered(page);
        assert.ok(page.length >= 1 && page.length <= size);
        assert.ok(Buffer.byteLength(text) <= cardBytes, `${Buffer.byteLength(text)} bytes`);
        for (const each of page) assert.ok(text.includes(memberName(each)), `${memberName(each)} is not on the card`);
      }
    }), { numRuns: 300 });
  });

  it('shows each member\'s figures where there is room, and otherwise within which figures all of them are', () => {
    assert.match(rendered([member('P001', 'C001', '42-3f2a91c0')]), /P001\/C001 42-3f2a91c0: MAE 1\.500 \(2\.100\), RMSE/);
    const many = Array.from({ length: 40 }, (_, index) => member('P001', `C${index}`, '42-3f2a91c0'));
    const [page] = cardPages(many, 50);
    assert.equal(page!.length, 40);
    assert.match(rendered(many), /MAE 1\.500 to 1\.890 \(production 2\.100\)/);
  });

  it('asks before a further wave for what was lost beyond the budget, and for what did not come to production', () => {
    const counts = countStates(['failed', 'queued', 'deployed']);
    const question = (lost: string[], waiting: string[], budget = 0) => nextWaveCard({ wave: 2, planned: 3, counts, lost, waiting, budget }).question;
    assert.equal(question(['a'], []), 'Begin wave 2 of 3 although 1 release failed or were taken back?');
    assert.equal(question([], ['b', 'c']), 'Begin wave 2 of 3 although 2 releases did not come to production in time?');
    assert.equal(question(['a'], ['b']), 'Begin wave 2 of 3 although 1 release failed or were taken back and 1 release did not come to production in time?');
    assert.equal(question(['a'], ['b'], 1), 'Begin wave 2 of 3 although 1 release did not come to production in time?');
  });
});
