/** Incidents, alerts, and runs that somebody ended from outside. */
import { z } from 'zod';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { coordinateIncidentId, IncidentPhase, type CoordinateIncidentInput } from '../../workflows/domain/incident.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import { sweepPhase, type SweepRunsInput } from '../../workflows/domain/sweep-runs.ts';
import { reconcilePhase, type ReconcileAlertsInput } from '../../workflows/domain/alert.ts';
import { severities } from '../../workflows/domain/vocabulary.ts';
import { startCommand } from '../command-line.ts';
import type { Runbook } from '../runbook.ts';
import { milliseconds, target, text } from './input-fields.ts';

export const coordinateIncident: Runbook<CoordinateIncidentInput> = {
  name: 'coordinateIncident',
  description: 'Coordinate an incident: acknowledgement, assessment, roles, updates on the clock, escalation, resolution, post-mortem',
  schema: z.strictObject({
    incident: text(200),
    title: text(200),
    severity: z.enum(severities, `must be one of ${severities.join(', ')}`),
    target: target.optional(),
    service: text(100).optional(),
    reportedBy: text(200).optional(),
    startedBy: text(200).optional(),
  }),
  workflowId: coordinateIncidentId,
  summary: ({ severity, title }) => `${severity} incident: ${title}`,
  details: ({ target, service, reportedBy, startedBy }) => [`Affected: ${target ? targetLabel(target) : (service ?? 'not said')}`, ...(reportedBy === undefined ? [] : [`Reported by ${reportedBy}`]), ...(startedBy === undefined ? [] : [`Started by ${startedBy}`])].join('\n\n'),
  searchAttributes: ({ target }) => searchAttributePairs({ Phase: IncidentPhase.Alert, ...(target && { Plant: target.plant, Circuit: target.circuit }) }),
  attribute: ({ startedBy: _earlier, ...input }, { startedBy }) => ({ ...input, ...(startedBy !== undefined && { startedBy }) }),
  insteadOfAgain: ({ incident, ...input }) => `An incident is coordinated once. If it is back, it is a new one, with a key of its own:\n  ${startCommand('coordinateIncident', { ...input, incident: `${incident}-2` })}`,
};

export const reconcileAlerts: Runbook<ReconcileAlertsInput> = {
  name: 'reconcileAlerts',
  description: 'Read the active alerts of every source, take up those that no webhook told of, and close those that fire no more',
  schema: z.strictObject({ graceMs: milliseconds.optional() }),
  workflowId: () => 'reconcileAlerts:all',
  summary: () => 'Reconcile the active alerts',
  details: () => 'Run when the receiver starts, and by a schedule.',
  searchAttributes: () => searchAttributePairs({ Phase: reconcilePhase }),
  attribute: (input) => input,
  isRepeatable: true,
};

export const sweepRuns: Runbook<SweepRunsInput> = {
  name: 'sweepRuns',
  description: 'Find runs that were terminated, reset or timed out from outside, and report each once',
  schema: z.strictObject({ lookBackMs: milliseconds.optional() }),
  workflowId: () => 'sweepRuns:all',
  summary: () => 'Find runs that were ended from outside',
  details: () => 'Looks back 26 hours by default. Run by a schedule.',
  searchAttributes: () => searchAttributePairs({ Phase: sweepPhase }),
  attribute: (input) => input,
  isRepeatable: true,
};
