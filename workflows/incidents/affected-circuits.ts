/** What a grave incident holds back, and whose last change it offers to take back: one circuit, or all those behind a name of the estate. */
import type { Run } from '../blocks/run.ts';
import type { StopScope } from '../domain/emergency-stop.ts';
import type { NamedCircuits } from '../domain/incident.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { readProductionDeployment } from '../releases/release-activities.ts';
import { findLastChanges, loadTargetPolicySoon } from './incident-activities.ts';
import { isRollback, lastChangeOf, type LastChange } from './last-change-gate.ts';

/** A change that can be taken back, and by whose rules. */
export interface LastChangeOffer {
  change: LastChange;
  policy: TargetPolicy;
}

export interface AffectedCircuits {
  /** Whose releases are paused. */
  scope: StopScope;
  /** Looks for the last change; a text says why there is none to take back. */
  lastChange: () => Promise<LastChangeOffer | string>;
}

export function affectedCircuit(run: Run, policy: TargetPolicy): AffectedCircuits {
  const { target, workspaces, endpoint, deployment } = policy;
  return {
    scope: target,
    lastChange: async () => {
      const serving = await run.attempt('What production serves could not be read', () => readProductionDeployment({ workspace: workspaces.production, endpoint, deployment }));
      const change = serving && lastChangeOf(serving);
      if (!change) return serving === null ? 'what production serves could not be read' : 'the deployment does not tell its version';
      return isRollback(change) ? `${change.from} serves by a rollback, ${change.run}` : { change, policy };
    },
  };
}

/** Of many circuits the newest change is offered that is no rollback. */
export function namedCircuitsOf(run: Run, { scope, count, circuits, production }: NamedCircuits): AffectedCircuits {
  return {
    scope,
    lastChange: async () => {
      const found = await run.attempt('What production serves could not be read', () => findLastChanges({ workspace: production, places: circuits }));
      if (found === null) return 'what production serves could not be read';
      for (const { target, tags, changedAt } of found.changes) {
        const change = lastChangeOf({ tags });
        if (change === null || isRollback(change)) continue;
        const policy = await run.attempt('The policy of the target could not be read', () => loadTargetPolicySoon({ target }));
        const looked = circuits.length < count ? `${circuits.length} of ${count}` : String(count);
        return policy === null ? 'the policy of the circuit that was changed last could not be read' : { change: { ...change, newestOf: `the newest change of ${looked} circuits, at ${changedAt}` }, policy };
      }
      return found.changes.length === 0 ? 'no deployment tells its version' : 'what was changed last were rollbacks';
    },
  };
}
