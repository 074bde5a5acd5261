import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { BulkResult } from '../../../starters/bulk/decide-all.ts';
import { leftOutText, whyLeftOut, type LeftOut } from '../../../starters/bulk/left-out.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import { releaseActivities, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { holdpointAt, type Holdpoint } from '../run-holdpoint.ts';
import { startReleases, waitingAt } from './bulk-runs.ts';

let temporal: TestWorkflowEnvironment;
let holdpoint: Holdpoint;

before(async () => {
  temporal = await startTemporal();
  holdpoint = holdpointAt(temporal.address);
});
after(() => temporal.teardown());

interface Said {
  preview: { workflowId: string; gate: string }[];
  leftOut: LeftOut[];
  results: BulkResult[];
}
const said = async (...args: string[]): Promise<Said> => {
  const { code, stdout, stderr } = await holdpoint([...args, '--as', 'alice', '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Said;
};

/** Circuits whose monitoring finds a breach, and a change that is decided once for its circuits. */
const activities: Partial<ReleaseActivities> = {
  loadPolicy: async ({ target }) => ({ ...testPolicy(target), approvalPer: target.plant === 'J001' ? 'change' : 'circuit' }),
  watchAlerts: async () => ({ kind: 'breached', poll: 1, alert: { id: 'a1', rule: 'mae-high', severity: 1, description: '' } }),
  readChange: async (input) => {
    const change = await releaseActivities().readChange(input);
    return { ...change, circuits: change.circuits.map((circuit) => ({ ...circuit, target: { plant: 'J001', circuit: 'C001' } })) };
  },
};

describe('approve --all without --gate', () => {
  it('leaves out rollback gates and gates of no single circuit, and says how many and how to name them', () => withReleaseWorkers(temporal, activities, async () => {
    const [breached] = await startReleases(temporal, [{ plant: 'L001', circuit: 'C001' }], '1-aaaa');
    for (const gate of ['stage1', 'stage3']) {
      await waitingAt(temporal, gate, [breached!]);
      assert.deepEqual((await said('approve', '--all', '--target', 'L001', '--yes')).results.map(({ result }) => result), ['counted']);
    }
    await waitingAt(temporal, 'rollback', [breached!]);
    const change = 'releaseChange:b1a7:42';
    await temporal.client.workflow.start('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId: change, args: [{ repositoryId: 'b1a7', pullRequestId: 42 }] });
    const [joint] = await waitingAt(temporal, 'stage1', [change]);
    assert.equal(joint!.target, null);
    const [plain] = await startReleases(temporal, [{ plant: 'L002', circuit: 'C001' }], '1-aaaa');
    await waitingAt(temporal, 'stage1', [plain!]);

    for (const verdict of [['approve'], ['reject', '--reason', 'not now']]) {
      const { preview, leftOut } = await said(verdict[0]!, '--all', '--dry-run', ...verdict.slice(1));
      assert.deepEqual(preview.map(({ workflowId }) => workflowId), [plain]);
      assert.deepEqual(leftOut.toSorted((one, other) => (one.reason < other.reason ? -1 : 1)), [{ workflowId: change, gate: 'stage1', reason: 'noTarget' }, { workflowId: breached, gate: 'rollback', reason: 'rollback' }]);
    }
    const { stdout } = await holdpoint(['approve', '--all', '--as', 'alice', '--dry-run']);
    assert.match(stdout, /Left out, for they have to be named: 1 rollback gate, where to approve is to roll production back \(--gate rollback\); 1 gate of no single circuit, .* \(--gate stage1\)\./);

    assert.deepEqual((await said('approve', '--all', '--dry-run', '--gate', 'stage1')).preview.map(({ workflowId }) => workflowId).toSorted(), [change, plain].toSorted());
    const rolled = await said('approve', '--all', '--gate', 'rollback', '--yes');
    assert.deepEqual([rolled.leftOut, rolled.results.map(({ workflowId, result }) => [workflowId, result])], [[], [[breached, 'counted']]]);
    await Promise.all([change, plain!].map((id) => temporal.client.workflow.getHandle(id).terminate('the test is over')));
  }));

  it('judges by the gate and the target alone', () => {
    const target = { plant: 'P001', circuit: 'C001', version: '1' };
    assert.deepEqual([whyLeftOut({ gate: 'stage1', target }), whyLeftOut({ gate: 'rollback', target }), whyLeftOut({ gate: 'stage1', target: null })], [null, 'rollback', 'noTarget']);
    assert.equal(leftOutText([]), '');
  });
});
