/** A gate that asks for more proof of identity than this installation can give, or profile `production` with a gate that asks for none, stops the worker before it takes a task: nothing is downgraded in silence. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { completeGate, gateVariants } from '../activities/estate/effective-gates.ts';
import type { Estate } from '../activities/estate/schema.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import type { IdentityLevel } from '../workflows/domain/vocabulary.ts';
import { ConfigurationError, type WorkerConfiguration } from './configuration.ts';

type Means = Pick<WorkerConfiguration, 'HOLDPOINT_PROFILE' | 'HOLDPOINT_QUEUES' | 'TEMPORAL_PRINCIPALS' | 'estateFile' | 'keysDirectory'>;

/** The gates that demand this level, in any environment or severity. */
export function gatesOfLevel(estate: Pick<Estate, 'gates' | 'gateDefaults' | 'plants'>, level: IdentityLevel): string[] {
  return [...new Set(gateVariants(estate).filter((variant) => completeGate(estate, variant).identity === level).map(({ gate }) => gate))];
}

export function refuseInsufficientIdentity({ HOLDPOINT_PROFILE, HOLDPOINT_QUEUES, TEMPORAL_PRINCIPALS, estateFile, keysDirectory }: Means, estate: Pick<Estate, 'gates' | 'gateDefaults' | 'plants'>): void {
  const refuse = (gates: string[], what: string): void => {
    if (gates.length > 0) throw new ConfigurationError(`${estateFile}: gates ${gates.join(', ')} ${what}`);
  };
  if (HOLDPOINT_PROFILE === 'production') {
    refuse(gatesOfLevel(estate, 'claimed'), 'accept identity level "claimed", a name in a payload that nobody has verified. Profile production refuses it: give these gates identity: authenticated, or run with HOLDPOINT_PROFILE=demo, and not against production.');
  }
  const publicKeys = join(keysDirectory, 'decisions.public.json');
  // Only the worker that verifies decisions needs the keys; without it no decision counts.
  if (HOLDPOINT_QUEUES.includes(TaskQueue.Record) && !existsSync(publicKeys)) {
    refuse(gatesOfLevel(estate, 'authenticated'), `demand identity level "authenticated", but the public keys that prove it are missing: ${publicKeys} does not exist. Make the keys, copy the public set there, or name its directory in HOLDPOINT_KEYS.`);
  }
  if (!TEMPORAL_PRINCIPALS) {
    refuse(gatesOfLevel(estate, 'attributed'), 'demand identity level "attributed", which only a Temporal Server 1.31 or newer with principal propagation gives. If yours has it, say so with TEMPORAL_PRINCIPALS=true; otherwise give these gates identity: authenticated.');
  }
}
