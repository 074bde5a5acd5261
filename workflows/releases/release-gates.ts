import type { GateRequest } from '../blocks/gates.ts';
import type { GateCard } from '../domain/card.ts';
import { ReleaseGate } from '../domain/phases.ts';
import type { GatePolicy, MonitoringPolicy, TargetPolicy } from '../domain/policy.ts';
import type { ReleaseModelInput } from '../domain/release.ts';

/** Stage 1 or Stage 3 of a release: silence leaves everything as it is. */
export function stageGate(gate: 'stage1' | 'stage3', card: GateCard, input: ReleaseModelInput, policy: TargetPolicy): GateRequest {
  const terms = policy.gates[gate];
  const silences = { expire: 'the release expires and production stays as it is', reject: 'the release is rejected', approve: 'the release goes on' };
  return { gate, card, policy: terms, people: policy.people, requestedBy: input.requestedBy, silence: silences[terms.onSilence] };
}

/**
 * The monitoring asks for a rollback, not a person: everybody among the approvers may answer, also the author. Where nothing is known for certain, silence keeps the version,
 * whatever the policy does about a breach.
 */
export function rollbackGate(card: GateCard, policy: TargetPolicy, isCertain: boolean): GateRequest {
  const terms: GatePolicy = isCertain ? policy.gates.rollback : { ...policy.gates.rollback, onSilence: 'expire' };
  const silences = { expire: 'the version stays', reject: 'the version stays', approve: 'it is rolled back' };
  return { gate: ReleaseGate.Rollback, card, policy: terms, people: policy.people, requestedBy: [], silence: silences[terms.onSilence] };
}

/** How the card announces the watch: `alerts are watched for 10s (shortened from 24 h)`. */
export function monitoringSentence({ forMs, runbookForMs, onBreach }: MonitoringPolicy): string {
  const shortened = forMs < runbookForMs ? ` (shortened from ${duration(runbookForMs)})` : '';
  return `alerts are watched for ${duration(forMs)}${shortened}; a breach ${onBreach === 'rollBack' ? 'rolls back' : 'opens a rollback gate'}`;
}

function duration(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}
