/** A gate that asks for more proof of identity than this installation can give, or profile `production` with a gate that asks for none, stops the worker before it takes a task: nothing is downgraded in silence. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { completeGate, gateVariants } from '../activities/estate/effective-gates.ts';
import type { Estate } from '../activities/estate/schema.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import { identityLevels, type IdentityLevel } from '../workflows/domain/vocabulary.ts';
import { ConfigurationError, type WorkerConfiguration } from './configuration.ts';

type Means = Pick<WorkerConfiguration, 'HOLDPOINT_PROFILE' | 'HOLDPOINT_QUEUES' | 'TEMPORAL_PRINCIPALS' | 'estateFile' | 'keysDirectory'>;

/** The gates that demand this level, in any environment or severity. */
export function gatesOfLevel(estate: Pick<Estate, 'gates' | 'gateDefaults' | 'plants' | 'azureDevOps'>, level: IdentityLevel): string[] {
  return [...new Set(gateVariants(estate).filter((variant) => completeGate(estate, variant).identity === level).map(({ gate }) => gate))];
}

/** Why no gate of this level may be opened here, as the rest of a sentence about such gates; null: it may. */
export function identityProblem({ HOLDPOINT_PROFILE, HOLDPOINT_QUEUES, TEMPORAL_PRINCIPALS, keysDirectory }: Omit<Means, 'estateFile'>, level: IdentityLevel): string | null {
  const publicKeys = join(keysDirectory, 'decisions.public.json');
  switch (level) {
    case 'claimed':
      if (HOLDPOINT_PROFILE !== 'production') return null;
      return 'accept identity level "claimed", a name in a payload that nobody has verified. Profile production refuses it: give these gates identity: authenticated, or run with HOLDPOINT_PROFILE=demo, and not against production.';
    case 'authenticated':
      // Only the worker that verifies decisions needs the keys; without it no decision counts.
      if (!HOLDPOINT_QUEUES.includes(TaskQueue.Record) || existsSync(publicKeys)) return null;
      return `demand identity level "authenticated", but the public keys that prove it are missing: ${publicKeys} does not exist. Make the keys, copy the public set there, or name its directory in HOLDPOINT_KEYS.`;
    case 'attributed':
      if (TEMPORAL_PRINCIPALS) return null;
      return 'demand identity level "attributed", which only a Temporal Server 1.31 or newer with principal propagation gives. If yours has it, say so with TEMPORAL_PRINCIPALS=true; otherwise give these gates identity: authenticated.';
  }
}

/** At the start of a worker, for all gates of the estate at once. */
export function refuseInsufficientIdentity(means: Means, estate: Pick<Estate, 'gates' | 'gateDefaults' | 'plants' | 'azureDevOps'>): void {
  for (const level of identityLevels) {
    const gates = gatesOfLevel(estate, level);
    const problem = gates.length === 0 ? null : identityProblem(means, level);
    if (problem !== null) throw new ConfigurationError(`${means.estateFile}: gates ${gates.join(', ')} ${problem}`);
  }
}
