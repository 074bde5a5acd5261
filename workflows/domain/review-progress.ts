/** How far released versions are, and how much may go wrong before no more are released. */
import { ReleaseGate, ReleaseModelPhase as Phase } from './phases.ts';
import type { Outcome } from './vocabulary.ts';

/** What visibility tells of a run, without a worker. */
export interface SeenRun {
  /** Temporal's own status, as its client writes it: `RUNNING`, `COMPLETED`, … */
  status: string;
  outcome: Outcome | null;
  phase: string | null;
  gate: string | null;
}

/**
 * `queued`: decided or deciding, production is as it was. `deploying`. `deployed`: watched in production. `succeeded`. `turnedDown`: a later "no", a silence, or an older version's
 * retirement: production is as it was. `rolledBack`: taken back, or a rollback is being asked for. `failed`: failed, stopped or ended from outside.
 */
export const releaseStates = ['queued', 'deploying', 'deployed', 'succeeded', 'turnedDown', 'rolledBack', 'failed'] as const;
export type ReleaseState = (typeof releaseStates)[number];

/** `atGate`: the gate that was approved; still waiting there is `queued`, a later gate is as far as an approval of an earlier one can bring it. */
export function releaseState({ status, outcome, phase, gate }: SeenRun): ReleaseState {
  if (status === 'RUNNING' || status === 'PAUSED') {
    if (gate === ReleaseGate.Rollback || phase === Phase.Rollback) return 'rolledBack';
    if (phase === Phase.Deployment) return 'deploying';
    return phase === Phase.Monitoring ? 'deployed' : 'queued';
  }
  if (status !== 'COMPLETED') return 'failed';
  if (outcome === 'succeeded') return 'succeeded';
  return outcome === 'rejected' && phase === Phase.Rollback ? 'rolledBack' : 'turnedDown';
}

export type Counts = Record<ReleaseState, number>;

export function countStates(states: readonly ReleaseState[]): Counts {
  return Object.fromEntries(releaseStates.map((state) => [state, states.filter((other) => other === state).length])) as Counts;
}

/** What counts against the failure budget. */
export function isLoss(state: ReleaseState): boolean {
  return state === 'failed' || state === 'rolledBack';
}

/** Whether nothing more is to come before the next wave: nobody waits or deploys. `closed`: whether also nobody is watched any more. */
export function isSettled(state: ReleaseState, until: 'deployed' | 'closed'): boolean {
  return state !== 'queued' && state !== 'deploying' && (until === 'deployed' || state !== 'deployed');
}

/** `3 deployed, 1 rolled back`, only what there is. */
export function describeCounts(counts: Counts): string {
  const words: Record<ReleaseState, string> = { queued: 'queued', deploying: 'deploying', deployed: 'deployed and watched', succeeded: 'succeeded', turnedDown: 'not released', rolledBack: 'rolled back', failed: 'failed' };
  return releaseStates.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${words[state]}`).join(', ') || 'none';
}

/** An alert about a circuit that was released. */
export interface CircuitAlert {
  circuit: string;
  rule: string;
}

/** Rules that fired on more than one circuit: a common cause is more likely than as many bad models. Most circuits first. */
export function alertPatterns(alerts: readonly CircuitAlert[]): { rule: string; circuits: string[] }[] {
  const rules = [...new Set(alerts.map(({ rule }) => rule))];
  return rules
    .map((rule) => ({ rule, circuits: [...new Set(alerts.filter((alert) => alert.rule === rule).map(({ circuit }) => circuit))].sort() }))
    .filter(({ circuits }) => circuits.length > 1)
    .sort((one, other) => other.circuits.length - one.circuits.length || (one.rule < other.rule ? -1 : 1));
}
