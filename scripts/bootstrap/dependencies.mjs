import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { binaries, pathWithoutProject, root } from './paths.mjs';
import { digestOf, isFresh, writeStamp } from './stamp.mjs';
import { runProgram, step, StepFailed } from './steps.mjs';

const stampFile = join(root, 'node_modules', '.holdpoint-install');

/** Installs the packages of the lock file unless they are there, and sees to it that the Node among them is. */
export async function ensureDependencies() {
  const digest = digestOf(root, ['package-lock.json']);
  if (isFresh(stampFile, digest) && existsSync(join(binaries, 'node'))) return;
  if (!matchesLock(root)) {
    const env = { ...process.env, PATH: pathWithoutProject() };
    // `ci` and not `install`: exactly the lock file, and it never changes it. Development packages too, whatever NODE_ENV says.
    await step('packages', 'npm ci (one time; about a minute)', () => runProgram('packages', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { env }));
  }
  await ensureNode();
  writeStamp(stampFile, digest);
}

/**
 * Whether node_modules holds what package-lock.json asks for, as npm itself recorded it: packages that somebody installed by
 * hand are not installed once more. Optional packages are for particular platforms and do not count.
 */
export function matchesLock(directory) {
  const installedFile = join(directory, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional, devOptional, peer }]) => path === '' || optional || devOptional || peer || installed[path]?.version === version);
}

/** The package `node` fetches its binary in an install script, which npm may have been told not to run. */
async function ensureNode() {
  if (nodeRuns()) return;
  const directory = join(root, 'node_modules', 'node');
  await step('node', 'its install script was not run by npm; running it', () => runProgram('node', process.execPath, ['installArchSpecificPackage.js'], { cwd: directory, env: { ...process.env, PATH: pathWithoutProject() } }));
  if (!existsSync(join(binaries, 'node'))) {
    mkdirSync(binaries, { recursive: true });
    symlinkSync(join('..', 'node', 'bin', 'node'), join(binaries, 'node'));
  }
  if (!nodeRuns()) throw new StepFailed('The Node of the npm package "node" is missing. Allow its install script (npm approve-scripts node, or npm config delete ignore-scripts), delete node_modules and run the command again.');
}

function nodeRuns() {
  try {
    return execFileSync(join(binaries, 'node'), ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().startsWith('v24.');
  } catch {
    return false;
  }
}
