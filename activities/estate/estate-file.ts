import { readFile } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { FailureType } from '../../workflows/domain/failures.ts';
import { checkGates } from './check-gates.ts';
import type { Path } from './complaints.ts';
import { estateSchema, type Estate } from './schema.ts';

/** Complaints shown at once; the rest is counted. */
const mostComplaints = 20;

/**
 * Reads and checks the estate file.
 *
 * @throws EstateInvalid (not retried): one line for each complaint, with file, line, field and what to do
 */
export async function readEstate(file: string): Promise<Estate> {
  return parseEstate(await readText(file), file);
}

/** The same for a text; `file` is only for the complaints. */
export function parseEstate(text: string, file: string): Estate {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = document.errors.map(({ pos, message }) => `${file}:${lines.linePos(pos[0]).line}: not valid YAML: ${message}`);
  if (syntax.length > 0) throw estateInvalid(listed(syntax));

  const parsed = estateSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.flatMap((issue) => {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return unknown.map((key) => {
      const path = [...issue.path, ...(key === undefined ? [] : [key])] as (string | number)[];
      const message = key === undefined ? (issue.code === 'invalid_key' ? issue.issues[0]!.message : issue.message) : 'unknown field; remove it or correct its name';
      return `${file}:${lineOf(document, path, lines)}: ${path.join('.') || 'the file'}: ${message}`;
    });
  });
  throw estateInvalid(listed(complaints));
}

/** A complaint about a field of an estate that is valid by itself. */
export async function complaintAbout(file: string, field: Path, problem: string): Promise<ApplicationFailure> {
  const lines = new LineCounter();
  const document = parseDocument(await readText(file), { lineCounter: lines });
  return estateInvalid(`${file}:${lineOf(document, field, lines)}: ${field.join('.')}: ${problem}`);
}

/** What is valid in the file but may surprise, one line each, with file, line and field. */
export async function readEstateWarnings(file: string): Promise<string[]> {
  const text = await readText(file);
  const warnings: string[] = [];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  checkGates(parseEstate(text, file), () => undefined, (path, message) => warnings.push(`${file}:${lineOf(document, path, lines)}: ${path.join('.')}: ${message}`));
  return warnings;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw estateInvalid(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); HOLDPOINT_ESTATE names the estate file`);
  }
}

function estateInvalid(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: FailureType.EstateInvalid, message, nonRetryable: true });
}

function listed(complaints: readonly string[]): string {
  const more = complaints.length - mostComplaints;
  return [...complaints.slice(0, mostComplaints), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

/** Line of a field, or of the nearest thing above it that exists; counted from 1. What an alias repeats stands where its anchor is. */
function lineOf(document: Document, path: readonly (string | number)[], lines: LineCounter): number {
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
