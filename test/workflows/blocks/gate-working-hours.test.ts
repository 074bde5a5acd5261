/** Gates whose clock and opening follow the estate's calendars: real policies and calendars, skipped time, and a wall clock of its own to look at what came out. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { createEstateActivities } from '../../../activities/estate/index.ts';
import type { GateEvent } from '../../../workflows/domain/gate-event.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { releaseModel } from '../../../workflows/index.ts';
import { measured } from '../../activities/calendar/support/wall-clock.ts';
import { testInput, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

const hour = 3_600_000;
const demo = await readFile('estate/demo.yml', 'utf8');

let temporal: TestWorkflowEnvironment;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-hours-'));
before(async () => {
  temporal = await startTimeSkipping();
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true });
});

/** The demo's estate with these fields in the gate of Stage 1, and what its activities are. */
function estate(name: string, stage1: string, calendars = ''): { text: string; activities: Partial<ReleaseActivities> } {
  const text = demo
    .replace('    deadline: 72h\n    remindAfter: 4h\n    onSilence: expire\n', stage1)
    .replace('  - id: dana\n', '  - {id: erin}\n  - id: dana\n')
    .replace('  new-york:\n', `${calendars}  new-york:\n`);
  const estateFile = join(directory, `${name}.yml`);
  writeFileSync(estateFile, text);
  const { loadPolicy, planGateClock, nextOpening } = createEstateActivities({ estateFile });
  return { text, activities: { loadPolicy, planGateClock, nextOpening } };
}

async function eventsOf(workflowId: string): Promise<{ at: number; timer: boolean; activity: string }[]> {
  const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).map(({ eventTime, timerFiredEventAttributes, activityTaskScheduledEventAttributes }) => ({
    at: Number(eventTime!.seconds) * 1000 + Math.floor((eventTime!.nanos ?? 0) / 1e6),
    timer: Boolean(timerFiredEventAttributes),
    activity: activityTaskScheduledEventAttributes?.activityType?.name ?? '',
  }));
}

describe('a gate by the calendars of its approvers', () => {
  it('reminds, escalates, widens and expires after so much time at work, however long that takes', async () => {
    const { text, activities } = estate('clock', '    deadline: 8h working\n    remindAfter: [1h working, 6h working]\n    escalate: [{after: 3h working, to: manager}]\n    widen: [{after: 5h working, approvers: [erin]}]\n    onSilence: expire\n');
    const told: GateEvent[] = [];
    const workflowId = 'releaseModel:P001:C001:hours';
    await withReleaseWorkers(temporal, { ...activities, notify: async ({ event }) => { told.push(event); return { delivered: [], failed: [] }; } }, async () => {
      const result = await temporal.client.workflow.execute<typeof releaseModel>('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId, args: [testInput] });
      assert.equal(result.outcome, 'expired');
    });
    assert.deepEqual(told.map(({ kind, to }) => [kind, to]), [
      ['opened', ['alice', 'bob', 'carol']], ['reminded', ['alice', 'bob', 'carol']], ['escalated', ['manager']], ['widened', ['erin']], ['reminded', ['alice', 'bob', 'carol', 'erin']], ['decided', ['alice', 'bob', 'carol', 'erin']],
    ]);

    const calendars = Object.values(parseEstate(text, 'estate.yml').calendars);
    const history = await eventsOf(workflowId);
    const opened = history[0]!.at;
    assert.equal(told[0]!.deadline, told.at(-1)!.deadline, 'the deadline by working hours is told from the beginning');
    const worked = history.filter(({ timer }) => timer).map(({ at }) => measured(calendars, opened, at) / hour);
    assert.equal(worked.length, 5);
    [1, 3, 5, 6, 8].forEach((expected, index) => assert.ok(Math.abs(worked[index]! - expected) < 0.02, `${worked[index]} of ${expected} h`));
    const elapsed = (Date.parse(told.at(-1)!.deadline ?? '') - opened) / hour;
    assert.ok(elapsed >= 8, `${elapsed} h`);
  });

  it('lets what was approved take effect within its opening only', async () => {
    const { text, activities } = estate('opening', '    deadline: 1h\n    remindAfter: 30m\n    onSilence: approve\n    opening: windows\n', '  windows: {timezone: Australia/Lord_Howe, week: {wednesday: "10:00-11:30"}}\n');
    const workflowId = 'releaseModel:P001:C001:window';
    await withReleaseWorkers(temporal, activities, async () => {
      const result = await temporal.client.workflow.execute<typeof releaseModel>('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId, args: [testInput] });
      assert.equal(result.outcome, 'succeeded');
    });
    const { windows } = parseEstate(text, 'estate.yml').calendars;
    const history = await eventsOf(workflowId);
    const start = history[0]!.at;
    for (const effect of ['promoteModel', 'deployBatchModel']) {
      const at = history.filter(({ activity }) => activity === effect).at(-1)!.at;
      assert.equal(measured([windows!], at, at + 1), 1, `${effect} at ${new Date(at).toISOString()}`);
      assert.ok(at - start >= hour, 'after the deadline, by which silence approves');
    }
  });
});
