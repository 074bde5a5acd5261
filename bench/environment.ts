/**
 * `npm run bench:environment [-- models]`: `updateEnvironment` on the stand-in, with so many deployments (200), their integration tests 5 at once, each of which takes the platform 2 s: a second until
 * the deployment in the test workspace is provisioned (300 ms, and the interval that the service asks for), a second for the job (950 ms, and the stand-in's 50 ms in Finalizing). What the product and this machine add to the ideal
 * (models / 5 × 2 s) is the overhead. Everything shares the machine: Temporal, the stand-in with its real scoring processes, the worker. The last line is one JSON object.
 */
import { cpus, loadavg } from 'node:os';
import type { GateView } from '../workflows/domain/gate-view.ts';
import type { UpdateEnvironmentResult } from '../workflows/domain/environment.ts';
import { idPart } from '../workflows/domain/ids.ts';
import { UpdateEnvironmentPhase as Phase } from '../workflows/domain/phases.ts';
import type { RunStatus } from '../workflows/domain/run-status.ts';
import { eventually } from '../test/support/eventually.ts';
import { FleetStack } from '../test/support/fleet-stack.ts';
import { meanSteps } from './test-steps.ts';

const models = Number(process.argv[2] ?? 200);
const [maxParallel, testSeconds] = [5, 2];
const fleet = await FleetStack.start({ circuits: models, jobMs: 950, nodes: maxParallel });
const { client } = fleet.stack;
try {
  await fleet.stack.startWorker();
  const loadBefore = loadavg()[0]!;
  const { workflowId } = await fleet.update({ maxParallel });
  const handle = client.workflow.getHandle(workflowId);
  for (const [gate, by] of [['stage1', 'alice'], ['stage3', 'bob']] as const) {
    await eventually(async () => {
      if ((await handle.query<GateView | null>('gate'))?.gate !== gate) throw new Error(`${gate} is not open yet`);
    }, { timeoutMs: 60_000 + 2_000 * testSeconds * models, everyMs: 1_000 });
    await handle.executeUpdate('decide', { args: [{ gate, by, verdict: 'approve' }] });
  }
  const { outcome, reason, test, changes, updated } = (await handle.result()) as UpdateEnvironmentResult;
  const { phases } = await handle.query<RunStatus>('status');
  const seconds = (phase: string): number => {
    const { startedAt, endedAt } = phases.find(({ name }) => name === phase)!;
    return (Date.parse(endedAt!) - Date.parse(startedAt)) / 1000;
  };
  const sample = fleet.targets.slice(Math.floor(models / 2), Math.floor(models / 2) + 20).map(({ plant, circuit }) => [workflowId, 'test', idPart(plant), idPart(circuit)].join(':'));
  process.stdout.write(`a test, mean milliseconds of each step: ${JSON.stringify(await meanSteps(client, sample))}\n`);
  if (outcome !== 'succeeded') process.stdout.write(`${outcome}: ${reason}\n`);

  const ideal = Math.ceil(models / maxParallel) * testSeconds;
  const events = (await handle.fetchHistory()).events?.length ?? 0;
  const writes = [...(await fleet.productionWrites()).values()];
  process.stdout.write(`${JSON.stringify({
    models, outcome, passed: test?.passed ?? 0, updated: updated.length, changes: changes && { ...changes, table: undefined }, writes: writes.length, mostWritesOfOne: Math.max(0, ...writes),
    seconds: round(seconds(Phase.Stage2)), idealSeconds: ideal, overhead: round(seconds(Phase.Stage2) / ideal - 1), wavesSeconds: round(seconds(Phase.Deployment)),
    events, largestHistory: await largestHistory(), cores: cpus().length, loadBefore: round(loadBefore), loadAfter: round(loadavg()[0]!),
  })}\n`);
} finally {
  await fleet.stack.stop();
}

/** Of all runs: the update, its tests, the locks. */
async function largestHistory(): Promise<{ workflowId: string; events: number }> {
  let largest = { workflowId: '', events: 0 };
  for await (const { workflowId } of client.workflow.list()) {
    const { historyLength } = await client.workflow.getHandle(workflowId).describe();
    if (historyLength > largest.events) largest = { workflowId, events: historyLength };
  }
  return largest;
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
