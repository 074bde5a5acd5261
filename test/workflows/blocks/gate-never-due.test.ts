/** A gate whose deadline counts elapsed hours and whose reminders count working ones: what a weekend keeps from coming is named, not dropped in silence. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createEstateActivities } from '../../../activities/estate/index.ts';
import type { GateClock } from '../../../workflows/domain/policy.ts';
import { eventually } from '../../support/eventually.ts';
import { gateOf, stop, witnessed } from '../../support/gate-runs.ts';
import { details, releaseRuns } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

const hour = 3_600_000;
const clock: GateClock = {
  remind: [{ afterMs: hour / 4, hours: 'working' }, { afterMs: 4 * hour, hours: 'working' }],
  escalate: [{ afterMs: 3 * hour, hours: 'working', to: 'manager' }],
  widen: [{ afterMs: 20 * hour, hours: 'elapsed', approvers: ['dana'] }],
  decide: { afterMs: 24 * hour, hours: 'elapsed' },
};
const { planGateClock } = createEstateActivities({ estateFile: 'estate/demo.yml' });
/** The estate's own calendars, for a gate that opens at another time than the test runs. Far ahead, so that nothing is due while it does. */
const openedAt = (opened: string) => ({ planGateClock: async (input: Parameters<typeof planGateClock>[0]) => planGateClock({ ...input, openedAt: opened }) });

void it('names on the card and in its view what cannot come any more before a weekend', () => run({ ...witnessed({ approvers: ['alice', 'bob'], clock }).activities, ...openedAt('2035-01-05T23:30:00.000Z') }, async () => {
  const handle = await start();
  await eventually(async () => assert.deepEqual((await gateOf(handle))?.neverDue, ['1 of 2 reminders', 'the escalation to manager']));
  assert.equal((await gateOf(handle))?.deadline, '2035-01-06T23:30:00.000Z');
  assert.match(await details(handle), /\*\*Not before the deadline, by working hours, and so never:\*\* 1 of 2 reminders; the escalation to manager/);
  await stop(handle);
}));

void it('has nothing to name in the middle of the week', () => run({ ...witnessed({ approvers: ['alice', 'bob'], clock }).activities, ...openedAt('2035-01-02T18:00:00.000Z') }, async () => {
  const handle = await start();
  await eventually(async () => assert.equal((await gateOf(handle))?.deadline, '2035-01-03T18:00:00.000Z'));
  assert.deepEqual((await gateOf(handle))?.neverDue, []);
  assert.doesNotMatch(await details(handle), /and so never/);
  await stop(handle);
}));
