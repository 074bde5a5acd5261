/** What the waves of an update, and the waves that put it back, work on together. */
import type { Run } from '../blocks/run.ts';
import type { AskedAccount } from '../domain/environment-cards.ts';
import type { FleetMember } from '../domain/environment.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { FleetLocks } from '../locks/fleet-locks.ts';
import type { DeploymentEnvironment } from './deployment-environment.ts';
import type { FleetAccount } from './fleet-account.ts';

/** Writes of one wave at the same time. */
export const parallelWrites = 5;

export interface FleetInHand {
  run: Run;
  locks: FleetLocks;
  policy: TargetPolicy;
  /** For people: `environment custom-tf-env 1.5.1`. */
  what: string;
  deployments: DeploymentEnvironment;
  account: FleetAccount;
  waves: readonly (readonly FleetMember[])[];
  /** How long a wave waits for locks that others hold, in milliseconds. */
  lockWaitMs: number;
}

export function waveName({ waves }: FleetInHand, index: number): string {
  return `wave ${index + 1} of ${waves.length}`;
}

/** Leaves to others what they have taken of these. Also of circuits whose new environment was read back: whoever took the lock may have read the definition before that. */
export function handOverTaken({ locks, account }: FleetInHand, members: readonly FleetMember[]): void {
  for (const { label, target } of members) {
    const by = locks.takenBy(target);
    if (by !== null) account.handOver(label, by);
  }
}

/** How far it is, for who is asked to judge it. */
export function howFar({ account }: FleetInHand): AskedAccount {
  return { updated: account.membersOf('updated').length, waiting: account.membersOf('untouched').length, leftOut: account.leftOutMeanwhile };
}

/** Shows how far it is. */
export function showWave({ run, account }: FleetInHand, doing: string, wave: string, more: readonly string[] = []): void {
  const updated = account.membersOf('updated').length;
  const left = account.leftOutMeanwhile;
  run.progress([`${doing}: ${wave}`, ...(updated > 0 ? [`${updated} have the new environment`] : []), ...left.slice(0, 2).map((each) => `Left out: ${each}`), ...(left.length > 2 ? [`and ${left.length - 2} more`] : []), ...more]);
}

/** At most ten: the sentence is for people. */
export function listed(labels: readonly string[]): string {
  return `${labels.slice(0, 10).join('; ')}${labels.length > 10 ? ` and ${labels.length - 10} more` : ''}`;
}
