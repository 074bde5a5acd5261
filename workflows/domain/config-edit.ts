/** Changing values of a circuit's configuration file in place: everything that is not changed keeps its characters, comments and order included. */
import { isAlias, isMap, isScalar, LineCounter, parseDocument, type Document, type Pair, type YAMLMap } from 'yaml';
import { readCircuitConfig, type RefusedFile } from './circuit-config.ts';
import { jsonDigest } from './digest.ts';

/** What is to stand in the file afterwards; what is left out stays as it is. */
export interface ConfigEdit {
  /** `YYYY-MM-DD`. */
  cutoffDate?: string;
  hyperparameters?: Record<string, number>;
}

/** One value that is another one afterwards. `line` is that of the new text and counts from 1. */
export interface FieldChange {
  /** Such as `training.hyperparameters.learning_rate`. */
  field: string;
  line: number;
  /** As written; null: it was not there. */
  before: string | null;
  after: string;
}

export type EditedConfig =
  | { kind: 'edited'; text: string; changes: FieldChange[]; notes: string[] }
  /** Everything that was asked for stands there already. */
  | { kind: 'unchanged'; reason: string }
  | { kind: 'refused'; refused: RefusedFile };

/** Two spellings of one hyperparameter: a file has one of them. */
const spellings: Record<string, string> = { lstm_units: 'hidden_units', hidden_units: 'lstm_units' };

/** Applies an edit to the text of a circuit's configuration. Malformed files, values out of range and unknown keys are answered with path, line and reason, never thrown. */
export function editCircuitConfig(path: string, text: string, edit: ConfigEdit): EditedConfig {
  const before = readCircuitConfig(path, text);
  if (!before.ok) return { kind: 'refused', refused: before.refused };

  const notes: string[] = [];
  let edited = text;
  const changed: { keys: string[]; before: string | null }[] = [];
  for (const { keys, value } of wanted(text, edit, path, notes)) {
    const written = rawValue(edited, keys);
    if (valueIn(edited, keys) === value) continue;
    edited = withValue(edited, keys, value);
    changed.push({ keys, before: written });
  }
  if (changed.length === 0) return { kind: 'unchanged', reason: `nothing changes: ${path} has these values already` };

  const after = readCircuitConfig(path, edited);
  if (!after.ok) return { kind: 'refused', refused: after.refused };
  if (!isOnlyChangedIn(text, edited, changed.map(({ keys }) => keys))) {
    return { kind: 'refused', refused: { path, line: lineOfField(edited, changed[0]!.keys), reason: `${changed[0]!.keys.join('.')}: its value is shared with other fields (an anchor); change the file by hand` } };
  }
  const changes = changed.map(({ keys, before: was }) => ({ field: keys.join('.'), line: lineOfField(edited, keys), before: was, after: rawValue(edited, keys) ?? '' }));
  return { kind: 'edited', text: edited, changes, notes };
}

/** The lines that differ, as `diff` prints them: `-` and `+`, with the unchanged lines between two of them. */
export function lineDifference(before: string, after: string): string[] {
  const [left, right] = [before.split('\n'), after.split('\n')];
  const common = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) common[i]![j] = left[i] === right[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  }
  const lines: string[] = [];
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    const [isLeft, isRight] = [i < left.length, j < right.length];
    if (isLeft && isRight && left[i] === right[j]) {
      lines.push(`  ${left[i]}`);
      i += 1;
      j += 1;
    } else if (isLeft && (!isRight || common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push(`- ${left[i]}`);
      i += 1;
    } else {
      lines.push(`+ ${right[j]}`);
      j += 1;
    }
  }
  const isDifferent = (line: string): boolean => !line.startsWith('  ');
  return lines.slice(lines.findIndex(isDifferent), lines.findLastIndex(isDifferent) + 1);
}

/** Where each value goes: a hyperparameter that the file spells differently is changed under the file's spelling. */
function wanted(text: string, { cutoffDate, hyperparameters = {} }: ConfigEdit, path: string, notes: string[]): { keys: string[]; value: string | number }[] {
  const has = (name: string): boolean => parseDocument(text).hasIn(['training', 'hyperparameters', name]);
  const parameters = Object.entries(hyperparameters).map(([name, value]) => {
    const other = spellings[name];
    const isOther = other !== undefined && !has(name) && has(other) && !Object.hasOwn(hyperparameters, other);
    if (isOther) notes.push(`${name} is changed as ${other}, which ${path} calls it`);
    return { keys: ['training', 'hyperparameters', isOther ? other : name], value };
  });
  return [...(cutoffDate === undefined ? [] : [{ keys: ['training', 'cutoff_date'], value: cutoffDate }]), ...parameters];
}

/** Puts a value in place of the one that stands there, or on a line of its own after the last of its section. */
function withValue(text: string, keys: readonly string[], value: string | number): string {
  const document = parseDocument(text, { keepSourceTokens: true });
  const parent = document.getIn(keys.slice(0, -1)) as YAMLMap;
  const name = keys.at(-1)!;
  const node = pairOf(parent, name)?.value;
  const range = isScalar(node) || isAlias(node) ? node.range : undefined;
  if (range) return text.slice(0, range[0]) + rendered(value) + text.slice(range[1]);

  const [first] = parent.items;
  const start = first && isScalar(first.key) ? first.key.range?.[0] : undefined;
  const last = parent.items.at(-1)?.value;
  const end = isScalar(last) || isAlias(last) ? last.range?.[1] : undefined;
  if (!parent.flow && start !== undefined && end !== undefined) {
    const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
    const lineEnd = text.indexOf('\n', end);
    const at = lineEnd < 0 ? text.length : lineEnd;
    if (/^ *$/.test(indent)) return `${text.slice(0, at)}\n${indent}${name}: ${rendered(value)}${text.slice(at)}`;
  }
  document.setIn(keys, value);
  return document.toString({ lineWidth: 0 });
}

/** A date is quoted, or a reader of YAML 1.1 would make an instant of it. */
function rendered(value: string | number): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Whether the two texts mean the same but for these fields. */
function isOnlyChangedIn(before: string, after: string, fields: readonly (readonly string[])[]): boolean {
  const expected = parseDocument(before).toJS() as unknown;
  const found = parseDocument(after).toJS() as unknown;
  for (const keys of fields) {
    const section = keys.slice(0, -1).reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], expected) as Record<string, unknown>;
    section[keys.at(-1)!] = valueIn(after, keys);
  }
  return jsonDigest(expected) === jsonDigest(found);
}

function valueIn(text: string, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined), parseDocument(text).toJS());
}

function rawValue(text: string, keys: readonly string[]): string | null {
  const node = parseDocument(text).getIn(keys, true);
  const range = isScalar(node) || isAlias(node) ? node.range : undefined;
  return range ? text.slice(range[0], range[1]) : null;
}

function lineOfField(text: string, keys: readonly string[]): number {
  const lines = new LineCounter();
  const document: Document = parseDocument(text, { lineCounter: lines });
  const key = pairOf(document.getIn(keys.slice(0, -1)), keys.at(-1)!)?.key;
  return isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 1;
}

function pairOf(parent: unknown, name: string): Pair | undefined {
  return isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === name) : undefined;
}
