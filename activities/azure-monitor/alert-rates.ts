/** Watching many deployments at once: not whether an alert fires, for among 200 one always does, but whether more fire than in the week before. */
import pMap from 'p-map';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { lastProgress, recordProgress } from '../heartbeat.ts';
import type { RestClient } from '../http/rest-client.ts';
import { alertsAbout } from './alerts.ts';
import { notYet } from '../not-yet.ts';

export interface WatchAlertRatesInput {
  workspace: WorkspaceRef;
  places: { label: string; endpoint: string; deployment: string }[];
  /** When the change began, ISO 8601: alerts that began from then on count for it, those of the week before against it. */
  since: string;
  /** Alerts of this severity or a graver one count: 0 (critical) to 4 (verbose). */
  breachSeverity: number;
  /** Milliseconds between two looks. */
  intervalMs: number;
  polls: number;
  /** Length of the whole watch, in milliseconds. */
  windowMs: number;
  /** So many times the week before's rate is a breach. */
  factor: number;
  /** So few alerts are none, whatever the week before was like. */
  atLeast: number;
}

/** `expected`: alerts that the week before would give in the whole watch. `rules`: those that fired most, at most five. */
export type AlertRateVerdict = { kind: 'healthy' | 'breached'; poll: number; alerts: number; expected: number; rules: string[] };

interface Progress {
  polls: number;
}

const weekMs = 7 * 24 * 3_600_000;

/**
 * Looks once per attempt at the alerts about all places, failing benignly until it knows the verdict. A breach is more alerts than `factor` times what the week before would give in the
 * whole watch, and more than `atLeast`: known as soon as it is reached.
 *
 * Safe to retry because it changes nothing, and because the count of looks travels in the heartbeat.
 *
 * @throws StillWatching
 */
export async function watchAlertRates(arm: RestClient, { workspace, places, since, breachSeverity, intervalMs, polls, windowMs, factor, atLeast }: WatchAlertRatesInput): Promise<AlertRateVerdict> {
  const poll = (lastProgress<Progress>()?.polls ?? 0) + 1;
  const from = Date.parse(since);
  const all = (await pMap(places, ({ endpoint, deployment }) => alertsAbout(arm, { workspace, endpoint, deployment }), { concurrency: 8 })).flat().filter(({ severity }) => severity <= breachSeverity);
  const fresh = all.filter(({ beganAt }) => beganAt >= from);
  const weekBefore = all.filter(({ beganAt }) => beganAt < from && beganAt >= from - weekMs);
  const expected = (weekBefore.length * windowMs) / weekMs;
  const verdict = { poll, alerts: fresh.length, expected: Number(expected.toFixed(2)), rules: mostFrequent(fresh.map(({ rule }) => rule)) };
  if (fresh.length > Math.max(atLeast, factor * expected)) return { kind: 'breached', ...verdict };
  if (poll >= polls) return { kind: 'healthy', ...verdict };
  recordProgress({ polls: poll } satisfies Progress);
  throw notYet(FailureType.StillWatching, `${places.length} deployments: ${poll} of ${polls} looks, ${fresh.length} alerts`, intervalMs);
}

function mostFrequent(rules: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const rule of rules) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one).slice(0, 5).map(([rule]) => rule);
}
