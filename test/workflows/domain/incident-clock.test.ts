/** The clocks of an incident: they stop, move with the severity and are missed, whatever people do and in whichever order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dues, isBreach, passTime, type ClockFacts } from '../../../workflows/domain/incident-clock.ts';
import { objectionTo, type IncidentMessage } from '../../../workflows/domain/incident-message.ts';
import { clockFacts, letTimePass, openIncidentState, takeMessage, type IncidentState } from '../../../workflows/domain/incident-state.ts';
import { defaultIncidentTerms, isGrave, type IncidentTerms } from '../../../workflows/domain/incident.ts';
import { severities } from '../../../workflows/domain/vocabulary.ts';

const minute = 60_000;
const start = Date.parse('2026-11-21T03:00:00.000Z');
const at = (minutes: number): string => new Date(start + minutes * minute).toISOString();
const terms: IncidentTerms = { ...defaultIncidentTerms, escalate: [{ afterMs: 5 * minute, to: 'on-call' }, { afterMs: 15 * minute, to: 'manager' }], leadership: { afterMs: 30 * minute, to: 'leadership' } };

const severity = fc.constantFrom(...severities);
const message: fc.Arbitrary<IncidentMessage> = fc.oneof(
  fc.record({ action: fc.constantFrom('acknowledge' as const, 'update' as const), by: fc.constantFrom('alice', 'bob'), comment: fc.constant('news') }),
  fc.record({ action: fc.constant('assess' as const), by: fc.constant('bob'), comment: fc.constant('seen'), severity }),
  fc.record({ action: fc.constant('takeRole' as const), by: fc.constant('alice'), comment: fc.constant(''), role: fc.constantFrom('commander' as const, 'scribe' as const) }),
  { arbitrary: fc.record({ action: fc.constantFrom('resolve' as const, 'postMortem' as const), by: fc.constant('bob'), comment: fc.constant('done') }), weight: 1 },
);
/** Messages with the minutes between them, and a silence at the end. */
const conduct = fc.record({ first: severity, moves: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 90 * minute }), message }), { maxLength: 25 }), silenceMs: fc.integer({ min: 0, max: 24 * 60 * minute }) });

/** Plays what people do; `look` sees each moment at which a message is taken, or time has passed. */
function play({ first, moves, silenceMs }: typeof conduct extends fc.Arbitrary<infer T> ? T : never, look: (state: IncidentState, now: string) => void = () => undefined): { state: IncidentState; passed: string[]; fired: { id: string; at: string; now: string }[] } {
  let state = openIncidentState(at(0), first);
  const fired: { id: string; at: string; now: string }[] = [];
  let now = start;
  const pass = (): void => {
    const step = letTimePass(state, terms, new Date(now).toISOString());
    state = step.state;
    fired.push(...step.passed.map(({ id, at: due }) => ({ id, at: due, now: new Date(now).toISOString() })));
    look(state, new Date(now).toISOString());
  };
  for (const { afterMs, message: said } of moves) {
    now += afterMs;
    pass();
    if (objectionTo(said, state) === null) state = takeMessage(state, said, new Date(now).toISOString());
    look(state, new Date(now).toISOString());
  }
  now += silenceMs;
  pass();
  return { state, passed: fired.map(({ id }) => id), fired };
}

describe('the clocks of an incident', () => {
  it('are due when the documents say: P0', () => {
    const opened = openIncidentState(at(0), 'P0');
    assert.deepEqual(passTime(clockFacts(opened), terms, at(31)).map(({ clock, at: due, to }) => [clock, (Date.parse(due) - start) / minute, ...(to ? [to] : [])]), [
      ['acknowledge', 5], ['respond', 5], ['escalate', 5, 'on-call'], ['assess', 10], ['offerRollback', 10], ['escalate', 15, 'manager'], ['update', 15], ['update', 30], ['leadership', 30],
    ]);
  });

  it('never run below P1 what only a grave incident has', () => {
    assert.deepEqual(passTime(clockFacts(openIncidentState(at(0), 'P2')), terms, at(24 * 60)).filter(({ clock }) => clock === 'offerRollback' || clock === 'leadership'), []);
  });

  it('are due at once where a raised severity makes them due, and not in the past', () => {
    let state = openIncidentState(at(0), 'P3');
    state = letTimePass(state, terms, at(40)).state;
    state = takeMessage(state, { action: 'assess', by: 'bob', comment: 'worse', severity: 'P0' }, at(40));
    assert.deepEqual(passTime(clockFacts(state), terms, at(40)).map(({ clock, at: due }) => [clock, due]), [['offerRollback', at(40)], ['leadership', at(40)]]);
    assert.deepEqual(passTime(clockFacts(state), terms, at(55)).filter(isBreach).map(({ clock, at: due }) => [clock, due]), [['respond', at(45)], ['update', at(55)]]);
  });

  it('count an update from when people were told last', () => {
    const state = takeMessage(openIncidentState(at(0), 'P0'), { action: 'update', by: 'bob', comment: 'looking' }, at(14));
    assert.equal(dues(clockFacts(state), terms).find(({ clock }) => clock === 'update')?.at, at(29));
  });

  it('fire each once and in order, never before their time, whoever does what', () => {
    fc.assert(fc.property(conduct, (story) => {
      const { passed, fired, state } = play(story);
      assert.equal(new Set(passed).size, passed.length);
      for (const { at: due, now } of fired) assert.ok(due <= now);
      assert.deepEqual(state.breaches.length, fired.filter(({ id }) => ['acknowledge', 'assess', 'postMortem'].includes(id) || /^(respond|update) /.test(id)).length);
    }));
  });

  it('stop: nothing of what was done is ever due again', () => {
    fc.assert(fc.property(conduct, (story) => {
      play(story, (state) => {
        const running = dues(clockFacts(state), terms).map(({ clock }) => clock);
        if (state.acknowledged) assert.ok(!running.includes('acknowledge'));
        if (state.assessed) assert.ok(!running.includes('assess'));
        if (state.acknowledged && state.assessed) assert.ok(!running.includes('escalate'));
        if (state.roles.commander) assert.ok(!running.includes('respond'));
        if (state.resolved) assert.ok(running.every((clock) => clock === 'postMortem' || clock === 'remindPostMortem'));
        else assert.ok(running.includes('update'));
        if (state.postMortem) assert.deepEqual(running, []);
        if (!isGrave(state.severity)) assert.ok(!running.includes('leadership') && !running.includes('offerRollback'));
      });
    }));
  });

  it('are missed exactly where the deed was later than its clock, or never came', () => {
    fc.assert(fc.property(conduct, (story) => {
      let end = '';
      const { state } = play(story, (_state, now) => (end = now));
      const missed = (clock: string): boolean => state.breaches.some((breach) => breach.clock === clock);
      const over = state.resolved?.at ?? end;
      for (const [clock, deed, ms] of [['acknowledge', state.acknowledged?.at, terms.acknowledgeMs], ['assess', state.assessed?.at, terms.assessMs]] as const) {
        const by = new Date(start + ms).toISOString();
        const done = deed === undefined || deed > over ? over : deed;
        // Done in its very minute is late: the clock has struck.
        assert.equal(missed(clock), done >= by, `${clock}: done ${done}, due ${by}`);
      }
    }));
  });

  it('move with the severity: a graver one never gives more time for the next update', () => {
    const facts = fc.record({ toldAt: fc.integer({ min: 0, max: 600 }), since: fc.constantFrom(...severities), next: fc.constantFrom(...severities) });
    fc.assert(fc.property(facts, ({ toldAt, since, next }) => {
      const base: ClockFacts = { ...clockFacts(openIncidentState(at(0), since)), toldAt: at(toldAt) };
      const dueAt = (level: typeof since): string => dues({ ...base, severity: level }, terms).find(({ clock }) => clock === 'update')!.at;
      if (severities.indexOf(next) <= severities.indexOf(since)) assert.ok(dueAt(next) <= dueAt(since));
      else assert.ok(dueAt(next) >= dueAt(since));
    }));
  });
});
