import { globSync } from 'node:fs';

/** Lanes that run only when asked for: they kill workers over and over, or need servers that are built for them. */
const lanes = ['chaos', 'platforms'];

/** The test files of a lane; without one, all that belong to no lane. Relative to `directory`, sorted. */
export function testFiles(lane?: string, directory: string = process.cwd()): string[] {
  const pattern = lane === undefined ? 'test/**/*.test.ts' : `test/${lane}/**/*.test.ts`;
  const inLane = (file: string) => lanes.some((name) => file.startsWith(`test/${name}/`));
  return globSync(pattern, { cwd: directory })
    .filter((file) => lane !== undefined || !inLane(file))
    .sort();
}
