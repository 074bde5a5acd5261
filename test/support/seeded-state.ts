/**
 * The stand-in's state with the demo's estate in it, trained once and copied from then on: eight real trainings take some 20 seconds, a copy takes none. Kept in
 * `.cache/test-seed/<digest of the stand-in's sources>`, so that a change of the sources trains anew.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isSeeded } from '../../sandbox/seed/seed.ts';
import { createSandbox } from '../../sandbox/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, '.cache/test-seed');

/** Makes `stateDir` the state directory of a stand-in that has just been seeded: every circuit's version 1 is in production and the ledger is empty. */
export async function copySeededState(stateDir: string): Promise<void> {
  const seeded = join(cache, digestOfSources());
  mkdirSync(cache, { recursive: true });
  while (!existsSync(seeded)) {
    if (!takeLock(`${seeded}.lock`)) {
      await sleep(200); // another test file is training
      continue;
    }
    try {
      if (!existsSync(seeded)) await seed(seeded);
    } finally {
      rmSync(`${seeded}.lock`);
    }
  }
  cpSync(seeded, stateDir, { recursive: true });
}

async function seed(target: string): Promise<void> {
  const stateDir = `${target}.${process.pid}`;
  const sandbox = await createSandbox({ stateDir, port: 0 });
  while (!isSeeded(sandbox.context.store)) await sleep(50);
  await sandbox.close();
  renameSync(stateDir, target);
}

/** False while a process that lives holds the lock; that of one which died counts for nothing. */
function takeLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function digestOfSources(): string {
  const hash = createHash('sha256');
  for (const file of globSync('sandbox/**/*.{ts,json}', { cwd: root }).sort()) hash.update(`${file}\0`).update(readFileSync(join(root, file))).update('\0');
  return hash.digest('hex').slice(0, 20);
}
