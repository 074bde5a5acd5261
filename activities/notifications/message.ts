/** One event in words that every channel shares; each channel escapes and cuts them for itself. */
import { targetLabel } from '../../workflows/domain/ids.ts';
import { sha256Hex } from '../../workflows/domain/digest.ts';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import { messageId, type StepKey } from '../../workflows/domain/keys.ts';

export interface GateMessage {
  event: GateEvent;
  key: StepKey;
  /** As RFC 5322 has it: the same for every repetition of this message. */
  id: string;
  /** The same for all messages of a gate of a run. */
  thread: string;
  /** What kind of message it is, in a few words of our own. */
  heading: string;
  /** `P001/C001 version 42-3f2a91c0`, or the run where there is no target. */
  subject: string;
  /** Where the card is; null: nowhere that a link could lead to. */
  link: string | null;
  /** Signed values of the buttons; null: nothing can be decided by one. */
  buttons: { approve: string; reject: string } | null;
}

const headings: Record<GateEvent['kind'], string> = {
  opened: 'A decision is wanted',
  answered: 'A decision came in',
  reminded: 'Still waiting for a decision',
  escalated: 'Escalated: nobody has decided',
  widened: 'More people may decide now',
  reopened: 'Open again: the evidence has changed',
  held: 'Held: nobody decided in time',
  decided: 'Decided',
  finding: 'Finding',
  incident: 'Incident: somebody is needed',
  incidentTaken: 'Incident: somebody is at it',
  incidentNews: 'Incident: news',
  incidentClosed: 'Incident: resolved',
};

export function gateMessage(key: StepKey, event: GateEvent, { link, buttons }: Pick<GateMessage, 'link' | 'buttons'>): GateMessage {
  const { target, workflowId, runId, gate, kind } = event;
  return {
    event,
    key,
    id: messageId(key),
    thread: sha256Hex([workflowId, runId, gate].join('\n')).slice(0, 20),
    heading: headings[kind],
    subject: target === null ? workflowId : `${targetLabel(target)} version ${target.version}`,
    link,
    buttons,
  };
}

/** Recommendation and message, without repeating the question, which stands above them. Still foreign; once decided, nobody is advised any more. */
export function sentences({ kind, question, recommendation, text }: GateEvent): string[] {
  const said = text.replace(question, '').replace(recommendation, '').trim().replace(/:$/, '');
  const advice = kind === 'decided' || recommendation === '' ? [] : [`Recommendation: ${recommendation}`];
  return [...advice, ...(said === '' ? [] : [said])];
}

/** Controls would steer what shows the text; the marks that turn the direction of writing would make it read as another. Line breaks go too. */
const unwanted = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/** What people or platforms wrote, on one line, cut to so many characters. Not yet escaped. */
export function plain(text: string, most: number): string {
  const line = text.replace(unwanted, ' ').replace(/ {2,}/g, ' ').trim();
  return (line.length > most ? `${line.slice(0, most - 1)}…` : line).toWellFormed();
}

/** The facts below the question, as pairs; the values are still foreign. */
export function facts({ event, subject }: GateMessage): [string, string][] {
  const { comparison, deadline, gate, severity } = event;
  return [
    ['Target', subject],
    ['Gate', `${gate}, ${severity}`],
    ...(comparison?.figures ?? []).slice(0, 5).map(({ name, candidate, production }): [string, string] => [name, `${candidate} (production ${production})`]),
    ...(deadline === null ? [] : [['Until', minute(deadline)] as [string, string]]),
  ];
}

/** `2026-11-24 12:18 UTC` of an ISO instant. */
function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`;
}
