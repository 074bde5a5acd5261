/** The estate's word on incidents. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import type { StopScope } from '../../workflows/domain/emergency-stop.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import { defaultIncidentTerms, type IncidentPolicy, type IncidentTerms, type NamedCircuits } from '../../workflows/domain/incident.ts';
import { allTargets, reviewedCircuits } from './circuits.ts';
import { readEstate } from './estate-file.ts';
import type { Incidents } from './incident-schema.ts';
import type { EstateSettings } from './index.ts';

/** So many circuits are looked at for the newest change. */
const mostNamed = 200;

export const createIncidentPolicyActivities = ({ estateFile }: Pick<EstateSettings, 'estateFile'>) => ({
  /**
   * Reads the terms of incidents: bridge, clocks, escalation; and who may speak in one.
   *
   * Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  loadIncidentPolicy: async (_input: Record<string, never>): Promise<IncidentPolicy> => {
    const { people, incidents, settle } = await readEstate(estateFile);
    const slice = { people: people.map(({ id, aliases, calendar }) => ({ id, aliases, calendar })), terms: incidents ? termsOf(incidents) : defaultIncidentTerms, settleMs: settle, ...(incidents?.coordinate.sweepRuns && { interrupted: incidents.coordinate.sweepRuns }) };
    return { digest: jsonDigest(slice), ...slice };
  },

  /**
   * Says which circuits a name stands for, so that an incident of more than one circuit is one of all of them; null where it is nobody's name.
   *
   * Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  namedCircuits: async ({ name }: { name: string }): Promise<{ named: NamedCircuits | null }> => {
    const estate = await readEstate(estateFile);
    const { circuits, production } = reviewedCircuits(estate, allTargets(estate));
    const behind = circuits.filter(({ target, endpoint, deployment }) => ['all', ...plantNames(target.plant, endpoint), targetLabel(target), `${endpoint}/${deployment}`].includes(name));
    const [first] = behind;
    if (first === undefined || production === null) return { named: null };
    const { target: { plant, circuit }, endpoint } = first;
    const scope: StopScope = name === 'all' ? 'all' : plantNames(plant, endpoint).includes(name) ? { plant } : { plant, circuit };
    return { named: { scope, count: behind.length, circuits: behind.slice(0, mostNamed).map(({ target, endpoint: at, deployment }) => ({ target, endpoint: at, deployment })), production } };
  },
});

/** Each plant has its own endpoint. */
function plantNames(plant: string, endpoint: string): string[] {
  return [plant, `${plant}/*`, endpoint];
}

function termsOf({ bridge, acknowledgeWithin, assessWithin, respondWithin, updateEvery, escalate, leadership, offerRollbackAfter, postMortem }: Incidents): IncidentTerms {
  return {
    bridge: bridge ?? null,
    acknowledgeMs: acknowledgeWithin,
    assessMs: assessWithin,
    respondMs: respondWithin,
    updateMs: updateEvery,
    escalate: escalate.map(({ after, to }) => ({ afterMs: after, to })),
    leadership: { afterMs: leadership.after, to: leadership.to ?? null },
    offerRollbackMs: offerRollbackAfter,
    postMortem: { remindEveryMs: postMortem.remindEvery, dueMs: postMortem.within },
  };
}
