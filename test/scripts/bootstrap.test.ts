import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';

const scripts = resolve(import.meta.dirname, '../../scripts');
const entry = join(scripts, 'bootstrap.mjs');
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-bootstrap-'));
after(() => rmSync(directory, { recursive: true, force: true }));

// Plain JavaScript, since it runs before TypeScript can: imported by address, with the types said here.
const stamp = (await import(join(scripts, 'bootstrap/stamp.mjs'))) as {
  digestOf(base: string, paths: string[]): string;
  isFresh(stampFile: string, digest: string): boolean;
  writeStamp(stampFile: string, digest: string): void;
};
const dependencies = (await import(join(scripts, 'bootstrap/dependencies.mjs'))) as { matchesLock(directory: string): boolean };

function run(args: string[], nodeArgs: string[] = []): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...nodeArgs, entry, ...args], (error, stdout, stderr) => resolve({ status: error ? Number(error.code) : 0, stdout, stderr }));
  });
}

/** Arguments that make Node believe that it is another version. */
function asNode(version: string): string[] {
  const preload = `Object.defineProperty(process, 'version', { value: '${version}' })`;
  return ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
}

describe('bootstrap', () => {
  it('says on an old Node which one it needs, and does nothing', async () => {
    const { status, stdout, stderr } = await run(['installed', '--', 'node', '--version'], asNode('v18.19.1'));
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /needs Node 20 or newer .* this is Node v18\.19\.1/);
  });

  it('runs the command under Node 24, prints nothing itself when there is nothing to do, and hands on the exit status', async () => {
    const { status, stdout, stderr } = await run(['installed', '--', 'node', '-e', 'console.log(process.version); process.exit(7)'], asNode('v20.1.0'));
    assert.equal(status, 7);
    assert.match(stdout, /^v24\.\d+\.\d+\n$/);
    assert.equal(stderr, '');
  });

  it('hands on a signal and its consequence', async () => {
    const program = 'process.on("SIGTERM", () => process.exit(3)); setInterval(() => {}, 1000); console.log("ready")';
    const child = spawn(process.execPath, [entry, 'installed', '--', 'node', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number];
    assert.equal(status, 3);
  });

  it('answers a need that it does not know with its usage', async () => {
    const { status, stderr } = await run(['everything']);
    assert.equal(status, 2);
    assert.match(stderr, /Usage: /);
  });
});

describe('a stamp', () => {
  it('is fresh until a file below its inputs changes, appears or goes', () => {
    const base = mkdtempSync(join(directory, 'inputs-'));
    const file = join(base, 'made.stamp');
    const inputs = ['sources', 'lock.json'];
    mkdirSync(join(base, 'sources/deep'), { recursive: true });
    writeFileSync(join(base, 'sources/deep/a.ts'), 'one');
    const digest = stamp.digestOf(base, inputs);
    assert.equal(stamp.isFresh(file, digest), false);
    stamp.writeStamp(file, digest);
    assert.equal(stamp.isFresh(file, stamp.digestOf(base, inputs)), true);

    writeFileSync(join(base, 'sources/deep/a.ts'), 'two');
    assert.equal(stamp.isFresh(file, stamp.digestOf(base, inputs)), false);
    writeFileSync(join(base, 'sources/deep/a.ts'), 'one');
    assert.equal(stamp.isFresh(file, stamp.digestOf(base, inputs)), true);
    writeFileSync(join(base, 'lock.json'), '{}');
    assert.equal(stamp.isFresh(file, stamp.digestOf(base, inputs)), false);
    rmSync(join(base, 'lock.json'));
    writeFileSync(join(base, 'sources/b.ts'), '');
    assert.equal(stamp.isFresh(file, stamp.digestOf(base, inputs)), false);
  });
});

describe('matchesLock', () => {
  /** A checkout whose lock file wants `wanted` and whose node_modules holds `installed`. */
  function checkout(wanted: object, installed?: object): string {
    const base = mkdtempSync(join(directory, 'checkout-'));
    writeFileSync(join(base, 'package-lock.json'), JSON.stringify({ packages: { '': { name: 'x' }, ...wanted } }));
    mkdirSync(join(base, 'node_modules'));
    if (installed) writeFileSync(join(base, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
    return base;
  }
  const wanted = { 'node_modules/a': { version: '1.0.0' }, 'node_modules/for-another-system': { version: '2.0.0', optional: true } };

  it('takes packages that npm installed by hand, whatever else is there', () => {
    assert.equal(dependencies.matchesLock(checkout(wanted, { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '3.0.0' } })), true);
  });

  it('misses a package, another version, or everything', () => {
    assert.equal(dependencies.matchesLock(checkout(wanted, {})), false);
    assert.equal(dependencies.matchesLock(checkout(wanted, { 'node_modules/a': { version: '1.0.1' } })), false);
    assert.equal(dependencies.matchesLock(checkout(wanted)), false);
  });
});
