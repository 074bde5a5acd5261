import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PartFailed } from './start-part.ts';
import { root, type Settings } from './settings.ts';

/** Removes everything in the state directory. Refuses one that does not look like a state directory: its path comes from the environment, and may be a slip. */
export function emptyState({ stateDir }: Settings): void {
  if (!existsSync(stateDir)) return;
  const entries = readdirSync(stateDir);
  const holdsProject = !relative(stateDir, root).startsWith('..');
  const isOurs = entries.length === 0 || entries.some((name) => name === 'pids.json' || name === 'sandbox' || name.startsWith('temporal-'));
  if (holdsProject || !isOurs) throw new PartFailed(`${stateDir} is not emptied: it does not look like a state directory of Holdpoint (HOLDPOINT_STATE).`);
  for (const name of entries) rmSync(join(stateDir, name), { recursive: true, force: true });
}
