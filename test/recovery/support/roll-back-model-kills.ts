/** `rollBackModel`, which takes production over from a release whose version is being watched, with its worker killed over and over. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { rollBackModel } from '../../../starters/runbooks.ts';
import { startRunbook } from '../../../starters/start-runbook.ts';
import { lockId, type LockState } from '../../../workflows/domain/resource-lock.ts';
import { ReleaseModelPhase } from '../../../workflows/domain/phases.ts';
import type { RollBackModelResult } from '../../../workflows/domain/rollback.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import { deploymentOf, workItems } from '../../support/platform-state.ts';
import { circuitChange, Releases } from '../../support/releases.ts';
import { Stack } from '../../support/stack.ts';
import { transitions } from '../../support/transitions.ts';
import { killAtEach, killsAt, killTable, stepsOf, type KillPoint, type Moment } from './kill-run.ts';

/** Kills the worker at these moments of each step, and finds every effect once. */
export async function testKills(title: string, moments: readonly Moment[]): Promise<void> {
  const stack = await Stack.start({ estate: { settle: '2s', monitoring: { for: '10m', every: '1s', rollback: '3s' } } });
  after(() => stack.stop());
  const releases = new Releases(stack);

  /** A release whose version serves and is watched, so that it holds the lock. */
  async function watchedRelease(target: Target): Promise<{ release: string; version: string }> {
    await stack.startWorker();
    const { releases: [release] } = await releases.train(circuitChange(target));
    await releases.approveStages(release!);
    await releases.reaches(release!, ReleaseModelPhase.Monitoring);
    return { release: release!, version: release!.split(':').at(-1)! };
  }

  const start = (target: Target) => startRunbook(stack.client, rollBackModel, { target, reason: 'far off' }, { startedBy: 'alice' });
  const resultOf = async (workflowId: string): Promise<RollBackModelResult> => (await stack.client.workflow.getHandle(workflowId).result()) as RollBackModelResult;

  /** What the rollback must have left behind, once. */
  async function assertOnce({ target, version, release, result, since }: { target: Target; version: string; release: string; result: RollBackModelResult; since: number }): Promise<void> {
    assert.deepEqual([result.outcome, result.from, result.to, result.serving, result.preempted], ['succeeded', version, '1', '1', { workflowId: release, hasClosed: true, writes: 0 }]);
    assert.match((await releases.result(release)).reason, /^pre-empted by rollBackModel:/);
    const { tags, provisioningState } = await deploymentOf(stack, target);
    assert.deepEqual([tags['model_version'], tags['rolled_back_from'], tags['released_by'], provisioningState], ['1', version, 'alice', 'Succeeded']);
    const changes = transitions(await stack.standIn.ledger(since));
    assert.equal(changes[`PUT prod/batchEndpoints/batch-endpoint-plant-${target.plant}/deployments/deployment-circuit-${target.circuit}`], 1, 'one switch');
    assert.equal(changes[`PUT registry/models/${target.plant}-${target.circuit}/versions/${version}`], 1, 'one verdict');
    const incidents = (await workItems(stack)).filter(({ title, state }) => title === `Incident: ${target.plant}/${target.circuit} rolled back from ${version} to 1` && state !== 'Closed');
    assert.deepEqual(incidents.map(({ id }) => id), [result.workItem!.id]);
    const { count } = await stack.client.workflow.count(`WorkflowId STARTS_WITH 'reviewBypass:rollBackModel:${target.plant}:${target.circuit}:'`);
    assert.equal(count, 1, 'one review');
    const { holder, epoch } = await stack.client.workflow.getHandle(lockId(target)).query<LockState>('status');
    assert.deepEqual([holder, epoch], [null, 2]);
  }

  let plan: KillPoint[] = [];

  test('an undisturbed rollback tells which steps there are', async () => {
    const target = { plant: 'P001', circuit: 'C004' };
    const { release, version } = await watchedRelease(target);
    const since = (await stack.standIn.ledger()).length;
    // Failed once, so that the run also looks for a late twin of its incident before it closes, as it will after every kill.
    await stack.standIn.fault({ method: 'POST', path: '/wit/workitems/\\$Bug$' }, { kind: 'status', status: 500 });
    const { workflowId } = await start(target);
    const result = await resultOf(workflowId);
    await assertOnce({ target, version, release, result, since });
    await stack.worker!.stop();
    // Its incident is looked for beside steps of the same queue, at any time: killed over it is the worker in redeploy.test.ts.
    plan = killsAt((await stepsOf(stack, workflowId)).filter(({ activity }) => activity !== 'findIncident'), moments);
    for (const step of ['switchBatchDeployment', 'claimLock', 'createWorkItem', 'closeDuplicateWorkItems']) assert.ok(plan.some(({ at }) => at === `${step}:afterEffect`), plan.map(({ at }) => at).join(', '));
  });

  test(title, async (context) => {
    const target = { plant: 'P002', circuit: 'C002' };
    const { release, version } = await watchedRelease(target);
    await stack.worker!.stop();
    const since = (await stack.standIn.ledger()).length;
    const { workflowId } = await start(target);
    const kills = await killAtEach(stack, plan, async () => undefined);
    context.diagnostic(killTable(kills));
    await assertOnce({ target, version, release, result: await resultOf(workflowId), since });
    await stack.worker!.stop();
  });
}
