/** What is wrong with a YAML file, in lines that name file, line and field. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { inWords } from '../../workflows/domain/issue-words.ts';

/** Complaints shown at once; the rest is counted. */
const mostComplaints = 20;

/** Reads a text by a schema; `file` is only for the complaints. */
export function checkYaml<S extends z.ZodType>(text: string, schema: S, file: string): { data: z.output<S> } | { complaints: string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = document.errors.map(({ pos, message }) => `${file}:${lines.linePos(pos[0]).line}: not valid YAML: ${message}`);
  if (syntax.length > 0) return { complaints: syntax };

  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return { data: parsed.data };
  const complaints = parsed.error.issues.flatMap((issue) => {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return unknown.map((key) => {
      const path = [...issue.path, ...(key === undefined ? [] : [key])] as (string | number)[];
      const message = key === undefined ? (issue.code === 'invalid_key' ? issue.issues[0]!.message : inWords(issue)) : 'unknown field; remove it or correct its name';
      return `${file}:${lineOf(document, path, lines)}: ${path.join('.') || 'the file'}: ${message}`;
    });
  });
  return { complaints };
}

/** As many as one reads, each on a line of its own. */
export function listed(complaints: readonly string[]): string {
  const more = complaints.length - mostComplaints;
  return [...complaints.slice(0, mostComplaints), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

/** Line of a field, or of the nearest thing above it that exists; counted from 1. What an alias repeats stands where its anchor is. */
export function lineOf(document: Document, path: readonly (string | number)[], lines: LineCounter): number {
  let node: unknown = document.contents;
  let line = 1;
  for (const step of path) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step)) : undefined;
    const item = isSeq(parent) ? parent.items[Number(step)] : undefined;
    const range = rangeOf(pair?.key ?? item);
    if (range === undefined) break;
    line = lines.linePos(range[0]).line;
    node = pair?.value ?? item;
  }
  return line;
}

function rangeOf(node: unknown): readonly [number, number, number] | undefined {
  return (node as { range?: [number, number, number] } | undefined)?.range;
}
