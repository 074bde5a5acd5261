import { readFile } from 'node:fs/promises';
import { ApplicationFailure } from '@temporalio/common';
import { LineCounter, parseDocument } from 'yaml';
import { FailureType } from '../../workflows/domain/failures.ts';
import { checkGates } from './check-gates.ts';
import type { Path } from './complaints.ts';
import { placeholdersIn } from './placeholders.ts';
import { estateSchema, type Estate } from './schema.ts';
import { checkYaml, lineOf, listed } from './yaml-complaints.ts';

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
  const open = placeholdersIn(text);
  if (open.length > 0) throw estateInvalid(listed(open.map(({ line, field, what }) => `${file}:${line}: ${field}: still to be filled in${what === '' ? '' : `: ${what}`}`)));
  const checked = checkYaml(text, estateSchema, file);
  if ('complaints' in checked) throw estateInvalid(listed(checked.complaints));
  return checked.data;
}

/** That somebody asked for a target which the estate, valid by itself, does not have. */
export async function unknownTarget(file: string, { field, problem }: { field: Path; problem: string }): Promise<ApplicationFailure> {
  const { message } = await complaintAbout(file, field, problem);
  return ApplicationFailure.create({ type: FailureType.TargetUnknown, message, nonRetryable: true });
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
