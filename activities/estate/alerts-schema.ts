/** The estate's section `alerts`: which alert leads to which runbook on which target, and where active alerts are read. What each field means: docs/alerts.md. */
import { z } from 'zod';
import { alertRunbooks, isCancellableByAlert } from '../../workflows/domain/alert-runbooks.ts';
import { alertSources, resolvedActions } from '../../workflows/domain/alert.ts';
import { severities, type Target } from '../../workflows/domain/vocabulary.ts';
import type { Complain, Path } from './complaints.ts';
import { duration } from './durations.ts';
import { httpsUrl, secretName } from './notifications-schema.ts';

const text = z.string().min(1);
const list = <S extends z.ZodType>(item: S) => z.array(item, 'must be a list').min(1, 'must name at least one, or be left out');

const route = z.strictObject({
  source: z.enum(alertSources, `must be ${alertSources.join(', ')}`).optional(),
  rules: list(text).optional(),
  severities: list(z.enum(severities, `must be ${severities.join(', ')}`)).optional(),
  labels: z.record(text, z.string('must be a text; put it in quotes')).optional(),
  runbook: z.string('must be the name of a runbook').refine((name) => alertRunbooks.includes(name), `is no runbook that alerts can start; they can start ${alertRunbooks.join(', ')}`),
  target: z.strictObject({ plant: text, circuit: text }, 'must be {plant, circuit}').optional(),
  job: z.string().regex(/^label\../, 'must be label.<name>, the label of the alert that names the failed job').optional(),
  onResolved: z.enum(resolvedActions, `must be ${resolvedActions.join(', ')}`).default('tell'),
  joinFor: duration.default(600_000),
});

const sources = z.strictObject({
  azureMonitor: z.strictObject({}, 'must be {}').optional(),
  alertmanager: z.strictObject({ url: httpsUrl, token: secretName.optional() }).optional(),
  pagerDuty: z.strictObject({ token: secretName, api: httpsUrl.default('https://api.pagerduty.com') }).optional(),
});

export const alertsSchema = z.strictObject({ routes: z.array(route).default([]), sources: sources.default({}) });
export type AlertsEstate = z.infer<typeof alertsSchema>;
export type AlertRoute = AlertsEstate['routes'][number];

/** How a route says that a part of its target is the value of an alert's label. A target's own name has no dot. */
const labelPrefix = 'label.';

export function labelIn(part: string): string | null {
  return part.startsWith(labelPrefix) && part.length > labelPrefix.length ? part.slice(labelPrefix.length) : null;
}

interface Plants {
  plants: Record<string, { circuits: object }>;
}

export function isTargetOf({ plants }: Plants, { plant, circuit }: Target): boolean {
  return Object.hasOwn(plants, plant) && Object.hasOwn(plants[plant]!.circuits, circuit);
}

/** A route must lead to a target that there is, and be reached. */
export function checkAlerts({ alerts, ...estate }: Plants & { alerts?: AlertsEstate | undefined }, complain: Complain): void {
  (alerts?.routes ?? []).forEach(({ source, target, runbook, job, onResolved, ...match }, index, routes) => {
    const path: Path = ['alerts', 'routes', index];
    if (job !== undefined && runbook !== 'recoverBatchJob') complain([...path, 'job'], `is only for recoverBatchJob: ${runbook} is given no job; leave it out`);
    if (onResolved === 'cancel' && !isCancellableByAlert(runbook)) complain([...path, 'onResolved'], `must be tell or note: a run of ${runbook} ends when people say so, not with its alert`);
    if (target === undefined) {
      if (source !== 'azureMonitor') complain([...path, 'target'], 'is missing: only alerts of source azureMonitor name the deployment that they are about; give {plant, circuit}, each a name or label.<name>');
    } else {
      const { plant, circuit } = target;
      const known = Object.keys(estate.plants).join(', ');
      if (labelIn(plant) === null && !Object.hasOwn(estate.plants, plant)) complain([...path, 'target', 'plant'], `there is no plant ${plant}; known are ${known}. Name one, or take it from the alert by label.<name>`);
      const ofPlant = labelIn(plant) === null ? (Object.hasOwn(estate.plants, plant) ? Object.keys(estate.plants[plant]!.circuits) : null) : Object.values(estate.plants).flatMap(({ circuits }) => Object.keys(circuits));
      if (labelIn(circuit) === null && ofPlant !== null && !ofPlant.includes(circuit)) complain([...path, 'target', 'circuit'], `there is no circuit ${circuit}; known are ${[...new Set(ofPlant)].join(', ')}. Name one, or take it from the alert by label.<name>`);
    }
    const takesAll = (other: AlertRoute): boolean => (other.source === undefined || other.source === source) && other.rules === undefined && other.severities === undefined && other.labels === undefined;
    const before = routes.slice(0, index).findIndex(takesAll);
    if (before >= 0) complain([...path, match.rules ? 'rules' : 'runbook'], `is never reached: route ${before} takes every alert${routes[before]!.source === undefined ? '' : ` of ${routes[before]!.source}`}; put the narrower route first`);
  });
}

/** The environment variables that reading active alerts needs. */
export function alertSecretNames({ sources: { alertmanager, pagerDuty } }: Pick<AlertsEstate, 'sources'>): string[] {
  return [alertmanager?.token, pagerDuty?.token].filter((name) => name !== undefined);
}
