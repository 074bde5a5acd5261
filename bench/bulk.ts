/**
 * `npm run bench:bulk [-- gates]`: so many releases wait at Stage 1, and one command line reviews and decides them all: `approve --all --yes`, from the start of its process to its end.
 * Server, worker (activities that answer at once) and command line share the machine. The last line is one JSON object.
 */
import { cpus } from 'node:os';
import { holdpointAt } from '../test/starters/run-holdpoint.ts';
import { startReleases, waitingAt } from '../test/starters/bulk/bulk-runs.ts';
import { withReleaseWorkers } from '../test/support/release-worker.ts';
import { startTemporal } from '../test/support/temporal-server.ts';
import type { BulkResult } from '../starters/bulk/decide-all.ts';

const gates = Number(process.argv[2] ?? 500);
const environment = await startTemporal();
try {
  await withReleaseWorkers(environment, {}, async () => {
    const targets = Array.from({ length: gates }, (_, n) => ({ plant: `P${String(Math.floor(n / 50)).padStart(3, '0')}`, circuit: `C${String(n % 50).padStart(3, '0')}` }));
    const ids = await startReleases(environment, targets, '42-3f2a91c0');
    await waitingAt(environment, 'stage1', ids);
    process.stdout.write(`${gates} gates wait\n`);

    const holdpoint = holdpointAt(environment.address);
    const timed = async (...args: string[]) => {
      const from = performance.now();
      const { code, stdout, stderr } = await holdpoint(args);
      if (code !== 0 && stdout === '') throw new Error(stderr);
      return { seconds: round((performance.now() - from) / 1000), answer: JSON.parse(stdout) as { preview: object[]; results: BulkResult[] } };
    };
    const all = ['approve', '--all', '--target', 'P*', '--gate', 'stage1', '--as', 'alice', '--json'];
    const preview = await timed(...all, '--dry-run');
    const decided = await timed(...all, '--yes');
    const counted = decided.answer.results.filter(({ result, state }) => result === 'counted' && state === 'approved').length;
    for (const { workflowId, result, reason } of decided.answer.results.filter((each) => each.result !== 'counted').slice(0, 5)) process.stdout.write(`${workflowId}: ${result}, ${reason}\n`);
    process.stdout.write(`${JSON.stringify({ gates, counted, previewed: preview.answer.preview.length, previewSeconds: preview.seconds, seconds: decided.seconds, perSecond: round(gates / decided.seconds), cores: cpus().length })}\n`);
  });
} finally {
  await environment.teardown();
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
