/**
 * The card that a run shows in Temporal Web UI while it waits: one screen of markdown. It travels in a query string, where proxies cut at 8 KB, so it stays under 3,000 bytes.
 * Plain headings, lists, tables and fenced code only: Web UI's two renderers agree on no more.
 */
import { clip } from './approval.ts';
import type { LastAnswer } from './run-status.ts';

export const cardBytes = 3_000;

export interface CardRow {
  name: string;
  candidate: string;
  production: string;
}

/** What an approver is shown; the evidence digest covers exactly this. */
export interface GateCard {
  question: string;
  recommendation: string;
  /** Table of evidence; may be empty. */
  rows: CardRow[];
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
  silence: string;
  deadline: string;
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

function render({ card, gate, evidence, approvers, quorum, approvedBy, silence, deadline, lastAnswer }: OpenCard, factsShown: number): string {
  const hidden = card.facts.length - factsShown;
  const table = card.rows.length === 0 ? [] : [['| | candidate | production |', '|---|---|---|', ...card.rows.map((row) => `| ${row.name} | ${row.candidate} | ${row.production} |`)].join('\n')];
  const facts = [...card.facts.slice(0, factsShown).map((fact) => `- ${clip(fact, 200)}`), ...(hidden > 0 ? [`- and ${hidden} more`] : [])];
  const progress = approvedBy.length > 0 ? `, so far ${approvedBy.join(', ')}` : '';
  return [
    ...answerLine(lastAnswer),
    `## ${card.question}`,
    `**Recommendation:** ${card.recommendation}`,
    ...table,
    ...(facts.length > 0 ? [facts.join('\n')] : []),
    `**Approving** ${card.change}  \n**Undo:** ${card.undo}  \n**Silence** until ${deadline}: ${silence}`,
    `**Who:** ${quorum} of ${approvers.join(', ')}${progress}. Identity here is *claimed*: a name in a payload.`,
    `**To answer:** *Signal*, name \`approve\` or \`reject\` (a rejection with a reason in \`comment\`), and this as input, with your name:`,
    `\`\`\`json\n${JSON.stringify({ gate, by: 'YOUR NAME', comment: '', evidence })}\n\`\`\``,
  ].join('\n\n');
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
