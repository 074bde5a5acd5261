/** What people read of an incident: its timeline, its card, its post-mortem. Pure. */
import { clip } from './answer.ts';
import { targetLabel } from './ids.ts';
import { dues, isBreach, type Due, type IncidentClock } from './incident-clock.ts';
import type { IncidentMessage } from './incident-message.ts';
import { clockFacts, type IncidentState } from './incident-state.ts';
import { incidentRoles, type CoordinateIncidentInput, type IncidentTerms } from './incident.ts';
import { escapeMarkup } from './markup.ts';

/** A line of the timeline: the same sentence goes on record. */
export interface IncidentLine {
  at: string;
  text: string;
}

/** What is affected. */
export function affected({ target, service }: Pick<CoordinateIncidentInput, 'target' | 'service'>): string {
  return target ? targetLabel(target) : (service ?? 'no circuit is named');
}

const missed: Record<IncidentClock, string> = {
  acknowledge: 'nobody has acknowledged', assess: 'nobody has assessed', respond: 'nobody commands', update: 'no update', postMortem: 'no post-mortem',
  escalate: 'escalated', offerRollback: 'the rollback is offered', leadership: 'leadership is told', remindPostMortem: 'the post-mortem is still missing',
};

/** What a passed clock means, for the timeline and for people. */
export function dueText({ clock, at, to }: Due, { openedAt }: IncidentState): string {
  const after = `${Math.round((Date.parse(at) - Date.parse(openedAt)) / 60_000)} min after the opening`;
  if (clock === 'escalate') return `escalated to ${to}: nobody has acknowledged and assessed ${after}`;
  return isBreach({ clock }) ? `missed: ${missed[clock]} by ${minute(at)}` : `${missed[clock]}, ${after}`;
}

/** What a message says, for the timeline and for people. */
export function messageText({ action, by, comment, severity, role, person = by }: IncidentMessage, before: IncidentState): string {
  const said = comment === '' ? '' : `: ${comment}`;
  const words: Record<IncidentMessage['action'], string> = {
    acknowledge: `acknowledged by ${by}${said}`,
    assess: `${severity === before.severity ? `assessed as ${severity}` : `severity changed from ${before.severity} to ${severity}`} by ${by}${said}`,
    takeRole: `${person} is ${role}${person === by ? '' : ` (says ${by})`}`,
    update: `update by ${by}${said}`,
    resolve: `resolved by ${by}${said}`,
    addAction: `action item for ${person} (by ${by})${said}`,
    postMortem: `post-mortem closed by ${by}${said}`,
  };
  return words[action];
}

/** How the releases behind an incident stand; `none`: of what is affected there are none. */
export type ReleasesStanding = 'paused' | 'running' | 'none';

/** What the run shows in Temporal Web UI, with the message that is wanted next. */
export function incidentCard(input: CoordinateIncidentInput, state: IncidentState, terms: IncidentTerms, { releases, lastRefusal }: { releases: ReleasesStanding; lastRefusal: string | null }): string {
  const { acknowledged, assessed, roles, resolved, breaches, severity, openedAt, updates, actions } = state;
  const [next] = dues(clockFacts(state), terms).filter(isBreach);
  const taken = incidentRoles.map((role) => `${role} ${clip(roles[role]?.by ?? 'nobody', 40)}`).join(', ');
  return [
    ...(lastRefusal === null ? [] : [`**Last message not taken:** ${clip(lastRefusal, 200)}`]),
    `### ${severity}: ${clip(input.title, 160)}`,
    [
      `**Affected:** ${clip(affected(input), 80)}, since ${minute(openedAt)}`,
      `**Bridge:** ${terms.bridge ?? 'none is named in the estate'}`,
      `**Acknowledged:** ${acknowledged ? `${clip(acknowledged.by, 40)}, ${minute(acknowledged.at)}` : 'by nobody'} · **assessed:** ${assessed ? `${clip(assessed.by, 40)}, ${minute(assessed.at)}` : 'by nobody'}`,
      `**Roles:** ${taken}`,
      `**Updates:** ${updates} · **action items:** ${actions.length} · **releases:** ${{ paused: 'paused', running: 'not paused', none: 'none to pause, and nothing to roll back' }[releases]}`,
      ...(resolved ? [`**Resolved:** ${clip(resolved.by, 40)}, ${minute(resolved.at)}: ${clip(resolved.what, 160)}`] : []),
      ...(next ? [`**Next:** ${next.clock} by ${minute(next.at)}`] : []),
      ...(breaches.length === 0 ? [] : [`**Missed:** ${breaches.slice(-3).map(({ clock, dueAt }) => `${clock} (${minute(dueAt)})`).join(', ')}${breaches.length > 3 ? ` and ${breaches.length - 3} before` : ''}`]),
    ].join('  \n'),
    '**To act:** *Send a Signal*, `incident`, with this and your name:',
    `\`\`\`json\n${JSON.stringify(wanted(state), null, 2)}\n\`\`\``,
    'Actions: acknowledge; assess (severity, comment); takeRole (role, person); update, resolve, addAction, postMortem (comment). Identity is *claimed*: a mere name of the estate.',
  ].join('\n\n');
}

/** The message that is wanted next. */
function wanted({ severity, acknowledged, assessed, roles, resolved }: IncidentState): object {
  const by = 'YOUR NAME';
  if (resolved !== null) return { action: 'postMortem', by, comment: 'the root cause' };
  if (acknowledged === null) return { action: 'acknowledge', by };
  if (assessed === null) return { action: 'assess', by, severity, comment: 'what you see' };
  if (!roles.commander) return { action: 'takeRole', by, role: 'commander' };
  return { action: 'update', by, comment: 'what is new' };
}

/** Longest timeline that a work item is given; the record has all of it. */
const shownLines = 200;

/** The post-mortem as a work item: what is known is filled in, the rest is asked. HTML. */
export function postMortemHtml(input: CoordinateIncidentInput, state: IncidentState, timeline: readonly IncidentLine[], run: string): string {
  const text = escapeMarkup;
  const list = (items: readonly string[]): string => (items.length === 0 ? '<p>None.</p>' : `<ul>${items.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`);
  const hidden = timeline.length - shownLines;
  return [
    `<p>${state.severity}: ${text(input.title)}. Affected: ${text(affected(input))}. Resolved by ${text(state.resolved?.by ?? 'nobody')}: ${text(state.resolved?.what ?? '')}. Run ${text(run)}.</p>`,
    '<h3>Timeline, as the record has it</h3>', list([...timeline.slice(0, shownLines).map(({ at, text: line }) => `${at}: ${line}`), ...(hidden > 0 ? [`and ${hidden} more in the record`] : [])]),
    '<h3>Clocks that were missed</h3>', list(state.breaches.map(({ clock, dueAt }) => `${clock}, due ${dueAt}`)),
    '<h3>Action items</h3>', list(state.actions.map(({ title, owner }) => `${title} (${owner})`)),
    '<h3>To be filled in</h3>', list(['Impact: who noticed what, for how long?', 'Root cause', 'What went well, what did not, where were we lucky?', 'What will find it earlier, or keep it from happening again?']),
  ].join('');
}

/** `2026-11-24 12:18 UTC` of an ISO instant. */
function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`;
}
