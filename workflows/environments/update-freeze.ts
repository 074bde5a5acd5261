import type { FreezePassed, FreezeWait } from '../blocks/freeze-wait.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { FleetMember } from '../domain/environment.ts';
import { UpdateEnvironmentPhase as Phase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { freezeAt, freezeChanged } from '../releases/freeze-activities.ts';
import { loadPolicy } from '../releases/release-activities.ts';
import type { AskedUpdate } from './environment-gates.ts';

/** Immediately before the update of all deployments: a freeze of one of the circuits holds the whole. What has been updated is put back, where that is needed, whatever is frozen by then. */
export async function waitOutFreeze(freeze: FreezeWait, { environment, policy: { target }, requestedBy }: AskedUpdate, members: readonly FleetMember[]): Promise<FreezePassed> {
  const question = { targets: members.map(({ target }) => target), action: 'environmentUpdate' as const };
  const look = (at: string) => freezeAt(question, at);
  return await freeze.pass({
    what: `the update to ${environment.name} ${environment.version}`,
    requestedBy,
    phase: Phase.Frozen,
    look,
    change: (known, boundMs) => freezeChanged(question, known, boundMs),
    policy: () => loadPolicy({ target }),
  }, await look(now().toISOString()));
}

/** Whether results are older than Stage 3's evidence may be. */
export function isStale(measuredAt: string, { gates: { stage3: { evidence: { lifetimeMs } } } }: TargetPolicy): boolean {
  return lifetimeMs !== null && now().getTime() - Date.parse(measuredAt) > lifetimeMs;
}
