/** What a checklist's machine items can be. An item's `id` is the name of a check, so that the estate needs no other word for it. */
import type { RegistryRef, WorkspaceRef } from './vocabulary.ts';

/** Every check that there is, and what it is ok for. */
export const machineChecks = {
  'pull-request-completed': 'the pull request is merged',
  'model-registered': 'the candidate is registered, and neither failed nor archived',
  'artifact-readable': 'the files that the training job wrote are there and can be read',
  'production-deployment-healthy': 'what production serves was provisioned without failure',
  'previous-version-available': 'what a rollback goes back to is still there',
  'no-firing-alerts': 'no alert fires for the deployment in production',
  'tests-passed': 'every test that the run published passed',
} as const;
export type MachineCheck = keyof typeof machineChecks;

/** The families of gates that check different things. */
export type CheckedGate = 'release' | 'stage';

/** Which checks the gates of a release, and the gate before a pipeline's stage, can make. */
export const checksOf = {
  release: ['pull-request-completed', 'model-registered', 'artifact-readable', 'production-deployment-healthy', 'previous-version-available', 'no-firing-alerts'],
  stage: ['pull-request-completed', 'tests-passed', 'previous-version-available'],
} as const satisfies Record<CheckedGate, readonly MachineCheck[]>;
export type ReleaseCheck = (typeof checksOf.release)[number];
export type StageCheck = (typeof checksOf.stage)[number];

/** What a machine saw: whether the item is answered with yes, and one sentence. */
export interface Checked {
  ok: boolean;
  comment: string;
}

/** Whether a gate of this family can check the item. */
export function canCheck<G extends CheckedGate>(gate: G, item: string): item is (typeof checksOf)[G][number] {
  return (checksOf[gate] as readonly string[]).includes(item);
}

/** The name that somebody may have meant: the one that the fewest changes of a letter make of it; null where none is near. */
export function nearestName(name: string, names: readonly string[]): string | null {
  const [nearest] = names.map((candidate) => ({ candidate, changes: changesBetween(name.toLowerCase(), candidate) })).sort((one, other) => one.changes - other.changes);
  return nearest && nearest.changes <= Math.max(2, nearest.candidate.length / 2) ? nearest.candidate : null;
}

/** Levenshtein's distance. */
function changesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
    row = next;
  }
  return row.at(-1)!;
}

/** Where a model version is kept. */
export interface ModelPlace {
  home: { registry: RegistryRef } | { workspace: WorkspaceRef };
  model: string;
  version: string;
}

/** The place that a deployment's model reference names: a version of the estate's registry, or of a workspace by its ARM id; null for anything else. */
export function modelPlace(reference: string, registry: RegistryRef): ModelPlace | null {
  const [, name, registered, version] = /^azureml:\/\/registries\/([^/]+)\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(reference) ?? [];
  if (registered !== undefined && version !== undefined) return name === registry.registry ? { home: { registry }, model: registered, version } : null;
  const arm = /^(?:azureml:)?\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.MachineLearningServices\/workspaces\/([^/]+)\/models\/([^/]+)\/versions\/([^/]+)$/i.exec(reference);
  if (!arm) return null;
  const [subscriptionId, resourceGroup, workspace, model, last] = arm.slice(1) as [string, string, string, string, string];
  return { home: { workspace: { subscriptionId, resourceGroup, workspace } }, model, version: last };
}
