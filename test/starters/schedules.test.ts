import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { parse, stringify } from 'yaml';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { runbooks } from '../../starters/runbooks.ts';
import { applySchedules, type AppliedSchedule } from '../../starters/schedules/apply.ts';
import { listSchedules, tendSchedule, type SeenSchedule } from '../../starters/schedules/list.ts';
import { scheduleRows } from '../../starters/schedules/rows.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { builtInSchedules } from '../../workflows/domain/schedules.ts';
import { eventually } from '../support/eventually.ts';
import { startTemporal } from '../support/temporal-server.ts';
import { assertRefused, holdpointAt, type Ended } from './run-holdpoint.ts';

let temporal: TestWorkflowEnvironment;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-schedules-'));
const estateFile = join(directory, 'estate.yml');
before(async () => {
  temporal = await startTemporal();
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true });
});

const demo = parse(readFileSync('estate/demo.yml', 'utf8')) as object;
const declare = (schedules: object): void => writeFileSync(estateFile, stringify({ ...demo, schedules }));
const holdpoint = (...words: string[]): Promise<Ended> => holdpointAt(temporal.address)(['schedules', ...words], { environment: { HOLDPOINT_ESTATE: estateFile } });
const json = async <T>(...words: string[]): Promise<T> => {
  const { stdout, stderr, code } = await holdpoint(...words, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
};
const rows = async () => scheduleRows(await readEstate(estateFile), estateFile);
const told = (applied: readonly AppliedSchedule[]): Record<string, string> => Object.fromEntries(applied.map(({ id, state, differs }) => [id, [state, ...differs].join(': ')]));
const apply = async (options: { dryRun?: boolean } = {}): Promise<Record<string, string>> => told(await applySchedules(temporal.client, await rows(), options));
const list = async (): Promise<SeenSchedule[]> => listSchedules(temporal.client, await rows());
const all = (state: string, more: Record<string, string> = {}): Record<string, string> => ({ ...Object.fromEntries(builtInSchedules.map((id) => [id, state])), ...more });
const describeOf = (id: string) => temporal.client.schedule.getHandle(id).describe();
const monthly = { runbook: 'investigateDegradation', cron: '0 6 1 */3,12 *', timezone: 'America/Los_Angeles', oncePer: 'month', input: { window: 'month' }, catchUp: '3d' };
const weekly = { runbook: 'investigateDegradation', calendar: { dayOfWeek: ['monday', 'friday'], hour: [6, 18], minute: 30 }, timezone: 'Europe/Berlin', oncePer: 'week', overlap: 'wait', targets: { plants: ['P002'] } };

describe('holdpoint schedules apply', () => {
  it('would make them, makes them, and finds nothing to change the second time', async () => {
    declare({ monthly, weekly });
    assert.deepEqual(told(await json<AppliedSchedule[]>('apply', '--dry-run')), all('created', { monthly: 'created', weekly: 'created' }));
    await assert.rejects(describeOf('monthly'));
    assert.deepEqual(await apply(), all('created', { monthly: 'created', weekly: 'created' }));
    const { action, policies, info, memo } = await describeOf('monthly');
    assert.deepEqual([action.workflowType, action.taskQueue, policies.overlap, policies.catchupWindow, memo], ['startForTargets', TaskQueue.Runbooks, 'SKIP', 3 * 86_400_000, { madeBy: 'holdpoint' }]);
    assert.deepEqual(action.args, [{ schedule: 'monthly', runbook: 'investigateDegradation', select: { plants: null, severities: null }, oncePer: 'month', timezone: 'America/Los_Angeles', input: { window: 'month' }, maxParallel: 4 }]);
    // On the first of the month at 6 by the wall clock of Los Angeles.
    const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Los_Angeles', day: '2-digit', hour: '2-digit', minute: '2-digit' });
    assert.ok(info.nextActionTimes.length > 0);
    for (const next of info.nextActionTimes) assert.equal(clock.format(next), '01, 06:00');
    assert.equal((await describeOf('weekly')).policies.overlap, 'BUFFER_ONE');

    assert.deepEqual(await apply(), all('unchanged', { monthly: 'unchanged', weekly: 'unchanged' }));
    const { stdout, stderr } = await holdpoint();
    assert.match(stdout, /monthly +0 6 1 \*\/3,12 \* America\/Los_Angeles .* unchanged/);
    assert.match(stderr, /Nothing had to be changed/);
    for (const id of [...builtInSchedules, 'monthly', 'weekly']) assert.deepEqual((await describeOf(id)).info.recentActions, [], id);
  });

  it('brings up to date what the estate, or somebody in Temporal Web UI, has changed, and says what', async () => {
    declare({ monthly: { ...monthly, catchUp: '1d' }, weekly: { ...weekly, calendar: { ...weekly.calendar, minute: 45 } }, sweepRuns: { every: '1h', input: { lookBackMs: 1000 } } });
    await temporal.client.schedule.getHandle('reconcileHooks').update((found) => ({ ...found, spec: { intervals: [{ every: '3h' }] } }));
    const expected = all('unchanged', { monthly: 'brought up to date: how late it is made up for', weekly: 'brought up to date: when it runs', sweepRuns: 'brought up to date: when it runs: what it starts: how late it is made up for', reconcileHooks: 'brought up to date: when it runs' });
    assert.deepEqual(await apply({ dryRun: true }), expected);
    const seen = await list();
    assert.deepEqual(seen.filter(({ differs }) => differs.length > 0).map(({ id }) => id).sort(), ['monthly', 'reconcileHooks', 'sweepRuns', 'weekly']);
    assert.deepEqual(await apply(), expected);
    assert.deepEqual(await apply(), all('unchanged', { monthly: 'unchanged', weekly: 'unchanged' }));
    assert.deepEqual((await describeOf('reconcileHooks')).spec.intervals?.map(({ every }) => every), [900_000]);
  });

  it('leaves what a person has paused paused; what the estate has paused goes on when it no longer says so', async () => {
    declare({ monthly, weekly: { ...weekly, paused: true } });
    assert.deepEqual(await json('pause', 'monthly', '--reason', 'audit'), { id: 'monthly', action: 'pause', reason: 'audit' });
    await eventually(async () => assert.equal((await describeOf('monthly')).state.note, 'audit'));
    const states = await apply();
    assert.deepEqual([states['monthly'], states['weekly']], ['brought up to date: how late it is made up for', 'brought up to date: when it runs: whether it is paused']);
    const pauses = async (): Promise<unknown[]> => Promise.all(['monthly', 'weekly'].map(async (id) => Object.values((await describeOf(id)).state).slice(0, 2)));
    assert.deepEqual(await pauses(), [[true, 'audit'], [true, 'paused in the estate']]);
    assert.deepEqual((await list()).filter(({ state }) => state === 'paused').map(({ id, note }) => [id, note]), [['monthly', 'audit'], ['weekly', 'paused in the estate']]);
    assert.match((await holdpoint('resume', 'weekly')).stderr, /the next apply pauses it again/);
    await eventually(async () => assert.equal((await describeOf('weekly')).state.paused, false));
    assert.equal((await apply())['weekly'], 'brought up to date: whether it is paused');
    declare({ monthly, weekly });
    assert.equal((await apply())['weekly'], 'brought up to date: whether it is paused');
    assert.deepEqual(await pauses(), [[true, 'audit'], [false, '']]);
    assert.deepEqual(await apply(), all('unchanged', { monthly: 'unchanged', weekly: 'unchanged' }));
  });

  it('removes what is declared no more and Holdpoint made, and nothing of anybody else\'s', async () => {
    await temporal.client.schedule.create({ scheduleId: 'somebodys', spec: { intervals: [{ every: '1h' }] }, action: { type: 'startWorkflow', workflowType: 'other', taskQueue: 'other' } });
    declare({ monthly });
    await eventually(async () => {
      assert.ok((await list()).some(({ id, state }) => id === 'weekly' && state === 'declared no more'));
    });
    assert.equal((await apply({ dryRun: true }))['weekly'], 'removed');
    assert.equal((await apply())['weekly'], 'removed');
    await assert.rejects(describeOf('weekly'));
    await eventually(async () => assert.deepEqual(await apply(), all('unchanged', { monthly: 'unchanged' })));
    await describeOf('somebodys');

    declare({ monthly, somebodys: { ...weekly } });
    const { stdout, code } = await holdpoint('apply');
    assert.equal(code, 1);
    assert.match(stdout, /somebodys .* left as it is: Holdpoint did not make it; choose another name/);
    assert.equal((await describeOf('somebodys')).action.workflowType, 'other');
  });

  it('takes over what an earlier version has made, and says what is not in this build', async () => {
    await temporal.client.schedule.getHandle('sweepRuns').delete();
    await temporal.client.schedule.create({ scheduleId: 'sweepRuns', spec: { intervals: [{ every: '30m' }] }, action: { type: 'startWorkflow', workflowType: 'sweepRuns', workflowId: 'sweepRuns', taskQueue: TaskQueue.Runbooks, args: [{}] }, state: { paused: true, note: 'for now' } });
    declare({ monthly, quarterly: { runbook: 'retrainOnDrift', calendar: { month: [1, 4, 7, 10], dayOfMonth: 2, hour: 6 }, oncePer: 'quarter' } });
    const has = runbooks.some(({ name }) => name === 'retrainOnDrift');
    const states = await apply();
    assert.equal(states['quarterly'], has ? 'created' : 'not in this build');
    assert.match(states['sweepRuns']!, /^brought up to date: its description: how late/);
    assert.deepEqual((await describeOf('sweepRuns')).state.note, 'for now');
    const { stdout } = await holdpoint('list');
    assert.match(stdout, has ? /quarterly .* running/ : /quarterly .* not in this build: it has no retrainOnDrift/);
    if (!has) assertRefused(await holdpoint('trigger', 'quarterly'), 3, /this build has no retrainOnDrift/);
  });
});

describe('holdpoint schedules', () => {
  it('triggers one by its policy, and tells what does not exist', async () => {
    declare({ monthly });
    await tendSchedule(temporal.client, 'reconcileAlerts', 'trigger', '');
    const { policies, info } = await eventually(async () => {
      const described = await describeOf('reconcileAlerts');
      assert.equal(described.info.recentActions.length, 1);
      return described;
    });
    assert.deepEqual([policies.overlap, policies.catchupWindow, info.recentActions[0]?.action.workflow.workflowId.startsWith('reconcileAlerts-')], ['SKIP', 600_000, true]);
    // What it starts for each circuit is listed, with the outcome and what it left out; nobody serves it here.
    await apply();
    assert.deepEqual(await json('trigger', 'monthly'), { id: 'monthly', action: 'trigger', reason: '' });
    await eventually(async () => {
      const { stdout } = await holdpointAt(temporal.address)(['list', '--json']);
      const [run] = (JSON.parse(stdout) as { workflowId: string; runbook: string; status: string }[]).filter(({ runbook }) => runbook === 'startForTargets');
      assert.deepEqual([run?.workflowId.startsWith('monthly-'), run?.status], [true, 'Running']);
    });
    await temporal.client.schedule.getHandle('anchorRecord').delete();
    assertRefused(await holdpoint('pause', 'nothing', '--reason', 'r'), 3, /There is no schedule nothing/);
    assertRefused(await holdpoint('trigger', 'anchorRecord'), 3, /has not been made yet/);
    await eventually(async () => assert.equal((await list()).find(({ id }) => id === 'anchorRecord')?.state, 'missing'));
  });

  it('applies nothing without an estate, or with one that is wrong; lists what there is all the same', async () => {
    const without = holdpointAt(temporal.address);
    assertRefused(await without(['schedules', 'apply']), 2, /HOLDPOINT_ESTATE is not set/);
    const { stdout, stderr, code } = await without(['schedules', 'list']);
    assert.equal(code, 0);
    assert.match(stdout, /reconcileHooks/);
    assert.match(stderr, /what Holdpoint has made is shown/);
    declare({ monthly: { ...monthly, input: { window: 'year' } } });
    assertRefused(await holdpoint('apply'), 2, /estate\.yml:\d+: schedules\.monthly\.input\.window: must be week or month/);
    declare({ monthly: { ...monthly, cron: '0 6 32 * *' } });
    assertRefused(await holdpoint('list'), 2, /estate\.yml:\d+: schedules\.monthly\.cron: its day of the month "32"/);
    // To stop one is possible all the same; what is misspelt applies nothing.
    const paused = await holdpoint('pause', 'sweepRuns', '--reason', 'the estate is being repaired', '--json');
    assert.deepEqual([paused.code, JSON.parse(paused.stdout)], [0, { id: 'sweepRuns', action: 'pause', reason: 'the estate is being repaired' }]);
    assert.match(paused.stderr, /The estate cannot be read, .*schedules\.monthly\.cron/);
    assertRefused(await holdpoint('pause', 'nothing', '--reason', 'r'), 3, /There is no schedule nothing/);
    assertRefused(await holdpoint('aply'), 2, /There is no .*schedules aply/);
  });
});
