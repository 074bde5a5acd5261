/** What an update of many deployments did to each of them: the exact account, as the result and the table by reference tell it. Pure. */
import { csvText } from './csv-text.ts';

/**
 * `updated`: has the new environment, read back. `putBack`: had it, and is as before. `kept`: was written, and could not be put back. `takenOver`: a rollback of its model took it while it was
 * in hand, and what serves is for that to decide. `leftOut`: never written, for a reason of its own. `untouched`: never written, because the run ended before.
 */
export const deploymentStates = ['updated', 'putBack', 'kept', 'takenOver', 'leftOut', 'untouched'] as const;
export type DeploymentState = (typeof deploymentStates)[number];

export interface DeploymentChange {
  label: string;
  state: DeploymentState;
  /** Why, where it is not as planned. */
  detail: string;
}

/** The account by number, which adds up to `total`; one row for each deployment is in the table. */
export type FleetChanges = Record<DeploymentState, number> & {
  total: number;
  /** Null where it could not be kept. */
  table: { uri: string; sha256: string } | null;
};

export function countChanges(changes: readonly DeploymentChange[]): Omit<FleetChanges, 'table'> {
  const counts = Object.fromEntries(deploymentStates.map((state) => [state, changes.filter((change) => change.state === state).length])) as Record<DeploymentState, number>;
  return { total: changes.length, ...counts };
}

export function changesTable(changes: readonly DeploymentChange[]): string {
  return csvText([['deployment', 'state', 'detail'], ...changes.map(({ label, state, detail }) => [label, state, detail])]);
}
