import type { GateRequest } from '../blocks/gate-request.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { GateCard } from '../domain/card.ts';
import { evidenceItem } from '../domain/evidence.ts';
import { targetLabel } from '../domain/ids.ts';
import type { IncidentState } from '../domain/incident-state.ts';
import { incidentRollbackGate, type CoordinateIncidentInput } from '../domain/incident.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { DeploymentSnapshot } from '../domain/release.ts';

/** The last change of a deployment, as its tags tell it. */
export interface LastChange {
  from: string;
  /** Null: the deployment names no previous version. */
  to: string | null;
  releasedBy: string | null;
  run: string | null;
  /** Where more than one circuit is affected: among how many it is the newest, and of when. */
  newestOf?: string;
}

/** Null where the deployment does not tell its version. */
export function lastChangeOf({ tags }: Pick<DeploymentSnapshot, 'tags'>): LastChange | null {
  const from = tags['model_version'];
  return from ? { from, to: tags['previous_version'] || null, releasedBy: tags['released_by'] || null, run: tags['run'] || null } : null;
}

/** Whether the last change went back already: to go back from that is for a person to think of. */
export function isRollback({ run }: LastChange): boolean {
  return run?.startsWith('rollBackModel:') ?? false;
}

/** Offers the rollback of the last change. Silence does nothing, whatever the policy does about a breach: that a change is to blame is a guess. */
export function lastChangeGate(change: LastChange, { openedAt, severity }: IncidentState, input: CoordinateIncidentInput, { target, gates, people, digest, inboxUrl }: TargetPolicy): GateRequest<LastChange> {
  return {
    gate: incidentRollbackGate,
    // What production's gates have by default, opening hours and checklists, must not hold a rollback up.
    policy: { ...gates.rollback, fourEyes: false, onSilence: 'expire', opening: null, checklist: [], severity },
    policyOf: { target, gate: 'rollback' },
    people,
    estateDigest: digest,
    requestedBy: [],
    silence: 'nothing is rolled back; the incident goes on',
    measured: { evidence: change, items: [evidenceItem('last change', change, now().toISOString())] },
    measure: null,
    card: (shown) => lastChangeCard(shown, input, openedAt, severity, targetLabel(target)),
    inboxUrl,
  };
}

function lastChangeCard({ from, to, releasedBy, run, newestOf }: LastChange, { title }: CoordinateIncidentInput, openedAt: string, severity: string, label: string): GateCard {
  const back = to ?? 'the newest version recorded good';
  return {
    question: `Roll ${label} back from ${from} to ${back}?`,
    recommendation: `approve if nothing else explains it: ${severity} since ${openedAt.slice(11, 16)} UTC, ${title}.`,
    comparison: null,
    facts: [`last change: version ${from}${releasedBy === null ? '' : `, released by ${releasedBy}`}${run === null ? '' : `, run ${run}`}`, ...(newestOf === undefined ? [] : [newestOf]), ...(to === null ? ['the deployment names no previous version'] : []), 'messages of the incident go on as before, by the signal incident'],
    change: `starts rollBackModel at once; it takes the lock of ${label} from whoever holds it. Rejecting keeps ${from}.`,
    undo: 'release the version again.',
  };
}
