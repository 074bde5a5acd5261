import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextStep } from '../../../starters/now/next-step.ts';
import { nowText } from '../../../starters/now/now-text.ts';
import type { NowFacts } from '../../../starters/now/report.ts';
import { alert, before, gate, incident, quiet, released, run, serving } from './facts.ts';

const shown = (facts: NowFacts): string => nowText({ ...facts, next: nextStep(facts) });
/** As a terminal of 100 columns breaks them. */
const rows = (text: string): number => text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 100)), 0);

describe('the page of holdpoint now', () => {
  it('is short when all is quiet', () => {
    const text = shown(quiet());
    assert.ok(rows(text) < 12, text);
    assert.match(text, /serving +42-3f2a91c0 \(not judged yet\); before it 1; a rollback would go to 1 \(good\)/);
    assert.match(text, /Next: Nothing: all is quiet\./);
  });

  it('says that nothing served before, and that silence decides, in words', () => {
    assert.match(shown(quiet({ serving: { ...serving, previousVersion: null, rollback: { to: null, verdict: null, refused: '1 has no previous version', newestGood: null } } })), /before it none is tagged; a rollback would go to nowhere/);
    assert.match(shown(quiet({ gates: [gate] })), /\? Silence: /);
  });

  it('stays under 40 lines of 100 columns whatever there is', () => {
    const long = 'far too long a text from somebody who had a lot to tell at three in the morning '.repeat(8);
    const many = <T>(item: T): T[] => Array.from({ length: 50 }, () => item);
    const text = shown(quiet({
      lastChange: { ...released, what: long }, alerts: many({ ...alert, description: long, rule: 'a-rule-'.repeat(30) }), lastJob: { jobName: 'job', status: 'Failed', startedAt: before(1), error: long },
      runs: many({ ...run('releaseModel'), phase: long }), gates: many({ ...gate, silence: long, eligible: many('somebody') }), incidents: many({ ...incident, title: long }),
      stops: many({ by: 'coordinateIncident:x', reason: long, since: before(3) }), findings: many(long), lock: { epoch: 1, holder: { workflowId: 'w'.repeat(120), what: long, since: before(7) }, queue: many({ workflowId: 'releaseModel:P001:C001:43-0000aaaa', what: 'x' }) },
      unread: Array.from({ length: 20 }, (_each, index) => ({ source: `source ${index}`, reason: `reason ${index}`, kind: 'away' as const })),
    }));
    assert.ok(rows(text) < 40, `${rows(text)} lines\n${text}`);
    assert.match(text, /and 4[89] more/);
  });

  it('says what is not known, and shows nothing that a platform wrote as control characters', () => {
    const text = shown(quiet({ serving: null, lastChange: null, alerts: null, lastJob: null, runs: null, lock: null, gates: null, incidents: null, stops: null, unread: ['production deployment', 'alerts'].map((source) => ({ source, reason: 'no answer', kind: 'away' as const })) }));
    assert.match(text, /serving +not known\n/);
    assert.match(text, /not read +production deployment, alerts: no answer/);
    assert.doesNotMatch(shown(quiet({ alerts: [{ ...alert, description: '\u001b[2Jgone', rule: 'x\u001b]0;title\u0007' }] })), /[\u001b\u0007]/);
    assert.match(shown(quiet({ serving: { ...serving, exists: false } })), /production has no such deployment/);
  });
});
