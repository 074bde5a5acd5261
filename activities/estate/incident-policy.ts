/** The estate's word on incidents. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { defaultIncidentTerms, type IncidentPolicy, type IncidentTerms } from '../../workflows/domain/incident.ts';
import { readEstate } from './estate-file.ts';
import type { Incidents } from './incident-schema.ts';
import type { EstateSettings } from './index.ts';

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
});

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
