/**
 * The card of a gate for a terminal. It is the markdown that Temporal Web UI shows; the product writes only headings, bold, tables, lists and one fenced block, so a markdown
 * library would be more than is needed.
 */
import { colour, table } from './output.ts';

/** The card as text, without its last part, how to answer in Temporal Web UI: a terminal answers otherwise. */
export function cardText(markdown: string): string {
  const [shown = ''] = markdown.split(/^\*\*To answer:\*\*/m);
  return shown.trim().split(/\n{2,}/).map(block).join('\n\n');
}

/** The short digest in the JSON that the card prints; null where there is none. */
export function cardEvidence(markdown: string): string | null {
  return /"evidence": ?"([0-9a-f]{12,64})"/.exec(markdown)?.[1] ?? null;
}

function block(text: string): string {
  if (text.startsWith('|')) return tableBlock(text);
  return text.split('\n').map(line).join('\n');
}

function line(text: string): string {
  const plain = text.trimEnd().replace(/^#+ (.*)$/, (_, heading: string) => colour.bold(heading));
  return plain.replace(/\*\*(.+?)\*\*/g, (_, strong: string) => colour.bold(strong)).replace(/\*(.+?)\*/g, '$1');
}

function tableBlock(text: string): string {
  const [head = [], , ...rows] = text.split('\n').map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()));
  return table(head, rows);
}
