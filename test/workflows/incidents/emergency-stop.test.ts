import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { holdReleases, liftHold, readStops } from '../../../activities/runs/emergency-stop.ts';
import type { StopHold } from '../../../workflows/domain/emergency-stop.ts';
import { eventually } from '../../support/eventually.ts';
import { details, passBothStages, releaseRuns } from '../../support/release-model-runs.ts';
import { releaseActivities, testInput } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

let temporal: TestWorkflowEnvironment;
// One for each test: locks and stops outlive a test's workers, and this server leaves a workflow's task to the worker that had it last. While a task waits no time is skipped.
beforeEach(async () => {
  temporal = await startTimeSkipping();
});
afterEach(() => temporal.teardown());

const { start, run } = releaseRuns(() => temporal);
const { target } = testInput;
const hold = (by: string, scope: Parameters<typeof holdReleases>[1]['scope'] = target) => holdReleases(temporal.client, { scope, by, reason: `because of ${by}`, since: '2026-11-21T03:00:00.000Z' });
const names = ({ holds }: { holds: readonly StopHold[] }): string[] => holds.map(({ by }) => by);
const stopped = () => readStops(temporal.client, { target }).then(names);

describe('the emergency stop', () => {
  it('keeps a release from production until it is lifted, and the run says who holds it back', async () => {
    let deployments = 0;
    const deployed = releaseActivities();
    await run({ deployBatchModel: async (input) => { deployments += input.workspace.workspace === 'prod-ml-workspace' ? 1 : 0; return await deployed.deployBatchModel(input); }, readBatchDeployment: deployed.readBatchDeployment }, async () => {
      await hold('coordinateIncident:a');
      const release = await start();
      await passBothStages(release);
      await eventually(async () => assert.match(await details(release), /Stopped before production by coordinateIncident:a: because of coordinateIncident:a/));
      await temporal.sleep('10m');
      assert.equal(deployments, 0);
      await liftHold(temporal.client, { scope: target, by: 'coordinateIncident:a' });
      assert.equal((await release.result()).outcome, 'succeeded');
      assert.equal(deployments, 1);
    });
  });

  it('stands until the last of its holders lifts; holding and lifting twice change nothing', async () => {
    await withReleaseWorkers(temporal, {}, async () => {
      assert.deepEqual(names(await hold('a')), ['a']);
      assert.deepEqual(names(await hold('a')), ['a']);
      assert.deepEqual(names(await hold('b')), ['a', 'b']);
      assert.deepEqual(await liftHold(temporal.client, { scope: target, by: 'a' }), { sent: true });
      await eventually(async () => assert.deepEqual(await stopped(), ['b']));
      await liftHold(temporal.client, { scope: target, by: 'a' });
      await liftHold(temporal.client, { scope: target, by: 'b' });
      await eventually(async () => assert.deepEqual(await stopped(), []));
      await eventually(async () => assert.deepEqual(await liftHold(temporal.client, { scope: target, by: 'b' }), { sent: false }));
    });
  });

  it('of a plant or of everything holds back each circuit of it, and no other plant', async () => {
    await withReleaseWorkers(temporal, {}, async () => {
      await hold('alice', { plant: target.plant });
      await hold('bob', 'all');
      assert.deepEqual(await stopped(), ['bob', 'alice']);
      assert.deepEqual(names(await readStops(temporal.client, { target: { plant: 'P002', circuit: 'C001' } })), ['bob']);
      await liftHold(temporal.client, { scope: { plant: target.plant }, by: 'alice' });
      await liftHold(temporal.client, { scope: 'all', by: 'bob' });
      await eventually(async () => assert.deepEqual(await stopped(), []));
    });
  });
});
