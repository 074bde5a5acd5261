/** Profile `production` demands that every gate knows who answers; what cannot be satisfied stops the worker before it takes a task. */
import type { Estate } from '../activities/estate/schema.ts';
import { ConfigurationError, type CommonConfiguration } from './configuration.ts';

export function refuseInsufficientIdentity({ HOLDPOINT_PROFILE, estateFile }: Pick<CommonConfiguration, 'HOLDPOINT_PROFILE' | 'estateFile'>, estate: Pick<Estate, 'gates'>): void {
  if (HOLDPOINT_PROFILE !== 'production') return;
  const claimed = Object.entries(estate.gates).filter(([, gate]) => gate.identity === 'claimed').map(([name]) => name);
  if (claimed.length === 0) return;
  throw new ConfigurationError(
    `${estateFile}: gates ${claimed.join(', ')} accept identity level "claimed", a name in a payload that nobody has verified. Profile production refuses it, and no stronger level exists in this version: run with HOLDPOINT_PROFILE=demo, and not against production.`,
  );
}
