import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEV_WORKSPACE, machineLearningId, PROD_WORKSPACE, TEST_WORKSPACE } from '../../../sandbox/core/tenancy.ts';
import { CIRCUITS, deploymentName, endpointName, modelName } from '../../../sandbox/seed/estate.ts';
import { isSeeded } from '../../../sandbox/seed/seed.ts';
import { createSandbox, type Sandbox } from '../../../sandbox/server.ts';

const MAIN = join(import.meta.dirname, '../../../sandbox/main.ts');
const LONGEST_SEEDING_MS = 60_000;

function stateFolder(t: TestContext): string {
  const state = mkdtempSync(join(tmpdir(), 'holdpoint-seed-'));
  t.after(() => rmSync(state, { recursive: true, force: true, maxRetries: 5 }));
  return state;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + LONGEST_SEEDING_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the estate was not completed');
    await sleep(50);
  }
}

function trainedJobs({ context }: Sandbox): number {
  return CIRCUITS.filter((circuit) => context.jobs.runs.get(DEV_WORKSPACE, `seed-train-${modelName(circuit)}`)?.status === 'Completed').length;
}

/** Every circuit serves version 1 in test and production, and nothing of that is in the ledger. */
function assertEstate({ context: { resources, ledger, blobs } }: Sandbox): void {
  for (const circuit of CIRCUITS) {
    const name = modelName(circuit);
    const registered = resources.get(machineLearningId(`registries/ml-registry/models/${name}/versions/1`));
    const { mae, training_ms: trainingMs } = registered?.properties['tags'] as Record<string, string>;
    assert.ok(Number(mae) > 0 && Number(trainingMs) > 0);
    assert.ok(blobs.get(`registries/ml-registry/models/${name}/1/model.json`));
    for (const workspace of [TEST_WORKSPACE, PROD_WORKSPACE]) {
      const endpoint = machineLearningId(`workspaces/${workspace}/batchEndpoints/${endpointName(circuit.plant)}`);
      const deployment = resources.get(`${endpoint}/deployments/${deploymentName(circuit)}`);
      assert.deepEqual(deployment?.tags, { model_version: '1', previous_version: '', released_by: 'seed', run: 'seed' });
      assert.deepEqual(resources.get(endpoint)?.properties['defaults'], { deploymentName: 'deployment-circuit-C001' });
    }
  }
  assert.deepEqual(ledger.since(0), []);
}

test('the first start trains and deploys a model per circuit; a stop in the middle is made up for at the next start', async (t) => {
  const stateDir = stateFolder(t);
  const first = await createSandbox({ stateDir, port: 0 });
  await until(() => trainedJobs(first) >= 2);
  await first.close();

  const second = await createSandbox({ stateDir, port: 0 });
  t.after(() => second.close());
  assert.equal(isSeeded(second.context.store), false);
  await until(() => isSeeded(second.context.store));
  assertEstate(second);
});

test('a stand-in that is killed while it seeds completes the estate at the next start', async (t) => {
  const state = stateFolder(t);
  const environment = { ...process.env, HOLDPOINT_STATE: state, SANDBOX_PORT: '0' };
  const child = spawn(process.execPath, [MAIN, '--json'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await sleep(1500);
  child.kill('SIGKILL');
  await once(child, 'exit');

  const sandbox = await createSandbox({ stateDir: join(state, 'sandbox'), port: 0 });
  t.after(() => sandbox.close());
  await until(() => isSeeded(sandbox.context.store));
  assertEstate(sandbox);
});
