import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { createFreezeActivities, freezeStanding, upcomingFreezes } from '../../../activities/estate/freezes.ts';
import { createEstateActivities } from '../../../activities/estate/index.ts';
import type { FreezeAction } from '../../../workflows/domain/freeze.ts';
import { failure } from '../support/platforms.ts';

const demo = await readFile('estate/demo.yml', 'utf8');
const first = demo.split('\n').length + 1;
const withFreezes = (freezes: string): string => `${demo}\nfreezes:\n${freezes}\n`;
const estateOf = (freezes: string) => parseEstate(withFreezes(freezes), 'estate.yml');
const once = '{name: audit, reason: the auditors are here, from: 2026-12-01, until: 2026-12-03';
const target = { plant: 'P001', circuit: 'C001' };
const standing = (freezes: string, at: string, action: FreezeAction = 'release', targets = [target]) => freezeStanding(estateOf(freezes), { targets, action }, at);

describe('the section freezes', () => {
  const cases: [string, RegExp][] = [
    ['  - {name: audit, reason: x}', new RegExp(`^estate\\.yml:${first + 1}: freezes\\.0\\.name: needs either rule and duration, or from and until$`)],
    [`  - {name: audit, reason: x, from: 2026-12-01, until: 2026-12-03, rule: "RRULE:FREQ=DAILY", duration: 1d}`, /freezes\.0\.rule: has no DTSTART line/],
    ['  - {name: audit, reason: x, from: 2026-12-03, until: 2026-12-01}', /freezes\.0\.until: must be later than "from"/],
    ['  - {name: audit, reason: x, from: 2026-12-03}', /freezes\.0\.from: needs until beside it/],
    ['  - {name: audit, reason: x, from: tomorrow, until: 2026-12-01}', /freezes\.0\.from: must be a date such as 2026-12-24, or an instant/],
    ['  - {name: audit, reason: x, duration: 3d}', /freezes\.0\.duration: belongs to a rule, which is missing/],
    ['  - name: audit\n    reason: x\n    rule: |\n      DTSTART;TZID=Europe/Berlin:20261220T180000\n      RRULE:FREQ=YEARLY', new RegExp(`:${first + 3}: freezes\\.0\\.rule: needs a duration beside it`)],
    ['  - name: audit\n    reason: x\n    duration: 1w\n    rule: |\n      DTSTART;TZID=Europe/Berlin:20261220T180000\n      RRULE:FREQ=FORTNIGHTLY', new RegExp(`:${first + 4}: freezes\\.0\\.rule: RRULE: FREQ=FORTNIGHTLY.*\\n.*:${first + 3}: freezes\\.0\\.duration: must be a length such as "15d"`)],
    [`  - ${once}, targets: [P009]}`, /freezes\.0\.targets\.0: there is no plant or circuit "P009"; a circuit is P001\/C001/],
    [`  - ${once}, actions: [rollback]}`, /freezes\.0\.actions\.0: must be release, environmentUpdate, configurationChange, pipelineStage/],
    [`  - ${once}, environments: [production], actions: [configurationChange]}`, /freezes\.0\.actions\.0: configurationChange takes place in development, which is none of the freeze's environments/],
    [`  - ${once}, actions: [pipelineStage], targets: [P001]}`, /freezes\.0\.targets: a pipeline's stage has no plant or circuit/],
    [`  - ${once}, mayOverride: [mallory]}`, /freezes\.0\.mayOverride\.0: "mallory" is nobody in people, nor a group or contact/],
    [`  - ${once}}\n  - ${once}}`, /freezes\.1\.name: "audit" is the name of an earlier freeze/],
    [`  - ${once}, timezone: Berlin}`, /freezes\.0\.timezone: is no time zone that is known here/],
    [`  - ${once}, when: now}`, /freezes\.0\.when: unknown field/],
  ];
  for (const [freezes, complaint] of cases) it(`is refused: ${complaint.source.slice(0, 90)}`, () => assert.throws(() => estateOf(freezes), failure('EstateInvalid', true, complaint)));
});

describe('what the freezes say', () => {
  it('concerns the circuits, environments and actions that they name, and nothing else', () => {
    const inside = '2026-12-02T12:00:00Z';
    const names = (freezes: string, action?: FreezeAction, targets?: typeof target[]) => standing(freezes, inside, action, targets)?.inForce.map(({ name }) => name) ?? null;
    assert.deepEqual(names(`  - ${once}}`), ['audit']);
    assert.deepEqual(names(`  - ${once}}`, 'configurationChange'), ['audit']);
    assert.equal(names(`  - ${once}, environments: [production]}`, 'configurationChange'), null);
    assert.equal(names(`  - ${once}, actions: [environmentUpdate]}`), null);
    assert.equal(names(`  - ${once}, targets: [P002, P001/C002]}`), null);
    assert.deepEqual(names(`  - ${once}, targets: [P001]}`), ['audit']);
    assert.deepEqual(names(`  - ${once}, targets: [P001/C001]}`), ['audit']);
    assert.deepEqual(names(`  - ${once}, targets: [P001/C002]}`, 'environmentUpdate', [target, { plant: 'P001', circuit: 'C002' }]), ['audit']); // of one of many, for all
  });

  it("concerns a pipeline's stage by the environment in which it takes place, where it names no targets", () => {
    const names = (freezes: string, environment: 'production' | 'development') => freezeStanding(estateOf(freezes), { targets: [], action: 'pipelineStage', environment }, '2026-12-02T12:00:00Z')?.inForce.map(({ name }) => name) ?? null;
    assert.deepEqual([names(`  - ${once}}`, 'production'), names(`  - ${once}}`, 'development')], [['audit'], ['audit']]);
    assert.deepEqual([names(`  - ${once}, environments: [production]}`, 'production'), names(`  - ${once}, environments: [production]}`, 'development')], [['audit'], null]);
    assert.deepEqual([names(`  - ${once}, targets: [P001]}`, 'production'), names(`  - ${once}, actions: [release]}`, 'production'), names(`  - ${once}, actions: [pipelineStage]}`, 'production')], [null, null, ['audit']]);
  });

  it('is when it opens next, when it closes, and who may override all that are in force', () => {
    const freezes = `  - ${once}, timezone: America/Los_Angeles, mayOverride: [alice, manager]}
  - name: weekends
    reason: nobody is there
    mayOverride: [releasers]
    duration: 60h
    rule: |
      DTSTART;TZID=America/Los_Angeles:20261204T180000
      RRULE:FREQ=WEEKLY
      EXDATE;TZID=America/Los_Angeles:20261211T180000`;
    const at = (instant: string) => standing(freezes, instant)!;
    assert.deepEqual({ ...at('2026-12-01T07:59:59Z'), digest: '' }, { inForce: [], opensAt: null, closesAt: '2026-12-01T08:00:00.000Z', mayOverride: [], digest: '' });
    assert.deepEqual({ ...at('2026-12-02T00:00:00Z'), digest: '' }, { inForce: [{ name: 'audit', reason: 'the auditors are here', until: '2026-12-04T08:00:00.000Z' }], opensAt: '2026-12-04T08:00:00.000Z', closesAt: '2026-12-05T02:00:00.000Z', mayOverride: ['alice', 'carol'], digest: '' });
    assert.deepEqual([at('2026-12-04T08:00:00Z').inForce, at('2026-12-05T02:00:00Z').opensAt], [[], '2026-12-07T14:00:00.000Z']);
    assert.deepEqual(at('2026-12-12T12:00:00Z').inForce, []); // the weekend that is excepted
    assert.equal(at('2026-12-04T08:00:00Z').digest, at('2026-12-05T02:00:00Z').digest); // time alone changes no declaration
    const both = standing(`  - ${once}, mayOverride: [alice, bob]}\n  - {name: move, reason: x, from: "2026-12-02T00:00:00Z", until: "2026-12-08T00:00:00Z", mayOverride: [bob, carol]}`, '2026-12-02T12:00:00Z')!;
    assert.deepEqual([both.inForce.map(({ name }) => name), both.opensAt, both.mayOverride], [['audit', 'move'], '2026-12-08T00:00:00.000Z', ['bob']]);
  });

  it('announces those that a release will meet within 30 days, the soonest first', () => {
    const freezes = `  - ${once}}\n  - {name: far, reason: x, from: 2027-03-01, until: 2027-03-02}\n  - {name: soon, reason: x, from: 2026-11-25, until: 2026-11-25}`;
    const windows = upcomingFreezes(estateOf(freezes), { targets: [target], action: 'release' }, '2026-11-21T09:00:00Z');
    assert.deepEqual(windows, [{ name: 'soon', from: '2026-11-25T00:00:00.000Z', until: '2026-11-26T00:00:00.000Z' }, { name: 'audit', from: '2026-12-01T00:00:00.000Z', until: '2026-12-04T00:00:00.000Z' }]);
  });
});

describe('the activities of freezes', () => {
  it('answer the same when they are asked again, hold while the estate cannot be read, and notice a change', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdpoint-freezes-'));
    const estateFile = join(directory, 'estate.yml');
    try {
      const { readFreeze, awaitFreezeChange } = createFreezeActivities({ estateFile, lookEveryMs: 7_000 });
      const question = { targets: [target], action: 'release' as const };
      const at = '2026-12-02T12:00:00Z';
      await writeFile(estateFile, demo);
      assert.deepEqual(await readFreeze({ ...question, at }), { standing: null });
      await writeFile(estateFile, withFreezes(`  - ${once}}`));
      const { standing: known } = await readFreeze({ ...question, at });
      assert.deepEqual(await readFreeze({ ...question, at }), { standing: known });
      const waited = awaitFreezeChange({ ...question, known: known!.digest });
      await assert.rejects(waited, failure('StillWatching', false, /as they were/));
      await assert.rejects(waited, { nextRetryDelay: 7_000 });

      await writeFile(estateFile, withFreezes('  - {name: half}'));
      const { standing: broken } = await readFreeze({ ...question, at });
      assert.match(`${broken?.inForce[0]?.name}: ${broken?.inForce[0]?.reason}`, /the estate cannot be read: .*estate\.yml:\d+: freezes\.0/);
      await assert.rejects(awaitFreezeChange({ ...question, known: known!.digest }), failure('StillWatching', false, /as they were/));

      await writeFile(estateFile, demo);
      assert.notEqual((await awaitFreezeChange({ ...question, known: known!.digest })).digest, known!.digest);
      assert.notEqual((await awaitFreezeChange({ ...question, known: broken!.digest })).digest, broken!.digest);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('tell the policy of a release of the freezes ahead, and leave its digest as it was', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdpoint-freezes-'));
    try {
      const estateFile = join(directory, 'estate.yml');
      await writeFile(estateFile, withFreezes(`  - ${once}}`));
      const { loadPolicy } = createEstateActivities({ estateFile });
      const [plain, dated] = [await loadPolicy({ target }), await loadPolicy({ target, at: '2026-11-21T09:00:00Z' })];
      assert.deepEqual([plain.freezes, dated.freezes?.map(({ name }) => name), dated.digest === plain.digest], [undefined, ['audit'], true]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
