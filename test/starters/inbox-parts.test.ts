import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTicked } from '../../starters/receiver/inbox/bulk-form.ts';
import { answerOf } from '../../starters/receiver/inbox/decision-form.ts';
import { html } from '../../starters/receiver/inbox/html.ts';
import { localPath } from '../../starters/receiver/inbox/paths.ts';
import { fromNow, span, utc } from '../../starters/receiver/inbox/time-text.ts';

describe('html', () => {
  it('escapes everything but what a template has made', () => {
    const inner = html`<b>${'<i>'}</b>`;
    assert.equal(html`<p title="${`"'&`}">${inner}${['<', inner]}${null}${undefined}${false}${0}</p>`.text, '<p title="&#34;&#39;&#38;"><b>&#60;i&#62;</b>&#60;<b>&#60;i&#62;</b>0</p>');
    const lookalike: unknown = { text: '<script>' };
    assert.throws(() => html`${lookalike as string}`, TypeError, 'what only looks like it is not shown as it is');
  });
});

describe('times', () => {
  it('are told as people tell them', () => {
    const spans: [number, string][] = [[20_000, 'less than a minute'], [60_000, '1 min'], [3_599_000, '59 min'], [3_600_000, '1 h'], [5_400_000, '1 h 30 min'], [4.5 * 3_600_000, '4 h'], [26 * 3_600_000, '1 d 2 h'], [80 * 3_600_000, '3 d']];
    for (const [milliseconds, text] of spans) assert.equal(span(milliseconds).replaceAll('\u00a0', ' '), text);
    const now = new Date('2026-11-24T12:00:00Z');
    assert.deepEqual([fromNow('2026-11-24T15:00:00Z', now), fromNow('2026-11-24T11:00:00Z', now), utc('2026-11-24T14:00:30+02:00')], ['in 3\u00a0h', '1\u00a0h ago', '2026-11-24 12:00 UTC']);
  });
});

describe('an answer of a form', () => {
  const gate = { gate: 'stage1', evidence: '0123456789ab' };
  const now = new Date('2026-11-24T12:00:00Z');

  it('has only what its verdict is about', () => {
    const typed = { comment: 'c', effectiveAt: '2026-11-25T09:00', until: '2026-11-26 10:00', to: 'bob', item: 'i', incident: 'INC-1', except: ['P001/C003', 'P001/C004'] };
    const about = (verdict: string): unknown => answerOf({ ...typed, verdict }, 'alice', gate, now);
    const common = { ...gate, by: 'alice', comment: 'c' };
    assert.deepEqual(about('approve'), { answer: { ...common, verdict: 'approve', effectiveAt: '2026-11-25T09:00:00.000Z', except: ['P001/C003', 'P001/C004'] } });
    assert.deepEqual(about('reject'), { answer: { ...common, verdict: 'reject' } });
    assert.deepEqual(about('delegate'), { answer: { ...common, verdict: 'delegate', to: 'bob', until: '2026-11-26T10:00:00.000Z' } });
    assert.deepEqual(about('check'), { answer: { ...common, verdict: 'check', item: 'i' } });
    assert.deepEqual(about('bypass'), { answer: { ...common, verdict: 'bypass', incident: 'INC-1' } });
    assert.deepEqual(about('own'), { problem: 'Choose what you decide.' });
  });

  it('says what is missing or is no time', () => {
    const problem = (typed: object): string => (answerOf(typed, 'alice', gate, now) as { problem: string }).problem;
    assert.match(problem({ verdict: 'reject' }), /needs a reason/);
    assert.match(problem({ verdict: 'delegate' }), /who decides instead/);
    assert.match(problem({ verdict: 'defer' }), /until when/);
    assert.match(problem({ verdict: 'defer', until: 'tomorrow' }), /“tomorrow” is not a time/);
    assert.match(problem({ verdict: 'approve', effectiveAt: '2026-11-24T11:59' }), /is past/);
  });
});

describe('what comes back from a browser', () => {
  it('is a path of the inbox, or the list', () => {
    assert.equal(localPath('/inbox/gates/releaseModel%3AP001%3AC001%3A42-0'), '/inbox/gates/releaseModel%3AP001%3AC001%3A42-0');
    for (const given of [null, undefined, '', '/', 'inbox', '//inbox', '/inbox//evil', '/inbox/gates/', '/inbox/gates/a/b', '/inbox/gates/a?b', 'https://x/inbox', '/inbox\n', `/inbox/gates/${'a'.repeat(2_000)}`]) assert.equal(localPath(given), '/inbox', String(given));
  });

  it('is a tick of ours, or none', () => {
    assert.deepEqual(readTicked('["w","r","stage1",0,"0123"]'), { workflowId: 'w', runId: 'r', gate: 'stage1', generation: 0, evidence: '0123' });
    for (const given of ['', '{}', '[]', 'null', '["w","r","g","0","e"]', '["w","r","g",0.5,"e"]', '[1,"r","g",0,"e"]']) assert.equal(readTicked(given), null, given);
  });
});
