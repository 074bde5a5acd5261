/** The worker is killed before and after each step of `recoverBatchJob`: one change, one retry, as if nothing had happened. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRunbook } from '../../starters/start-runbook.ts';
import { recoverBatchJob } from '../../starters/runbooks.ts';
import { settingsOf, type RecoverBatchJobResult } from '../../workflows/domain/batch-recovery.ts';
import { deploymentOf } from '../support/platform-state.ts';
import { Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { transitions } from '../support/transitions.ts';
import { killAtEach, killsAt, killTable, stepsOf } from '../recovery/support/kill-run.ts';

const stack = await Stack.start({ estate: { settle: '2s', recovery: { pollEvery: '1s', nextJobWithin: '10m' } } });
after(() => stack.stop());
const releases = new Releases(stack);

/** A job of the circuit that has run out of memory, and its recovery. */
async function recovering(circuit: string): Promise<string> {
  await stack.standIn.ailScoring({ match: `prod-ml-workspace/.*P001/deployment-circuit-${circuit}$`, memoryMb: 72, rowMb: 8 });
  const jobName = await stack.standIn.scheduledJob('P001', circuit);
  await sleep(4_000); // until it has failed; a run that finds it running would refuse it, and the test fail
  return (await startRunbook(stack.client, recoverBatchJob, { target: { plant: 'P001', circuit }, jobName })).workflowId;
}

/** The schedule starts the next job once the run waits for it. */
function schedule(workflowId: string, circuit: string): () => Promise<void> {
  let isStarted = false;
  return async () => {
    if (isStarted || !(await releases.look(workflowId)).pending.includes('awaitNextJob')) return;
    isStarted = true;
    await stack.standIn.scheduledJob('P001', circuit);
  };
}

test('recoverBatchJob survives a kill before and after each of its steps', async (context) => {
  const worker = await stack.startWorker();
  const rehearsal = await recovering('C001');
  const rehearse = schedule(rehearsal, 'C001');
  while ((await releases.look(rehearsal)).status === 'RUNNING') {
    await rehearse();
    await sleep(100);
  }
  const steps = await stepsOf(stack, rehearsal);
  await worker.stop();

  const since = (await stack.standIn.ledger()).at(-1)!.seq;
  const run = await recovering('C002');
  const kills = await killAtEach(stack, killsAt(steps), schedule(run, 'C002'));
  context.diagnostic(killTable(kills));

  const result = (await stack.client.workflow.getHandle(run).result()) as RecoverBatchJobResult;
  assert.deepEqual([result.outcome, result.production, result.attempts.map(({ remedy, status }) => [remedy, status])], ['succeeded', 'changed', [['mini_batch_size from 10 to 5', 'Completed']]], result.reason);
  const { provisioningState, ...deployment } = await deploymentOf(stack, { plant: 'P001', circuit: 'C002' });
  assert.deepEqual([settingsOf({ provisioningState, ...deployment }).miniBatchSize, provisioningState], [5, 'Succeeded']);
  const made = transitions((await stack.standIn.ledger(since)).filter(({ path }) => !path.includes('/mlflow/') && !path.startsWith('/chat/')));
  assert.deepEqual(made, { 'PUT prod/batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-C002': 1, 'POST scoring/prod/batch-endpoint-plant-P001/jobs': 1 });
  await stack.worker!.stop();
});
