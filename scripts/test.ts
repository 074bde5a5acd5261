/**
 * `npm test [-- file ...]`: runs test files with Node's test runner; without names, all but the lanes that take long or need further
 * servers. `--lane chaos` or `--lane platforms` runs one of those.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { testFiles } from './test-files.ts';

const { values, positionals } = parseArgs({ options: { lane: { type: 'string' } }, allowPositionals: true });
const files = positionals.length > 0 ? positionals : testFiles(values.lane);
if (files.length === 0) {
  console.error(`No test file${values.lane === undefined ? '' : ` in the lane ${values.lane}`}.`);
  process.exit(1);
}
// A file of the lane chaos kills workers for a quarter of an hour; the longest of the others, some thirty-five kills of a release, takes four minutes of two idle cores.
const timeoutMs = values.lane === 'chaos' ? 1_800_000 : 900_000;
// Two files at once: each starts servers of its own, and the smallest machine that this must pass on has two cores.
const child = spawn(process.execPath, ['--test', '--test-concurrency=2', `--test-timeout=${timeoutMs}`, ...files], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
