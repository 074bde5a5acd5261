/** The section `incidents` of the estate file; what is left out has the documents' value. */
import { z } from 'zod';
import type { OpenedIncidents } from '../../workflows/domain/incident-report.ts';
import { defaultIncidentTerms } from '../../workflows/domain/incident.ts';
import { severities, type Severity } from '../../workflows/domain/vocabulary.ts';
import type { Complain } from './complaints.ts';
import { duration } from './durations.ts';

const text = z.string().min(1);
const { acknowledgeMs, assessMs, respondMs, updateMs, leadership, offerRollbackMs, postMortem } = defaultIncidentTerms;

const perSeverity = (defaults: Record<Severity, number>) =>
  z.strictObject({ P0: duration.default(defaults.P0), P1: duration.default(defaults.P1), P2: duration.default(defaults.P2), P3: duration.default(defaults.P3) }).default(defaults);

/** As grave as the target is, or as it says. */
const grave = z.enum([...severities, 'target'], `must be ${severities.join(', ')} or target`);

/** What opens an incident by itself, by the name of its runbook. */
const coordinate = z.strictObject({
  rollBackModel: grave.optional(),
  investigateDegradation: grave.optional(),
  recoverBatchJob: grave.optional(),
  sweepRuns: z.enum(severities, `must be ${severities.join(', ')}: interruptions that are as grave or graver are coordinated`).optional(),
});

export const incidentsSchema = z.strictObject({
  bridge: z.url('must be an address such as https://meet.example.com/incident').optional(),
  coordinate: coordinate.default({}),
  acknowledgeWithin: duration.default(acknowledgeMs),
  assessWithin: duration.default(assessMs),
  respondWithin: perSeverity(respondMs),
  updateEvery: perSeverity(updateMs),
  escalate: z.array(z.strictObject({ after: duration, to: text })).default([]),
  leadership: z.strictObject({ after: duration.default(leadership.afterMs), to: text.optional() }).default({ after: leadership.afterMs }),
  offerRollbackAfter: duration.default(offerRollbackMs),
  postMortem: z.strictObject({ remindEvery: duration.default(postMortem.remindEveryMs), within: duration.default(postMortem.dueMs) }).default({ remindEvery: postMortem.remindEveryMs, within: postMortem.dueMs }),
});

export type Incidents = z.infer<typeof incidentsSchema>;

/** What the estate's words mean for a target of this severity. */
export function openedIncidents({ rollBackModel, investigateDegradation, recoverBatchJob }: Incidents['coordinate'], severity: Severity): OpenedIncidents {
  const named = Object.entries({ rollBackModel, investigateDegradation, recoverBatchJob }).filter((entry): entry is [keyof OpenedIncidents, Severity | 'target'] => entry[1] !== undefined);
  return Object.fromEntries(named.map(([runbook, word]) => [runbook, word === 'target' ? severity : word]));
}

interface Named {
  people: { id: string }[];
  groups: object;
  escalation: object;
  incidents?: Incidents | undefined;
}

/** Whoever is to be told must exist; and a clock that runs without a pause would fill a history. */
export function checkIncidents({ people, groups, escalation, incidents }: Named, complain: Complain): void {
  if (!incidents) return;
  const check = (path: (string | number)[], name: string | undefined): void => {
    if (name === undefined || people.some(({ id }) => id === name) || Object.hasOwn(groups, name) || Object.hasOwn(escalation, name)) return;
    complain(['incidents', ...path], `"${name}" is no contact of the escalation path, no group and nobody in people`);
  };
  incidents.escalate.forEach(({ to }, index) => check(['escalate', index, 'to'], to));
  check(['leadership', 'to'], incidents.leadership.to);
  for (const severity of severities) if (incidents.updateEvery[severity] < 60_000) complain(['incidents', 'updateEvery', severity], 'must be at least 1m');
  if (incidents.postMortem.remindEvery < 3_600_000) complain(['incidents', 'postMortem', 'remindEvery'], 'must be at least 1h');
}
