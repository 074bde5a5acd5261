/**
 * `npm test [-- file ...]`: runs test files with Node's test runner; without names, all but the lanes that take long or need further
 * servers. `--lane stories`, `--lane chaos` or `--lane platforms` runs one of those.
 */
import { constants } from 'node:os';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { testFiles } from './test-files.ts';

const { values, positionals } = parseArgs({ options: { lane: { type: 'string' } }, allowPositionals: true });
const files = positionals.length > 0 ? positionals : testFiles(values.lane);
if (files.length === 0) {
  console.error(`No test file${values.lane === undefined ? '' : ` in the lane ${values.lane}`}.`);
  process.exit(1);
}
// A file of the lane chaos kills workers for a quarter of an hour; the longest of the others, some thirty-five kills of a release, takes five minutes.
const timeout = values.lane === 'chaos' ? 1_800_000 : 900_000;
// Each file starts servers of its own, and the smallest machine that this must pass on has two cores; a third file fills what the others wait.
const concurrency = values.lane === undefined || values.lane === 'stories' ? 3 : 2;
const slowestShown = 12;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopping.abort();
    process.exitCode = 128 + constants.signals[signal];
  });
}
const durations: { file: string; seconds: number }[] = [];
// The runner of the command line sorts its files; this one keeps their order.
const tests = run({ files: files.map((file) => resolve(file)), concurrency, timeout, signal: stopping.signal });
tests.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode ??= 1;
});
tests.on('test:summary', ({ file, duration_ms }) => {
  if (file !== undefined) durations.push({ file, seconds: duration_ms / 1000 });
});
(tests.compose(new spec()) as Readable).pipe(process.stdout);
tests.once('end', () => {
  const slowest = durations.sort((one, other) => other.seconds - one.seconds).slice(0, slowestShown);
  if (files.length > slowestShown) console.error(['slowest files:', ...slowest.map(({ file, seconds }) => `${seconds.toFixed(0).padStart(5)} s  ${file.replace(`${process.cwd()}/`, '')}`)].join('\n'));
});
