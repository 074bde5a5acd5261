/** The emergency stop of releases: who holds back which, and why. Pure. */
import { clip } from './answer.ts';
import { idPart, targetLabel } from './ids.ts';
import type { Target } from './vocabulary.ts';

/** What is stopped: one circuit, a plant, or everything. */
export type StopScope = { plant: string; circuit?: string } | 'all';

/** One reason to stop; several may hold the same scope, and the last one to lift lets releases go on. */
export interface StopHold {
  /** Workflow id of the incident, or the name of a person: one hold each. */
  by: string;
  reason: string;
  /** ISO instant. */
  since: string;
}

/** One stop for each scope. */
export function stopReleasesId(scope: StopScope): string {
  if (scope === 'all') return 'stopReleases:all';
  return ['stopReleases', idPart(scope.plant), ...(scope.circuit === undefined ? [] : [idPart(scope.circuit)])].join(':');
}

/** The stops that hold a release of this target back. */
export function stopsOf({ plant, circuit }: Target): StopScope[] {
  return ['all', { plant }, { plant, circuit }];
}

export function scopeLabel(scope: StopScope): string {
  if (scope === 'all') return 'everything';
  return scope.circuit === undefined ? `plant ${scope.plant}` : targetLabel({ plant: scope.plant, circuit: scope.circuit });
}

/** A second hold of the same holder changes nothing. */
export function addHold(holds: readonly StopHold[], hold: StopHold): StopHold[] {
  return holds.some(({ by }) => by === hold.by) ? [...holds] : [...holds, hold];
}

export function liftHold(holds: readonly StopHold[], by: string): StopHold[] {
  return holds.filter((hold) => hold.by !== by);
}

/** Reads a hold from any JSON; null where it names nobody or no reason. */
export function readHold(value: unknown): StopHold | null {
  const { by, reason, since } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof by !== 'string' || by === '' || typeof reason !== 'string' || reason === '') return null;
  return { by: by.slice(0, 300), reason: clip(reason, 300), since: typeof since === 'string' ? since : '' };
}

/** The current details of a stop. */
export function stopCard(scope: StopScope, holds: readonly StopHold[]): string {
  return [
    `**Releases of ${scopeLabel(scope)} are stopped before production.** Rollbacks are not.`,
    ...holds.slice(0, 10).map(({ by, reason, since }) => `- ${by.slice(0, 100)} since ${since.slice(0, 16).replace('T', ' ')} UTC: ${clip(reason, 160)}`),
    ...(holds.length > 10 ? [`- and ${holds.length - 10} more`] : []),
    '**To lift one by hand:** *Send a Signal*, `lift`, with:',
    `\`\`\`json\n${JSON.stringify({ by: holds[0]?.by ?? '' }, null, 2)}\n\`\`\``,
  ].join('\n\n');
}
