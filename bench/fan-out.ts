/**
 * `node bench/fan-out.ts [models [test seconds]]`: the integration test of an environment alone, of so many models, 5 at once, each test that long; what the product adds to the
 * ideal (models / 5 × seconds). Server and worker share the machine; activities answer at once, so that what is measured is the fan-out. The last line is one JSON object.
 */
import { cpus } from 'node:os';
import { sleep } from '@temporalio/activity';
import type { GateView } from '../workflows/domain/gate-view.ts';
import type { UpdateEnvironmentResult } from '../workflows/domain/environment.ts';
import { UpdateEnvironmentPhase } from '../workflows/domain/phases.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import type { RunStatus } from '../workflows/domain/run-status.ts';
import { eventually } from '../test/support/eventually.ts';
import { fleetOf } from '../test/support/fleet.ts';
import { withReleaseWorkers } from '../test/support/release-worker.ts';
import { startTemporal } from '../test/support/temporal-server.ts';
import { meanSteps } from './test-steps.ts';

const [models, seconds, maxParallel] = [Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 2), 5];
const environment = await startTemporal();
try {
  await withReleaseWorkers(environment, fleetOf(models, { testing: () => sleep(1000 * seconds) }).activities, async () => {
    const input = { repositoryId: 'b1a7', pullRequestId: 1, maxParallel, notebook: { link: 'https://example.com/n.ipynb', sha256: 'a'.repeat(64) } };
    const handle = await environment.client.workflow.start('updateEnvironment', { taskQueue: TaskQueue.Runbooks, workflowId: 'updateEnvironment:bench', args: [input] });
    for (const [gate, by] of [['stage1', 'alice'], ['stage3', 'bob']] as const) {
      await eventually(async () => {
        if ((await handle.query<GateView | null>('gate'))?.gate !== gate) throw new Error(`${gate} is not open yet`);
      }, { timeoutMs: 20_000 + 2_000 * seconds * models, everyMs: 500 });
      await handle.executeUpdate('decide', { args: [{ gate, by, verdict: 'approve' }] });
    }
    const { outcome, updated } = (await handle.result()) as UpdateEnvironmentResult;
    const { phases } = await handle.query<RunStatus>('status');
    const { startedAt, endedAt } = phases.find(({ name }) => name === UpdateEnvironmentPhase.Stage2)!;
    const [took, ideal] = [(Date.parse(endedAt!) - Date.parse(startedAt)) / 1000, (Math.ceil(models / maxParallel) * seconds)];
    const sample = Array.from({ length: Math.min(20, models) }, (_, n) => `updateEnvironment:bench:test:P001:C${String(n + 1).padStart(3, '0')}`);
    process.stdout.write(`a test, mean milliseconds of each step: ${JSON.stringify(await meanSteps(environment.client, sample))}\n`);
    const events = (await handle.fetchHistory()).events?.length ?? 0;
    process.stdout.write(`${JSON.stringify({ models, outcome, updated: updated.length, seconds: round(took), idealSeconds: ideal, overhead: round(took / ideal - 1), events, cores: cpus().length })}\n`);
  });
} finally {
  await environment.teardown();
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
