import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binaries, cache, root } from './paths.mjs';
import { digestOf, isFresh, writeStamp } from './stamp.mjs';
import { runProgram, step, StepFailed } from './steps.mjs';

/** Finds or gets the Temporal CLI; returns its path. `temporal-dev.sh` does it, since people without Node use that too. */
export async function ensureTemporal() {
  const script = join(root, 'temporal-dev.sh');
  const known = spawnSync(script, ['--find'], { cwd: root, encoding: 'utf8' });
  if (known.status === 0) return known.stdout.trim();
  return step('temporal', 'Temporal CLI', async () => (await runProgram('temporal', script, ['--ensure'], { show: true })).trim());
}

/** Finds or builds Temporal's server as it runs in production; returns the directory of PostgreSQL's programs, which it needs. */
export async function ensureProductionTemporal() {
  const script = join(root, 'scripts', 'temporal-production', 'ensure.sh');
  const known = spawnSync(script, ['--check'], { cwd: root, encoding: 'utf8' });
  if (known.status === 0) return known.stdout.trim();
  return step('temporal server', 'as in production (one time; about 5 minutes)', async () => (await runProgram('temporal server', script, [], { show: true })).trim());
}

/** Builds the workflow bundle if a file that goes into it has changed. */
export async function ensureWorkflowBundle() {
  const stampFile = join(cache, 'workflow-bundle.stamp');
  const digest = digestOf(root, ['workflows', 'workers', 'package-lock.json']);
  if (isFresh(stampFile, digest) && existsSync(join(cache, 'workflow-bundle.js'))) return;
  await step('bundle', 'workflow code', () => runProgram('bundle', join(binaries, 'node'), ['workers/bundle.ts']));
  writeStamp(stampFile, digest);
}

/** Fails with the line to run if a system package that the tests need is missing. */
export function requireSystemPackages() {
  const check = spawnSync(join(root, 'scripts', 'setup-system.sh'), ['--check'], { encoding: 'utf8' });
  if (check.status !== 0) throw new StepFailed(`${check.stdout}${check.stderr}`.trim());
}

/** The path of a Chromium; `requireSystemPackages` says that there is one. */
export function chromiumPath() {
  return spawnSync(join(root, 'scripts', 'setup-system.sh'), ['--chromium-path'], { encoding: 'utf8' }).stdout.trim();
}

/** Fetches Temporal's time-skipping test server with Maven into the cache, with a wrapper to start it. */
export async function ensureTestServer() {
  const pom = 'scripts/temporal-test-server/pom.xml';
  const directory = join(cache, 'temporal-test-server');
  const wrapper = join(cache, 'bin', 'temporal-test-server');
  const stampFile = join(directory, '.stamp');
  const digest = digestOf(root, [pom]);
  if (isFresh(stampFile, digest) && existsSync(wrapper)) return;
  await step('test server', 'time-skipping Temporal server, with Maven (one time; about 20 s)', async () => {
    const fresh = `${directory}.${process.pid}`;
    await runProgram('test server', 'mvn', ['--batch-mode', '--quiet', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${fresh}`]);
    rmSync(directory, { recursive: true, force: true });
    renameSync(fresh, directory);
    mkdirSync(join(cache, 'bin'), { recursive: true });
    // Compiled lightly and with the simple collector it starts in half the time, which is what counts for short tests.
    const start = `exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$(dirname "$0")/../temporal-test-server/*" io.temporal.testserver.TestServer "$@"`;
    writeFileSync(wrapper, `#!/bin/sh\n${start}\n`, { mode: 0o755 });
  });
  writeStamp(stampFile, digest);
}
