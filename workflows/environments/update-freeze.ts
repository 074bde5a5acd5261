import type { FreezePassed, FreezeWait } from '../blocks/freeze-wait.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { FleetMember } from '../domain/environment.ts';
import { UpdateEnvironmentPhase as Phase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { Target } from '../domain/vocabulary.ts';
import { freezeAt, freezeChanged } from '../releases/freeze-activities.ts';
import type { Write } from '../releases/pass-holds.ts';
import { loadPolicy } from '../releases/release-activities.ts';
import type { AskedUpdate } from './environment-gates.ts';
import type { HeldFleet } from './held-fleet.ts';

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

/** A wave as what may hold it sees it; `updated`: those that have the new environment already. */
export type WaveWrite = (targets: Target[], wave: string, updated: readonly FleetMember[]) => Write;

/** A wave that is about to be written: held by what concerns its own circuits, be it declared or begun since the waves before. Those of the waves before are watched meanwhile. */
export function waveWrite(run: Run, freeze: FreezeWait, { environment, policy: { target }, requestedBy }: AskedUpdate, held: HeldFleet): WaveWrite {
  return (targets, wave, updated) => ({
    run, freeze, where: targets, action: 'environmentUpdate', requestedBy, phase: Phase.Frozen,
    what: `${wave} of the update to ${environment.name} ${environment.version}`,
    policy: () => loadPolicy({ target }),
    ...(updated.length > 0 && {
      alsoShow: [`${updated.length} have the new environment, and the others wait: cancel the run to put them back, which no freeze holds.`, 'Their alerts are watched meanwhile.'],
      beside: () => held.watch(updated),
    }),
  });
}

/** Whether results are older than Stage 3's evidence may be. */
export function isStale(measuredAt: string, { gates: { stage3: { evidence: { lifetimeMs } } } }: TargetPolicy): boolean {
  return lifetimeMs !== null && now().getTime() - Date.parse(measuredAt) > lifetimeMs;
}
