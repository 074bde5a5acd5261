import { globSync } from 'node:fs';

/** Lanes that run only when asked for: they play every story of the docs, kill workers over and over, or need servers that are built for them. */
const lanes = ['stories', 'chaos', 'platforms'];

/** These take longest; they mostly wait, for the time-outs by which Temporal misses a worker that was killed, and leave the cores to the others. */
const begunFirst = ['test/recovery/'];

/** The test files of a lane; without one, all that belong to no lane. Relative to `directory`, in the order in which they are best run. */
export function testFiles(lane?: string, directory: string = process.cwd()): string[] {
  const pattern = lane === undefined ? 'test/**/*.test.ts' : `test/${lane}/**/*.test.ts`;
  const inLane = (file: string) => lanes.some((name) => file.startsWith(`test/${name}/`));
  return globSync(pattern, { cwd: directory })
    .filter((file) => lane !== undefined || !inLane(file))
    .sort((one, other) => place(one) - place(other) || (one < other ? -1 : 1));
}

function place(file: string): number {
  const first = begunFirst.findIndex((start) => file.startsWith(start));
  return first < 0 ? begunFirst.length : first;
}
