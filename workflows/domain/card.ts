/**
 * The card that a run shows in Temporal Web UI while it waits: one screen of markdown. It travels in a query string, where proxies cut at 8 KB, so it stays under 3,000 bytes.
 * Plain headings, lists, tables and fenced code only: Web UI's two renderers agree on no more.
 *
 * What Web UI's page demands of the layout, at 1280 by 900 pixels: the card has half the width, some 70 characters, and 27 lines of height. Its frame is one line shorter than
 * its content, so the last line is one that can be missed. The JSON is indented as the Signal dialog indents it when the input loses the focus: otherwise the dialog grows under
 * the mouse and the first click on Submit is lost.
 */
import { clip } from './answer.ts';
import type { LastAnswer } from './run-status.ts';
import type { IdentityLevel } from './vocabulary.ts';

export const cardBytes = 3_000;

/** The candidate's figures beside production's; few, for each is a column. */
export interface CardFigures {
  /** In a few words: the corner of the table. */
  measuredOn: string;
  figures: { name: string; candidate: string; production: string; threshold?: string }[];
}

/** What an approver is shown; the evidence digest covers exactly this. */
export interface GateCard {
  question: string;
  recommendation: string;
  /** The table of evidence, if there is something to compare. */
  comparison: CardFigures | null;
  /** Further evidence, one sentence each. */
  facts: string[];
  /** What approving changes. */
  change: string;
  undo: string;
}

export interface OpenCard {
  card: GateCard;
  gate: string;
  evidence: string;
  approvers: readonly string[];
  quorum: number;
  approvedBy: readonly string[];
  /** Groups of which somebody must still be among those who approve. */
  missingGroups: readonly string[];
  silence: string;
  deadline: string;
  /** What of the clock would come after the deadline. */
  neverDue: readonly string[];
  /** When an approval takes effect, once that is known and in the future. */
  effectiveAt: string | null;
  identity: IdentityLevel;
  /** What had changed since the gate was open before. */
  changes: readonly string[];
  /** The evidence is not measured again after this decision. */
  isLast: boolean;
  /** What is wrong with the run itself. */
  warning: string | null;
  /** Items of the checklist that are answered with yes. */
  answered: readonly string[];
  /** Those that are not, with what a machine saw. */
  unanswered: readonly string[];
  proposals: readonly string[];
  /** Address of this gate in the inbox. */
  inbox: string | null;
  lastAnswer: LastAnswer | null;
}

/** The card of an open gate. Evidence that does not fit is counted, not dropped in silence. */
export function renderOpenCard(open: OpenCard): string {
  for (let facts = open.card.facts.length; facts >= 0; facts -= 1) {
    const text = render(open, facts);
    if (byteLength(text) <= cardBytes || facts === 0) return text;
  }
  return '';
}

/** What a run shows when no gate is open. */
export function renderProgress(phase: string, lines: readonly string[], lastAnswer: LastAnswer | null): string {
  return [...answerLine(lastAnswer), `**Now:** ${phase}`, ...lines].join('\n\n');
}

function render(open: OpenCard, factsShown: number): string {
  const { card, gate, evidence, approvers, quorum, approvedBy, missingGroups, silence, deadline, neverDue, effectiveAt, identity, changes, isLast, warning, answered, unanswered, proposals, inbox, lastAnswer } = open;
  const hidden = card.facts.length - factsShown;
  const facts = [...card.facts.slice(0, factsShown).map((fact) => `- ${clip(fact, 200)}`), ...(hidden > 0 ? [`- and ${hidden} more`] : [])];
  const progress = approvedBy.length > 0 ? `, so far ${approvedBy.join(', ')}` : '';
  const groups = missingGroups.length > 0 ? `, one of ${missingGroups.join(' and one of ')} among them` : '';
  return [
    ...answerLine(lastAnswer),
    ...(warning === null ? [] : [`**Warning:** ${clip(warning, 200)}.`]),
    `### ${card.question}`,
    ...(changes.length > 0 ? [`**Asked again, for this changed:** ${clip(changes.join('; '), 300)}${isLast ? '. It is not measured once more: decide on what is shown here.' : ''}`] : []),
    `**Recommendation:** ${card.recommendation}`,
    ...(card.comparison ? [table(card.comparison)] : []),
    ...(facts.length > 0 ? [facts.join('\n')] : []),
    `**Approving** ${card.change}  \n**Undo:** ${card.undo}  \n**Silence:** ${silence}.  \n**Who:** ${quorum} of ${approvers.join(', ')}${groups}${progress}, until ${minute(deadline)}`,
    ...(neverDue.length > 0 ? [`**Not before the deadline, by working hours, and so never:** ${clip(neverDue.join('; '), 200)}`] : []),
    ...(effectiveAt === null ? [] : [`**Approved; takes effect ${minute(effectiveAt)}.** A rejection still stops it.`]),
    ...(unanswered.length > 0 ? [`**Checklist, still open:** ${clip(unanswered.join(', '), 300)}${answered.length > 0 ? `; done: ${clip(answered.join(', '), 100)}` : ''}`] : answered.length > 0 ? [`**Checklist:** done (${clip(answered.join(', '), 160)})`] : []),
    ...(proposals.length > 0 ? [`**Proposed, not counted:** ${clip(proposals.join(', '), 160)}`] : []),
    ...(inbox === null ? [] : [`**[Decide in the inbox](${inbox})**`]),
    ...toAnswer(identity, { gate, by: 'YOUR NAME', comment: '', evidence }, inbox !== null),
  ].join('\n\n');
}

/** The JSON to send, where a mere name is enough; otherwise it would only be a proposal, and the card says what counts. */
function toAnswer(identity: IdentityLevel, answer: object, hasInbox: boolean): string[] {
  const json = `\`\`\`json\n${JSON.stringify(answer, null, 2)}\n\`\`\``;
  if (identity === 'authenticated') return [`Only signed decisions count: ${hasInbox ? 'use the inbox' : 'sign in to the inbox'}. This signal would be a proposal:`, json];
  const how = `**${hasInbox ? 'Or here' : 'To answer'}:** *Send a Signal*, \`approve\` or \`reject\`, with this and your name:`;
  return [how, json, `A rejection says why in \`comment\`. Identity is *${identity}*: ${identity === 'claimed' ? 'a mere name' : 'the server says who sent it'}.`];
}

/** Candidate above production, so that the table takes three lines whatever is measured. Web UI sets no space between columns: each cell brings its own. */
function table({ measuredOn, figures }: CardFigures): string {
  const line = (first: string, cells: readonly string[]): string => `| ${[first, ...cells.map((cell) => `\u00a0\u00a0${cell}`)].join(' | ')} |`;
  return [
    line(measuredOn, figures.map(({ name }) => name)),
    `|---|${'--:|'.repeat(figures.length)}`,
    line('candidate', figures.map(({ candidate }) => candidate)),
    line('production', figures.map(({ production }) => production)),
    ...(figures.some(({ threshold }) => threshold !== undefined) ? [line('threshold', figures.map(({ threshold }) => threshold ?? ''))] : []),
  ].join('\n');
}

/** `2026-11-24 12:18 UTC` of an ISO instant. */
function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`;
}

function answerLine(lastAnswer: LastAnswer | null): string[] {
  if (!lastAnswer) return [];
  const who = lastAnswer.by === null ? 'an unnamed answer' : clip(lastAnswer.by, 40);
  return [`**Last answer:** ${who}: ${lastAnswer.counted ? 'counted' : 'not counted'}, ${clip(lastAnswer.reason, 240)}`];
}

/** Bytes in UTF-8; `TextEncoder` exists in workflow code. */
function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
