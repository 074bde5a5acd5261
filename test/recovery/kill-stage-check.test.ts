import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../scripts/free-port.ts';
import { PartProcess } from '../support/part-process.ts';
import { StageChecks } from '../support/stage-checks.ts';

let checks: StageChecks;

before(async () => {
  checks = await StageChecks.start({ without: ['holdpoint-azure-devops'] });
  await checks.attach({ mode: 'enforce' });
});
after(() => checks.stop());

/** The product's own worker for Azure DevOps, in a process that can be killed. */
async function worker(killAt?: string): Promise<PartProcess> {
  const port = await freePort();
  return PartProcess.launch({
    file: 'workers/main.ts',
    environment: { ...checks.environment, HOLDPOINT_QUEUES: 'holdpoint-azure-devops', HOLDPOINT_WORKER_HEALTH_PORT: String(port), ...(killAt !== undefined && { HOLDPOINT_KILL_AT: killAt }) },
    logFile: join(checks.directory, 'worker.log'),
    healthUrl: `http://127.0.0.1:${port}/readyz`,
  });
}

describe('a worker that is killed while it answers a check', () => {
  for (const [moment, delivery] of [['afterEffect', 'already'], ['before', 'delivered']] as const) {
    it(`${moment}: Azure DevOps is told once`, async () => {
      const killed = await worker(`completeStageCheck:${moment}`);
      const run = await checks.startRun();
      await checks.gateOpen(run);
      await checks.decide(run, 'approve', 'alice');
      assert.equal((await killed.ended).signal, 'SIGKILL');
      assert.equal((await checks.run(run)).result, moment === 'afterEffect' ? 'succeeded' : null);

      const second = await worker();
      const { outcome, answer } = await checks.result(run);
      assert.deepEqual([outcome, answer?.result, answer?.delivery], ['succeeded', 'succeeded', delivery]);
      assert.deepEqual(checks.ledger(new RegExp(`/plans/${run.planId}/events$`)).map(({ status, changed }) => [status, changed]), [[200, true]]);
      await second.stop();
    });
  }

  it('a lost answer is not sent twice', async () => {
    const own = await worker();
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.control('POST', 'faults', { match: { method: 'POST', path: `/plans/${run.planId}/events$` }, effect: { kind: 'cutAfterAccept' } });
    await checks.decide(run, 'reject', 'carol', 'no');
    const { outcome, answer } = await checks.result(run);
    assert.deepEqual([outcome, answer?.result, answer?.delivery], ['rejected', 'failed', 'already']);
    assert.equal(checks.ledger(new RegExp(`/plans/${run.planId}/events$`)).length, 1);
    await own.stop();
  });
});
