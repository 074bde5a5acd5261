/** What needs a person now, of all targets: gates, incidents, emergency stops. */
import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import { listRuns, ownRuns } from '../../activities/runs/visibility.ts';
import { clip } from '../../workflows/domain/answer.ts';
import type { StopHold } from '../../workflows/domain/emergency-stop.ts';
import type { Severity } from '../../workflows/domain/vocabulary.ts';
import { severities } from '../../workflows/domain/vocabulary.ts';
import { colour, duration, instant, table } from '../cli/output.ts';
import { findWaitingGates } from '../gates/waiting-gates.ts';
import { holdpoint } from '../command-line.ts';
import type { OpenGateNow, OpenIncident } from './report.ts';
import type { Sources, Unread } from './sources.ts';
import { openGate, readIncidents } from './temporal-facts.ts';

/** The shape of `holdpoint now --json`. Null: not known. */
export interface EverywhereReport {
  at: string;
  person: string | null;
  /** The gravest first. */
  incidents: OpenIncident[] | null;
  /** The nearest deadline first; those that wait for the person before all others. */
  gates: (OpenGateNow & { isYours: boolean })[] | null;
  /** `workflowId` names the scope, such as `stopReleases:P001`. */
  stops: { workflowId: string; holds: StopHold[] }[] | null;
  unread: Unread[];
}

const concurrency = 16;
/** Most lines of one table. */
const most = 12;

/** Ends by the deadline of the sources. */
export async function gatherEverywhere(client: Client, { at, person, sources }: { at: string; person: string | null; sources: Sources }): Promise<EverywhereReport> {
  const nothing: EverywhereReport = { at, person, incidents: null, gates: null, stops: null, unread: sources.unread };
  const isThere = await sources.read('Temporal', async () => { await client.connection.ensureConnected(); return true; });
  if (!isThere) return nothing;
  const open = async (type: string) => (await listRuns(client, `${ownRuns} AND WorkflowType = '${type}' AND ExecutionStatus = 'Running'`)).runs;
  const [gates, incidents, stops] = await Promise.all([
    sources.read('gates', async () => {
      const { gates: found, unreadable } = await findWaitingGates(client);
      for (const { workflowId, reason } of unreadable) sources.miss({ source: `gate of ${workflowId}`, reason, kind: 'away' });
      return found.map((view) => ({ ...openGate(view), isYours: person !== null && view.eligible.includes(person) })).sort((left, right) => Number(right.isYours) - Number(left.isYours) || (left.deadline < right.deadline ? -1 : 1));
    }),
    sources.read('incidents', async () => await readIncidents(client, (await open('coordinateIncident')).map(({ workflowId, startTime }) => ({ workflowId, startedAt: startTime.toISOString() })), sources)),
    sources.read('emergency stops', async () => await pMap(await open('stopReleases'), async ({ workflowId }) => ({ workflowId, holds: await client.workflow.getHandle(workflowId).query<StopHold[]>('holds') }), { concurrency })),
  ]);
  const gravity = (severity: Severity | null): number => (severity === null ? -1 : severities.indexOf(severity));
  return { ...nothing, gates, incidents: incidents && [...incidents].sort((left, right) => gravity(left.severity) - gravity(right.severity)), stops };
}

export function everywhereText({ at, person, incidents, gates, stops, unread }: EverywhereReport): string {
  const since = (from: string): string => duration(Date.parse(at) - Date.parse(from));
  const parts: [string, string[], string[][]][] = [
    ['Incidents', ['incident', '', 'open for', 'acknowledged by'], (incidents ?? []).map(({ workflowId, severity, title, openedAt, acknowledgedBy }) => [workflowId, clip(`${severity ?? ''} ${title ?? ''}`, 40), since(openedAt), acknowledgedBy === undefined ? 'does not answer' : (acknowledgedBy ?? 'nobody')])],
    ['Gates', ['run', 'gate', 'who may answer', 'time left'], (gates ?? []).map(({ workflowId, gate, eligible, deadline, isYours }) => [workflowId, gate, isYours ? `you (${person})` : clip(eligible.join(', '), 40), duration(Date.parse(deadline) - Date.parse(at))])],
    ['Releases stopped', ['scope', 'by', 'why'], (stops ?? []).flatMap(({ workflowId, holds }) => holds.map(({ by, reason }) => [workflowId.replace('stopReleases:', ''), clip(by, 40), clip(reason, 40)]))],
  ];
  const shown = parts.filter(([, , rows]) => rows.length > 0).map(([name, head, rows]) => `${colour.bold(name)}\n${table(head, rows.slice(0, most))}${rows.length > most ? `\nand ${rows.length - most} more` : ''}`);
  return [
    instant(at),
    ...(shown.length === 0 && unread.length === 0 ? ['Nothing needs a person now.'] : shown),
    ...(unread.length === 0 ? [] : [`${colour.bold('Not read')}\n${unread.map(({ source, reason }) => `${source}: ${reason}`).slice(0, most).join('\n')}`]),
    `\`${holdpoint} now <target>\` tells more of one, and what to do first.`,
  ].join('\n\n');
}
