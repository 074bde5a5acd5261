import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseEstate, readEstateWarnings } from '../../../activities/estate/estate-file.ts';
import { createEstateActivities } from '../../../activities/estate/index.ts';
import { targetPolicy } from '../../../activities/estate/target-policy.ts';
import { neverDue } from '../../../workflows/domain/gate-clock.ts';
import type { TargetPolicy } from '../../../workflows/domain/policy.ts';
import { failure } from '../support/platforms.ts';

const demo = await readFile('estate/demo.yml', 'utf8');
const hour = 3_600_000;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-estate-'));
after(() => rmSync(directory, { recursive: true }));

/** The demo's estate with other gates, people and plants. */
function estateOf(sections: Partial<Record<'people' | 'gates' | 'plants', string>>, more = ''): string {
  const text = Object.entries(sections).reduce((whole, [name, section]) => whole.replace(new RegExp(`^${name}:\n(?:(?: .*)?\n)*`, 'm'), `${name}:\n${section}\n`), demo);
  return `${text}\n${more}`;
}

function policyOf(text: string, plant = 'P001', circuit = 'C001'): TargetPolicy {
  const policy = targetPolicy(parseEstate(text, 'estate.yml'), { plant, circuit });
  assert.ok(!('problem' in policy), JSON.stringify(policy));
  return policy;
}

async function warningsOf(text: string): Promise<string[]> {
  const file = join(directory, 'warnings.yml');
  writeFileSync(file, text);
  return (await readEstateWarnings(file)).map((line) => line.replace(file, 'estate.yml'));
}

const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

const ordinary = `gateDefaults:
  - {quorum: 1, approvers: [releasers], fourEyes: true, bindEvidence: false, identity: claimed, deadline: 72h, remindAfter: 4h, onSilence: expire}
  - {severity: [P0, P1], quorum: 2, deadline: 24h, evidence: {lifetime: 4h}}
  - {severity: P0, environment: production, deadline: 8h working, remindAfter: [1h working, 2h working], escalate: [{after: 3h working, to: manager}], evidence: {tolerance: {mae: 0.02}}}
`;
const short = { gates: '  stage1: {bindEvidence: true}\n  stage3: {}\n  rollback: {fourEyes: false, onSilence: rollBack, quorum: 1}' };
const plants = `  P001:
    station: Seattle
    severity: P0
    circuits: {C001: temp_max, C002: {column: wind, severity: P3, execution: {training: accompany}}}
  P002:
    station: New York
    gates:
      stage3: {approvers: [new-york-engineers, bob], mandatoryGroups: [new-york-engineers], opening: new-york}
    circuits: {C001: temp_max}`;

describe('a gate written in full, as in the first release', () => {
  it('gets the defaults of everything that is new', () => {
    const { gates, severity, approvalPer, supersede, execution, people } = policyOf(demo);
    assert.deepEqual(gates.stage1, {
      quorum: 1, approvers: ['alice', 'bob', 'carol'], groups: [], mandatoryGroups: [], delegations: [], fourEyes: true, rejection: 'any', bindEvidence: false, identity: 'claimed',
      clock: { remind: [{ afterMs: 4 * hour, hours: 'elapsed' }], escalate: [], widen: [], decide: { afterMs: 72 * hour, hours: 'elapsed' } },
      onSilence: 'expire', evidence: { lifetimeMs: null, tolerance: {} }, opening: null, checklist: [], breakGlass: [], severity: 'P2',
    });
    assert.deepEqual(gates.stage3, gates.stage1);
    assert.deepEqual([gates.rollback.fourEyes, gates.rollback.onSilence, gates.rollback.clock.decide.afterMs], [false, 'approve', hour / 2]);
    assert.deepEqual([severity, approvalPer, supersede, execution], ['P2', 'circuit', 'retire', { training: 'native' }]);
    assert.deepEqual(people[3], { id: 'dana', aliases: ['dana@example.com'], calendar: 'new-york' });
  });

  it('needs no calendar, group or contact in the file', () => {
    const old = demo.replace(/^calendars:\n(?:(?: .*)?\n)*/m, '').replace(/^groups:\n(?:(?: .*)?\n)*/m, '').replace(/^escalation:\n(?:(?: .*)?\n)*/m, '').replace(/^incidents:\n(?:(?: .*)?\n)*/m, '').replace(/^ +calendar: .*\n/gm, '');
    assert.deepEqual(policyOf(old).gates, policyOf(demo).gates);
    assert.equal(policyOf(old).people[0]!.calendar, null);
  });
});

describe('a gate put together', () => {
  const text = estateOf({ ...short, plants }, ordinary);

  it('takes from each default that fits, then from the gate, then from the plant', () => {
    const grave = policyOf(text).gates;
    assert.deepEqual([grave.stage1.quorum, grave.stage1.clock.decide, grave.stage1.bindEvidence, grave.stage1.evidence], [2, { afterMs: 24 * hour, hours: 'elapsed' }, true, { lifetimeMs: 4 * hour, tolerance: {} }]);
    assert.deepEqual(grave.stage3.clock, {
      remind: [{ afterMs: hour, hours: 'working' }, { afterMs: 2 * hour, hours: 'working' }], escalate: [{ afterMs: 3 * hour, hours: 'working', to: 'manager' }], widen: [], decide: { afterMs: 8 * hour, hours: 'working' },
    });
    assert.deepEqual([grave.stage3.evidence, grave.stage3.bindEvidence, grave.stage3.severity], [{ lifetimeMs: 4 * hour, tolerance: { mae: 0.02 } }, false, 'P0']);
    assert.deepEqual([grave.rollback.quorum, grave.rollback.onSilence, grave.rollback.clock.escalate.length], [1, 'rollBack', 1]);

    const light = policyOf(text, 'P001', 'C002');
    assert.deepEqual([light.severity, light.gates.stage3.quorum, light.gates.stage3.clock.decide.afterMs, light.sensor.column, light.execution.training], ['P3', 1, 72 * hour, 'wind', 'accompany']);

    const eastern = policyOf(text, 'P002').gates;
    assert.deepEqual([eastern.stage3.approvers, eastern.stage3.mandatoryGroups, eastern.stage3.opening], [['carol', 'dana', 'bob'], ['new-york-engineers'], 'new-york']);
    assert.deepEqual([eastern.stage1.approvers, eastern.stage1.opening], [['alice', 'bob', 'carol'], null]);
  });

  it('keeps the groups and contacts that it names, with whom they stand for', () => {
    assert.deepEqual(policyOf(text).gates.stage3.groups, [{ name: 'releasers', members: ['alice', 'bob', 'carol'] }, { name: 'manager', members: ['carol'] }]);
    assert.deepEqual(policyOf(text, 'P002').gates.stage3.groups, [{ name: 'new-york-engineers', members: ['carol', 'dana'] }]);
  });

  it('expands groups wherever it names people, each person once', () => {
    const all = estateOf({ gates: `  stage1: {approvers: [bob, seattle-engineers], widen: [{after: 1h, approvers: [new-york-engineers, dana]}], breakGlass: [seattle-engineers], checklist: [{id: backup, text: Is there a backup?, by: person, people: [new-york-engineers]}, {id: no-firing-alerts, text: Is all quiet?, by: machine}]}\n  stage3: {}\n  rollback: {}` }, ordinary);
    const { stage1 } = policyOf(all).gates;
    assert.deepEqual([stage1.approvers, stage1.clock.widen[0]!.approvers, stage1.breakGlass], [['bob', 'alice'], ['carol', 'dana'], ['alice', 'bob']]);
    assert.deepEqual(stage1.checklist, [{ id: 'backup', text: 'Is there a backup?', by: 'person', people: ['carol', 'dana'] }, { id: 'no-firing-alerts', text: 'Is all quiet?', by: 'machine', people: null }]);
  });
});

describe('absences', () => {
  const people = (absence: string): string => `  - {id: alice, calendar: seattle, absences: [${absence}]}\n  - {id: bob}\n  - {id: carol}\n  - {id: dana, aliases: [dana@example.com]}`;

  it('are delegations of those who may decide, in dates of their own calendar with the last one included, or in instants', () => {
    const text = estateOf({ people: people('{from: 2026-12-24, until: 2026-12-31, delegate: dana}, {from: "2027-01-04T12:00:00Z", until: "2027-01-04T18:00:00+01:00", delegate: bob}') });
    assert.deepEqual(policyOf(text).gates.stage1.delegations, [
      { from: 'alice', to: 'dana', since: '2026-12-24T08:00:00.000Z', until: '2027-01-01T08:00:00.000Z' },
      { from: 'alice', to: 'bob', since: '2027-01-04T12:00:00.000Z', until: '2027-01-04T17:00:00.000Z' },
    ]);
    assert.deepEqual(policyOf(text.replaceAll('approvers: [alice, bob, carol]', 'approvers: [bob, carol]')).gates.stage1.delegations, []);
  });

  for (const [what, absence, complaint] of [
    ['that end before they begin', '{from: 2026-12-31, until: 2026-12-24, delegate: bob}', /people\.0\.absences\.0\.until: must be later than "from"/],
    ['delegated to oneself', '{from: 2026-12-24, until: 2026-12-24, delegate: alice}', /people\.0\.absences\.0\.delegate: alice cannot answer for alice/],
    ['delegated to nobody', '{from: 2026-12-24, until: 2026-12-24, delegate: erin}', /people\.0\.absences\.0\.delegate: "erin" is nobody in people/],
    ['on a day that there is not', '{from: 2026-02-30, until: 2026-03-01, delegate: bob}', /people\.0\.absences\.0\.from: must be a date such as/],
    ['at a local time', '{from: "2026-12-24T12:00", until: 2026-12-31, delegate: bob}', /people\.0\.absences\.0\.from: must be a date such as/],
  ] as const) {
    it(`are refused ${what}`, () => assert.throws(() => parseEstate(estateOf({ people: people(absence) }), 'estate.yml'), failure('EstateInvalid', true, complaint)));
  }
});

describe('refused in gates', () => {
  const stage1 = (fields: string): string => estateOf({ gates: `  stage1: {${fields}}\n  stage3: {}\n  rollback: {}` }, ordinary);
  for (const [what, text, complaint] of [
    ['a field that comes from nowhere', estateOf({ gates: '  stage1: {quorum: 1}\n  stage3: {}\n  rollback: {}' }), /^estate\.yml:\d+: gates\.stage1: lacks approvers, fourEyes, .*onSilence for targets of severity P2; give them here, or in gateDefaults/],
    ['a group that does not exist', stage1('approvers: [releasers, engineers]'), /gates\.stage1\.approvers\.1: "engineers" is nobody in people, nor a group/],
    ['an approver twice', stage1('approvers: [alice, bob, alice]'), /gates\.stage1\.approvers\.2: "alice" is listed twice/],
    ['a mandatory group that does not exist', stage1('mandatoryGroups: [alice]'), /gates\.stage1\.mandatoryGroups\.0: there is no group "alice"/],
    ['a mandatory group of which nobody approves', stage1('approvers: [alice, bob], mandatoryGroups: [new-york-engineers]'), /gates\.stage1\.mandatoryGroups\.0: nobody of new-york-engineers is among the approvers/],
    ['a mandatory group of one, whom four-eyes may exclude', stage1('mandatoryGroups: [new-york-engineers]'), /mandatoryGroups\.0: only carol of new-york-engineers is among the approvers, so that the gate could never pass when carol asked/],
    ['a contact that does not exist', stage1('escalate: [{after: 1h, to: director}]'), /gates\.stage1\.escalate\.0\.to: "director" is no contact/],
    ['nobody to widen to', stage1('widen: [{after: 1h, approvers: [erin]}]'), /gates\.stage1\.widen\.0\.approvers\.0: "erin" is nobody/],
    ['nobody to break the glass', stage1('breakGlass: [erin]'), /gates\.stage1\.breakGlass\.0: "erin" is nobody/],
    ['an opening without a calendar', stage1('opening: tuesdays'), /gates\.stage1\.opening: there is no calendar "tuesdays"/],
    ['an item of the checklist twice', stage1('checklist: [{id: a, text: A, by: person}, {id: a, text: B, by: person}]'), /gates\.stage1\.checklist\.1\.id: "a" is the id of an earlier item/],
    ['a machine that is a person', stage1('checklist: [{id: a, text: A, by: machine, people: [alice]}]'), /gates\.stage1\.checklist\.0\.people: the runbook answers this item/],
    ['a machine that can check no such thing, saying what it may mean', stage1('checklist: [{id: backup, text: A, by: person}, {id: no-firing-alert, text: B, by: machine}]'), /^estate\.yml:\d+: gates\.stage1\.checklist\.1\.id: no machine can check "no-firing-alert"; do you mean "no-firing-alerts"\? There are pull-request-completed, model-registered, .*tests-passed\. Or make it an item "by: person"$/],
    ['a machine that can check nothing of the kind', stage1('checklist: [{id: weather, text: A, by: machine}]'), /gates\.stage1\.checklist\.0\.id: no machine can check "weather"\. There are pull-request-completed/],
    ['a check of another runbook', stage1('checklist: [{id: tests-passed, text: A, by: machine}]'), /^estate\.yml:\d+: gates\.stage1\.checklist\.0\.id: the gate of a release cannot check "tests-passed"; what it can check is pull-request-completed, [^\n]*$/],
    ['a check of another runbook in a plant', estateOf({ plants: plants.replace('opening: new-york', 'checklist: [{id: tests-passed, text: A, by: machine}]') }), /plants\.P002\.gates\.stage3\.checklist\.0\.id: the gate of a release cannot check "tests-passed"/],
    ['a check of releases before a stage of a pipeline', stage1('checklist: [{id: pull-request-completed, text: A, by: machine}, {id: no-firing-alerts, text: A, by: machine}]').replace('  project: ml-platform\n', '  project: ml-platform\n  stages: {environments: {production: {gate: stage1}}}\n'), /^estate\.yml:\d+: gates\.stage1\.checklist\.1\.id: the gate before a pipeline's stage cannot check "no-firing-alerts"; what it can check is pull-request-completed, tests-passed, previous-version-available\. .* \(environment production\)$/],
    ['a tick in working hours that no week lets come before an elapsed deadline', stage1('deadline: 20h, remindAfter: 4h, escalate: [{after: 5h working, to: manager}, {after: 14h working, to: manager}]'), /^estate\.yml:\d+: gates\.stage1\.escalate\.1\.after: can never come before the deadline: by the approvers' calendars so much working time takes 27 h at least, and the deadline is 20 h elapsed; count the deadline in working hours too, or make this shorter$/],
    ['an item for nobody', stage1('checklist: [{id: a, text: A, by: person, people: [erin]}]'), /gates\.stage1\.checklist\.0\.people\.0: "erin" is nobody/],
    ['a tolerance above everything', stage1('evidence: {tolerance: {mae: 2}}'), /gates\.stage1\.evidence\.tolerance\.mae: must be a share of the value shown, from 0 to 1/],
    ['a tolerance below nothing', stage1('evidence: {tolerance: {mae: -0.1}}'), /gates\.stage1\.evidence\.tolerance\.mae: must be a share/],
    ['working days', stage1('deadline: 2d working'), /gates\.stage1\.deadline: a working day has no length of its own; give hours/],
    ['a clock time that is none', stage1('remindAfter: [4h, soon]'), /gates\.stage1\.remindAfter\.1: must be a duration with its unit.*4h working/],
    ['an escalation after the deadline', stage1('escalate: [{after: 72h, to: manager}]'), /gates\.stage1\.escalate\.0\.after: must be shorter than the deadline/],
    ['a widening after the deadline', stage1('widen: [{after: 80h working, approvers: [dana]}]'), /gates\.stage1\.widen\.0\.after: must be shorter than the deadline/],
    ['one of several reminders after the deadline', stage1('remindAfter: [4h, 80h]'), /gates\.stage1\.remindAfter\.1: must be shorter than the deadline/],
    ['a rollback of what has not happened', stage1('onSilence: rollBack'), /gates\.stage1\.onSilence: there is nothing to roll back at stage1/],
    ['a field of a plant that is none', estateOf({ plants: plants.replace('opening: new-york', 'openings: new-york') }), /plants\.P002\.gates\.stage3\.openings: unknown field/],
    ['a severity that is none', estateOf({ plants: plants.replace('severity: P0', 'severity: P9') }), /plants\.P001\.severity: /],
    ['a circuit without a column', estateOf({ plants: plants.replace('column: wind, ', '') }), /plants\.P001\.circuits\.C002\.column: /],
  ] as const) {
    it(what, () => assert.throws(() => parseEstate(text, 'estate.yml'), failure('EstateInvalid', true, complaint)));
  }

  it('working time when nobody has a calendar', () => {
    const text = stage1('deadline: 8h working').replace(/^ +calendar: .*\n/gm, '');
    assert.throws(() => parseEstate(text, 'estate.yml'), failure('EstateInvalid', true, /gates\.stage1\.deadline: counts working time, but no approver has a calendar/));
  });

  it('a default by where it stands, once, saying for which gate', () => {
    const text = estateOf({ ...short, plants }, ordinary.replace('quorum: 2', 'quorum: 3'));
    const line = lineOf(text, '  - {severity: [P0, P1]');
    assert.throws(() => parseEstate(text, 'estate.yml'), failure('EstateInvalid', true, new RegExp(`^estate\\.yml:${line}: gateDefaults\\.1\\.quorum: 3 approvals can never be reached: 2 can answer when one approver asked for the change; .* \\(gate stage1, severity P0\\)\\n.*\\(gate stage3, severity P0\\)$`)));
  });

  it('a field that an alias repeats, by where it is written', () => {
    const text = demo.replace('remindAfter: 4h', 'remindAfter: 80h');
    assert.throws(() => parseEstate(text, 'estate.yml'), failure('EstateInvalid', true, new RegExp(`estate\\.yml:${lineOf(text, '    remindAfter: 80h')}: gates\\.stage3\\.remindAfter: must be shorter`)));
  });
});

describe('refused in calendars and names', () => {
  for (const [what, from, to, complaint] of [
    ['a time zone that there is not', 'timezone: America/Los_Angeles', 'timezone: America/Seattle', /calendars\.seattle\.timezone: is no time zone that is known here; use an IANA name/],
    ['an offset for a time zone', 'timezone: America/Los_Angeles', 'timezone: "-08:00"', /calendars\.seattle\.timezone/],
    ['a week without work', /week: &office-week\n(?: {6}.*\n)*/, 'week: &office-week {}\n', /calendars\.seattle\.week: has no working time; give at least one day a range/],
    ['a day that there is not', '      monday:', '      moonday:', /calendars\.seattle\.week\.moonday: unknown field/],
    ['a range that is none', 'monday: "09:00-17:00"', 'monday: 9-17', /calendars\.seattle\.week\.monday\.0: must be a range of local times/],
    ['a range without length', 'monday: "09:00-17:00"', 'monday: "09:00-09:00"', /calendars\.seattle\.week\.monday\.0: must be a range of local times/],
    ['ranges that overlap', 'monday: "09:00-17:00"', 'monday: ["12:00-17:00", "09:00-13:00"]', /calendars\.seattle\.week\.monday: two ranges of the day overlap/],
    ['a holiday that there is not', '2026-11-26, 2026-12-25', '2026-11-31, 2026-12-25', /calendars\.seattle\.holidays\.0: must be a date/],
    ['a calendar that nobody has written', 'calendar: seattle', 'calendar: boston', /people\.0\.calendar: there is no calendar "boston"/],
    ['a group of nobody', 'seattle-engineers: [alice, bob]', 'seattle-engineers: []', /groups\.seattle-engineers: must name at least one person/],
    ['a group of groups', 'seattle-engineers: [alice, bob]', 'seattle-engineers: [releasers]', /groups\.seattle-engineers\.0: "releasers" is nobody in people/],
    ['a group called like a person', 'seattle-engineers:', 'Alice:', /groups\.Alice: "Alice" already names alice; call the group by another name/],
    ['a contact called like a group', '  manager: carol', '  releasers: carol', /escalation\.releasers: "releasers" already names the group releasers/],
    ['a contact that is nobody', '  manager: carol', '  manager: erin', /escalation\.manager: "erin" is nobody in people, nor a group/],
  ] as const) {
    it(what, () => {
      assert.notEqual(demo.replace(from, to), demo);
      assert.throws(() => parseEstate(demo.replace(from, to), 'estate.yml'), failure('EstateInvalid', true, complaint));
    });
  }
});

describe('valid, and said all the same', () => {
  it('is nothing in the demo', async () => assert.deepEqual(await warningsOf(demo), []));

  it('is a quorum that two approvers could make unreachable, one as author and one by starting the run', async () => {
    const text = demo.replace('quorum: 1', 'quorum: 2');
    const [warning, ...others] = await warningsOf(text);
    assert.match(warning ?? '', new RegExp(`^estate\\.yml:${lineOf(text, '    quorum: 2')}: gates\\.stage1\\.quorum: 2 approvals cannot be reached when two approvers asked for the change, one as its author and one by starting the run: 1 can answer then`));
    assert.equal(others.length, 1, 'and stage3, which is the same');
    assert.deepEqual(await warningsOf(text.replace('fourEyes: true', 'fourEyes: true\n    widen: [{after: 8h, approvers: [dana]}]')), [], 'those who may decide later can answer too');
  });

  it('is a tick that the calendars can move past the deadline', async () => {
    const text = demo.replace('deadline: 72h\n    remindAfter: 4h', 'deadline: 48h\n    remindAfter: [4h, 4h working]');
    const [warning, ...others] = await warningsOf(text);
    assert.match(warning ?? '', new RegExp(`^estate\\.yml:${lineOf(text, '    remindAfter: [4h, 4h working]')}: gates\\.stage1\\.remindAfter\\.1: comes after the deadline, and so never, when the gate opens as work ends: so much working time then takes up to 67 h, and the deadline is 48 h elapsed`));
    assert.equal(others.length, 1, 'and stage3, which is the same');
    const inWorkingHours = demo.replace('deadline: 72h\n    remindAfter: 4h', 'deadline: 8h working\n    remindAfter: [4h, 20h]');
    assert.match((await warningsOf(inWorkingHours))[0] ?? '', /gates\.stage1\.remindAfter\.1: comes after the deadline, and so never, when the gate opens as work begins: the deadline's working time then takes only 8 h/);
    assert.deepEqual(await warningsOf(demo.replace('remindAfter: 4h', 'remindAfter: 4h working')), [], '67 hours at most, of 72');
  });

  it('is working time that somebody without a calendar makes elapsed time', async () => {
    const text = demo.replace('deadline: 72h', 'deadline: 24h working').replace('  - id: bob\n    calendar: seattle', '  - id: bob');
    assert.match((await warningsOf(text))[0] ?? '', /gates\.stage1\.deadline: counts working time, but bob has no calendar and so counts as always at work/);
  });
});

describe('the clock of a gate in absolute time', () => {
  const file = join(directory, 'clock.yml');
  writeFileSync(file, demo.replace('  new-york:\n', '  tuesdays: {timezone: America/New_York, week: {tuesday: ["09:00-11:00", "14:00-16:00"]}, holidays: [2026-12-01]}\n  new-york:\n').replace('    aliases: [dana@example.com]\n    calendar: new-york', '    aliases: [dana@example.com]'));
  const { planGateClock, nextOpening } = createEstateActivities({ estateFile: file });
  const working = (hours: number) => ({ afterMs: hours * hour, hours: 'working' as const });
  const clock = { remind: [working(1), { afterMs: 70 * hour, hours: 'elapsed' as const }], escalate: [{ ...working(4), to: 'manager' }], widen: [{ ...working(6), approvers: ['dana'] }], decide: working(8) };
  const openedAt = '2026-11-20T23:30:00.000Z'; // Friday 15:30 in Seattle, 18:30 in New York

  it('sleeps over the weekend by the calendars of the approvers', async () => {
    const { ticks } = await planGateClock({ clock, openedAt, approvers: ['alice', 'bob'] });
    assert.deepEqual(ticks.map(({ kind, at }) => [kind, at]), [
      ['remind', '2026-11-23T17:30:00.000Z'], // half an hour was left on Friday
      ['escalate', '2026-11-23T20:30:00.000Z'],
      ['remind', '2026-11-23T21:30:00.000Z'],
      ['widen', '2026-11-23T22:30:00.000Z'],
      ['decide', '2026-11-24T00:30:00.000Z'],
    ]);
    assert.deepEqual(await planGateClock({ clock, openedAt, approvers: ['alice', 'bob'] }), { ticks }, 'a second call answers the same');
  });

  it('drops what comes after an elapsed deadline over a weekend, and that is told', async () => {
    const weekend = { ...clock, remind: [working(0.25), working(1)], decide: { afterMs: 24 * hour, hours: 'elapsed' as const } };
    const plan = async (from: string) => neverDue(weekend, (await planGateClock({ clock: weekend, openedAt: from, approvers: ['alice', 'bob'] })).ticks);
    assert.deepEqual(await plan(openedAt), ['1 of 2 reminders', 'the escalation to manager', 'the widening to dana']);
    assert.deepEqual(await plan('2026-11-24T18:00:00.000Z'), [], 'on a Tuesday morning all of it comes');
    assert.deepEqual(await plan('2026-11-24T20:00:00.000Z'), [], 'and at noon: Wednesday has an hour more');
    assert.deepEqual(await plan('2026-11-25T20:00:00.000Z'), ['the widening to dana'], 'but Thursday is a holiday');
  });

  it('goes on while one of them is at work, and never stops for somebody without a calendar or unknown', async () => {
    const decision = async (approvers: string[]): Promise<string> => (await planGateClock({ clock, openedAt, approvers })).ticks.at(-1)!.at;
    assert.equal(await decision(['alice', 'carol']), '2026-11-23T21:30:00.000Z');
    assert.deepEqual([await decision(['alice', 'dana']), await decision(['erin']), await decision([])], Array(3).fill('2026-11-21T07:30:00.000Z'));
  });

  it('finds the opening that goes on, or the next, past holidays', async () => {
    const opening = async (from: string) => Object.values(await nextOpening({ opening: 'tuesdays', from }));
    assert.deepEqual(await opening('2026-11-24T15:00:00.000Z'), ['2026-11-24T15:00:00.000Z', '2026-11-24T16:00:00.000Z']);
    assert.deepEqual(await opening('2026-11-24T16:00:00.000Z'), ['2026-11-24T19:00:00.000Z', '2026-11-24T21:00:00.000Z']);
    assert.deepEqual(await opening('2026-11-24T21:00:00.000Z'), ['2026-12-08T14:00:00.000Z', '2026-12-08T16:00:00.000Z']);
    await assert.rejects(nextOpening({ opening: 'wednesdays', from: openedAt }), failure('EstateInvalid', true, /clock\.yml:\d+: calendars: there is no calendar "wednesdays"/));
  });
});
