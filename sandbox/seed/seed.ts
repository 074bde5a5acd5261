import { GitRepository, DEFAULT_BRANCH } from '../azure-devops/git/repository.ts';
import type { SandboxContext } from '../core/context.ts';
import type { Store } from '../core/store.ts';
import { CIRCUITS, configPath, configText, FIRST_ENVIRONMENT, FIRST_SETTINGS } from './estate.ts';
import { seedFirstModel } from './first-models.ts';
import { PIPELINE_FILES, seedPipelines } from './pipelines.ts';
import { seedWorkspaces } from './workspaces.ts';

const COLLECTION = 'seed';

/** What of the seed is there: `ground` is everything that needs no training, `models` the rest. */
type Part = 'ground' | 'models';

/** Whether the demo's estate is complete. */
export function isSeeded(store: Store): boolean {
  return isDone(store, 'models');
}

/** Makes, in an empty state, the workspaces, the repository with a configuration per circuit, and the pipelines. Takes no time to speak of. */
export function layGround(context: SandboxContext): void {
  if (isDone(context.store, 'ground')) return;
  seedWorkspaces(context);
  seedRepository(context);
  seedPipelines(context);
  markDone(context.store, 'ground');
}

/**
 * Trains and deploys version 1 of every circuit's model, with the server listening, since jobs report to it; their
 * reports are not recorded in the ledger. A seeding that was cut short goes on at the next start.
 */
export async function trainFirstModels(context: SandboxContext, signal: AbortSignal): Promise<void> {
  if (isSeeded(context.store)) return;
  try {
    await Promise.all(CIRCUITS.map((circuit) => seedFirstModel(context, circuit, signal)));
    markDone(context.store, 'models');
  } catch (error) {
    if (!signal.aborted) console.error('The estate could not be completed:', error);
  }
}

function seedRepository({ store, clock }: SandboxContext): void {
  const git = new GitRepository(store, clock);
  const tip = git.tip(DEFAULT_BRANCH);
  const files = Object.fromEntries(CIRCUITS.map((circuit) => [configPath(circuit), configText(FIRST_SETTINGS)]));
  const more = { [FIRST_ENVIRONMENT.path]: FIRST_ENVIRONMENT.text, ...PIPELINE_FILES };
  git.setTip(DEFAULT_BRANCH, git.commit(tip === undefined ? [] : [tip], 'dana@example.com', 'Configure the circuits', { ...files, ...more }));
}

function isDone(store: Store, part: Part): boolean {
  return store.get(COLLECTION, part) !== undefined;
}

function markDone(store: Store, part: Part): void {
  store.put(COLLECTION, part, {});
}
