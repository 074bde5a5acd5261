/** The training configuration of one circuit, `config/plants/<plant>/<circuit>.yml`: what may stand in it, and exact complaints about what may not. */
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { isTargetName } from './ids.ts';
import { inWords } from './issue-words.ts';
import type { Target } from './vocabulary.ts';

const rate = 'must be a number above 0, at most 1';
const whole = (most: number) => {
  const range = `must be a whole number from 1 to ${most}`;
  return z.int(range).min(1, range).max(most, range).optional();
};

const hyperparameters = z.strictObject({
  learning_rate: z.number(rate).positive(rate).max(1, rate),
  epochs: whole(10_000),
  hidden_units: whole(4096),
  lstm_units: whole(4096),
});

/** Everything else is refused. */
export const knownHyperparameters: readonly string[] = Object.keys(hyperparameters.shape);

const circuitConfig = z.strictObject({
  training: z.strictObject({
    cutoff_date: z.iso.date('must be a date such as "2025-12-09"'),
    hyperparameters,
  }),
});

/** As the training job gets it: `lstm_units` has become `hidden_units`. */
export interface CircuitConfig {
  /** Last day whose readings may be used, `YYYY-MM-DD`. */
  cutoffDate: string;
  hyperparameters: { learning_rate: number; epochs?: number; hidden_units?: number };
}

/** Why a file was refused. `line` counts from 1; null where no line is to blame. */
export interface RefusedFile {
  path: string;
  line: number | null;
  reason: string;
}

export type ConfigReading = { ok: true; config: CircuitConfig; notes: string[] } | { ok: false; refused: RefusedFile };

const configPath = /^\/?config\/plants\/(.*)$/;

/** Which circuit a path configures; `undefined` for files that configure none, a refusal for names that may not be used. */
export function targetOfPath(path: string): Target | RefusedFile | undefined {
  const below = configPath.exec(path)?.[1];
  if (below === undefined) return undefined;
  const [plant = '', file = '', ...deeper] = below.split('/');
  const circuit = file.replace(/\.ya?ml$/, '');
  if (deeper.length > 0 || circuit === file) return { path, line: null, reason: 'a circuit is configured in config/plants/<plant>/<circuit>.yml' };
  for (const [part, name] of Object.entries({ plant, circuit })) {
    if (!isTargetName(name)) return { path, line: null, reason: `"${name}" cannot be the name of a ${part}: letters, digits and "-", at most 32, beginning with a letter or digit` };
  }
  return { plant, circuit };
}

/** Reads a configuration file's text; a malformed one is answered with path, line and reason, never thrown. */
export function readCircuitConfig(path: string, text: string): ConfigReading {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const refuse = (line: number | null, reason: string): ConfigReading => ({ ok: false, refused: { path, line, reason } });

  const syntaxError = document.errors[0];
  if (syntaxError) return refuse(lines.linePos(syntaxError.pos[0]).line, `not valid YAML: ${syntaxError.message}`);

  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    return refuse(null, `not valid YAML: ${error instanceof Error ? error.message : String(error)}`); // an alias that leads nowhere, or to too much
  }
  const parsed = circuitConfig.safeParse(value);
  if (!parsed.success) {
    // A misspelt key makes two complaints, of which "missing" is the misleading one.
    const issue = parsed.error.issues.find(({ code }) => code === 'unrecognized_keys') ?? parsed.error.issues[0]!;
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const field = [...issue.path, ...(unknown === undefined ? [] : [unknown])].map(String);
    const reason = unknown === undefined ? (document.hasIn(field) ? `${inWords(issue)}${written(document, field)}` : 'is missing') : `unknown key${issue.path.at(-1) === 'hyperparameters' ? `; known are ${knownHyperparameters.join(', ')}` : ''}`;
    return refuse(lineOf(document, field, lines), `${field.join('.') || 'the file'}: ${reason}`);
  }

  const { cutoff_date, hyperparameters: { lstm_units, ...honoured } } = parsed.data.training;
  if (lstm_units === undefined) return { ok: true, config: { cutoffDate: cutoff_date, hyperparameters: honoured }, notes: [] };
  if (honoured.hidden_units !== undefined) {
    return refuse(lineOf(document, ['training', 'hyperparameters', 'lstm_units'], lines), 'training.hyperparameters: lstm_units is read as hidden_units; only one of them may be given');
  }
  const note = `${path}: lstm_units is read as hidden_units`;
  return { ok: true, config: { cutoffDate: cutoff_date, hyperparameters: { ...honoured, hidden_units: lstm_units } }, notes: [note] };
}

/** The line of a field that a training log names, such as `hyperparameters.epochs` or `learning_rate`, with or without what it lies in; null where the file has no such field. */
export function lineOfField(text: string, field: string): number | null {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const parts = field.split('.');
  const places = [parts, ['training', ...parts], ['training', 'hyperparameters', ...parts]];
  const there = places.find((place) => document.hasIn(place));
  return there === undefined ? null : lineOf(document, there, lines);
}

/** What stands there, where it is one value. */
function written(document: Document, field: string[]): string {
  const value = document.getIn(field);
  return typeof value === 'number' || typeof value === 'string' ? `, not ${JSON.stringify(value).slice(0, 60)}` : '';
}

/** The line of a field, or of the nearest thing above it that exists. */
function lineOf(document: Document, field: string[], lines: LineCounter): number | null {
  for (let depth = field.length; depth > 0; depth -= 1) {
    const parent = document.getIn(field.slice(0, depth - 1));
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === field[depth - 1]) : undefined;
    const range = pair && isScalar(pair.key) ? pair.key.range : undefined;
    if (range) return lines.linePos(range[0]).line;
  }
  return 1;
}
