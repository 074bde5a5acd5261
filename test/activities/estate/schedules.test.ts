import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseCron } from '../../../activities/estate/cron.ts';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { periodAround, selectTargets } from '../../../activities/estate/scheduled-targets.ts';
import { hookRules } from '../../../activities/estate/hook-rules.ts';
import { overlay } from '../../../scripts/simulate/overlay.ts';
import { scheduleRows } from '../../../starters/schedules/rows.ts';
import { perTargetRunbooks } from '../../../workflows/domain/schedules.ts';
import { failure } from '../support/platforms.ts';

const demo = await readFile('estate/demo.yml', 'utf8');
const bare = `${demo.slice(0, demo.indexOf('\nschedules:\n'))}\n${demo.slice(demo.indexOf('\nincidents:\n'))}`;
const first = bare.split('\n').length + 1;
const textOf = (schedules: string): string => `${bare}\nschedules:\n${schedules}\n`;
const estateOf = (schedules: string) => parseEstate(textOf(schedules), 'estate.yml');
const monthly = 'runbook: investigateDegradation, oncePer: month';

describe('the section schedules', () => {
  it('names file, line, field and what to do', () => {
    const cases: [string, RegExp][] = [
      ['  a:\n    runbook: releaseEverything\n    every: 1h', new RegExp(`^estate\\.yml:${first + 2}: schedules\\.a\\.runbook: is no runbook that a schedule can start; it can start .*${perTargetRunbooks.join(', ')}$`)],
      ['  a:\n    every: 1h', new RegExp(`^estate\\.yml:${first + 1}: schedules\\.a: does not say what it starts; give runbook`)],
      [`  a: {${monthly}}`, /schedules\.a: does not say when it runs; give every, cron or calendar/],
      [`  a: {${monthly}, every: 30s}`, /schedules\.a\.every: must be at least 1m/],
      [`  a: {${monthly}, every: 1d, cron: "0 6 1 * *"}`, /schedules\.a\.cron: says once more when it runs, besides every; keep one of them/],
      [`  a: {${monthly}, cron: "0 6 1 *"}`, /schedules\.a\.cron: must have five fields .*, not 4/],
      [`  a: {${monthly}, cron: "0 24 1 * *"}`, /schedules\.a\.cron: its hour "24" is nothing between 0 and 23/],
      [`  a: {${monthly}, cron: "0 6 1 * mon"}`, /schedules\.a\.cron: names days of the month and of the week, which programs understand differently/],
      [`  a: {${monthly}, cron: "0 6 30 2 *"}`, /schedules\.a\.cron: there is no day 30 in month 2/],
      [`  a: {${monthly}, calendar: {dayOfMonth: 31, month: [4, 6]}}`, /schedules\.a\.calendar: there is no day 31 in month 4, 6/],
      [`  a: {${monthly}, calendar: {hour: 25}}`, /schedules\.a\.calendar\.hour: must be a whole number from 0 to 23, or a list of them/],
      [`  a: {${monthly}, cron: "0 6 1 * *", timezone: Berlin}`, /schedules\.a\.timezone: is no time zone that is known here/],
      [`  a: {${monthly}, every: 1d, timezone: Europe/Berlin}`, /schedules\.a\.timezone: means nothing for "every"/],
      ['  a: {runbook: investigateDegradation, every: 1d}', /schedules\.a: does not say how often a circuit's turn is at most; give oncePer: day, week, month, quarter, year/],
      [`  a: {${monthly}, every: 1d, targets: {plants: [P001, P009]}}`, /schedules\.a\.targets\.plants\.1: there is no plant P009; known are P001, P002/],
      [`  a: {${monthly}, every: 1d, targets: {severities: [P0]}}`, /schedules\.a\.targets: selects no circuit of the estate/],
      ['  a: {runbook: reviewPendingReleases, every: 1d, oncePer: month}', /schedules\.a\.oncePer: means nothing for reviewPendingReleases/],
      ['  sweepRuns: {targets: {plants: [P001]}}', /schedules\.sweepRuns\.targets: means nothing for sweepRuns/],
      ['  sweepRuns: {runbook: anchorRecord}', /schedules\.sweepRuns\.runbook: the schedule sweepRuns comes with Holdpoint and starts sweepRuns; choose another name/],
      [`  a: {${monthly}, every: 1d, overlap: queue}`, /schedules\.a\.overlap: must be skip, wait, parallel, replace/],
      [`  a: {${monthly}, every: 1d, catchUp: 1s}`, /schedules\.a\.catchUp: must be at least 10s/],
      [`  a: {${monthly}, every: 1d, maxParallel: 0}`, /schedules\.a\.maxParallel: must be 1 or more/],
      [`  a b: {${monthly}, every: 1d}`, /schedules\.a b: must be letters, digits and "-"/],
      [`  a: {${monthly}, every: 1d, at: 6}`, /schedules\.a\.at: unknown field/],
    ];
    for (const [schedules, complaint] of cases) assert.throws(() => estateOf(schedules), failure('EstateInvalid', true, complaint), schedules);
  });

  it('refuses an input that the runbook does not take, by file, line and field', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-schedules-'));
    const file = join(directory, 'estate.yml');
    const cases: [string, RegExp][] = [
      [`  a:\n    ${monthly.replace(', ', '\n    ')}\n    every: 1d\n    input:\n      window: year`, new RegExp(`:${first + 6}: schedules\\.a\\.input\\.window: must be week or month`)],
      [`  a: {${monthly}, every: 1d, input: {weeks: 3}}`, /schedules\.a\.input\.weeks: is not a field of investigateDegradation's input/],
      [`  a: {${monthly}, every: 1d, input: {target: {plant: P001, circuit: C001}}}`, /schedules\.a\.input\.target: each circuit that is selected is the target; leave it out/],
      ['  sweepRuns: {input: {lookBackMs: soon}}', /schedules\.sweepRuns\.input\.lookBackMs: /],
      ['  anchorRecord: {input: {at: now}}', /schedules\.anchorRecord\.input: anchorRecord takes no input/],
    ];
    try {
      for (const [schedules, complaint] of cases) {
        writeFileSync(file, textOf(schedules));
        await assert.rejects(scheduleRows(estateOf(schedules), file), failure('EstateInvalid', true, complaint), schedules);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('adds to what comes with Holdpoint, and changes it', async () => {
    const rows = await scheduleRows(estateOf(`  anchorRecord: {cron: "30 2 * * *", timezone: Europe/Berlin}\n  sweepRuns: {paused: true, input: {lookBackMs: 1000}}\n  weekly: {${monthly.replace('month', 'week')}, calendar: {dayOfWeek: [monday], hour: 6}, targets: {plants: [P002]}, overlap: wait}`), 'estate.yml');
    const told = rows.map(({ id, when, workflow, overlap, catchUpMs, paused }) => [id, when, workflow, overlap, catchUpMs / 60_000, paused]);
    assert.deepEqual(told, [
      ['anchorRecord', '30 2 * * * Europe/Berlin', 'anchorRecord', 'skip', 24 * 60, false],
      ['unblockRelease', 'every 1h', 'unblockRelease', 'skip', 60, false],
      ['sweepRuns', 'every 30m', 'sweepRuns', 'skip', 30, true],
      ['reconcileAlerts', 'every 10m', 'reconcileAlerts', 'skip', 10, false],
      ['reconcileHooks', 'every 15m', 'reconcileHooks', 'skip', 15, false],
      ['findTrainingFailures', 'every 1h', 'findTrainingFailures', 'skip', 60, false],
      ['weekly', '06:00 on monday UTC', 'startForTargets', 'wait', 72 * 60, false],
    ]);
    assert.deepEqual([rows[0]?.args, rows[2]?.args], [[], [{ lookBackMs: 1000 }]]);
    assert.deepEqual(rows[6]?.args, [{ schedule: 'weekly', runbook: 'investigateDegradation', select: { plants: ['P002'], severities: null }, oncePer: 'week', timezone: 'UTC', input: {}, maxParallel: 4 }]);
  });
});

describe('a cron expression', () => {
  it('becomes lists of numbers', () => {
    const fields = parseCron('*/20 6-18/6 1,15 jan-mar *');
    assert.ok(typeof fields !== 'string');
    assert.deepEqual([fields.minute, fields.hour, fields.dayOfMonth, fields.month, fields.dayOfWeek.length], [[0, 20, 40], [6, 12, 18], [1, 15], [1, 2, 3], 7]);
    const sundays = parseCron('0 0 * * sun,5-7');
    assert.deepEqual(typeof sundays === 'string' ? sundays : sundays.dayOfWeek, [0, 5, 6]);
    for (const wrong of ['60 * * * *', '5-1 * * * *', '*-3 * * * *', '*/0 * * * *', '0 6 0 * *', '0 6 1 feb-foo *', ', * * * *']) assert.equal(typeof parseCron(wrong), 'string', wrong);
  });
});

describe('what a schedule starts', () => {
  it('selects by plant and severity, the most critical first', () => {
    const estate = parseEstate(stringify(overlay(parse(demo) as object, { plants: { P002: { severity: 'P1', circuits: { C003: { column: 'wind', severity: 'P0' } } } } })), 'estate.yml');
    const labels = (plants: string[] | null, severities: ('P0' | 'P1' | 'P2')[] | null) => selectTargets(estate, { plants, severities }).map(({ plant, circuit }) => `${plant}/${circuit}`);
    assert.deepEqual(labels(null, null), ['P002/C003', 'P002/C001', 'P002/C002', 'P002/C004', 'P001/C001', 'P001/C002', 'P001/C003', 'P001/C004']);
    assert.deepEqual(labels(['P001'], null).length, 4);
    assert.deepEqual(labels(null, ['P0', 'P1']), ['P002/C003', 'P002/C001', 'P002/C002', 'P002/C004']);
  });

  it('counts periods by the wall clock of its time zone', () => {
    const cases = [
      ['2026-11-01T03:00:00Z', 'month', 'America/New_York', '2026-10', '2026-10', '2026-10-01T04:00:00.000Z'],
      ['2026-11-01T05:00:00Z', 'month', 'America/New_York', '2026-11', '2026-11', '2026-11-01T04:00:00.000Z'],
      ['2026-12-31T23:30:00Z', 'quarter', 'Europe/Berlin', '2027-Q1', '2027-Q1', '2026-12-31T23:00:00.000Z'],
      ['2026-11-21T12:00:00Z', 'quarter', 'UTC', '2026-Q4', '2026-Q4', '2026-10-01T00:00:00.000Z'],
      ['2026-11-22T12:00:00Z', 'week', 'UTC', 'the week of 2026-11-16', '2026-W47', '2026-11-16T00:00:00.000Z'],
      ['2026-11-22T12:00:00Z', 'day', 'UTC', '2026-11-22', '2026-11-22', '2026-11-22T00:00:00.000Z'],
      ['2026-11-22T12:00:00Z', 'year', 'UTC', '2026', '2026', '2026-01-01T00:00:00.000Z'],
    ] as const;
    for (const [at, oncePer, timezone, period, periodId, since] of cases) assert.deepEqual(periodAround(at, oncePer, timezone), { period, periodId, since }, at);
  });

  it('looks for missed hooks in the repositories that the estate names', () => {
    const rules = (changes: object) => hookRules(parseEstate(stringify(overlay(parse(demo) as object, changes)), 'estate.yml'));
    assert.deepEqual(rules({}), { repositories: ['sensor-predictions'], releaseBranch: 'refs/heads/main', builds: null, approvals: null });
    assert.deepEqual(rules({ azureDevOps: { repositories: ['a', 'b'] } }).repositories, ['a', 'b']);
    assert.deepEqual(rules({ execution: { training: 'accompany' } }).builds, { releaseBranch: 'refs/heads/main', forMs: 3_600_000, everyMs: 1_000 });
    const { approvals } = rules({ execution: { training: 'accompany' }, plants: { P002: { execution: { training: 'native' } } } });
    assert.deepEqual([approvals?.accompanied.map(({ plant }) => plant), approvals?.people.map(({ id }) => id), approvals?.sources], [['P001', 'P001', 'P001', 'P001'], ['alice', 'bob', 'carol', 'dana'], null]);
  });
});
