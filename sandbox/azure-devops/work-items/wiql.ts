import { PROJECT } from '../../core/tenancy.ts';
import { invalidArgument } from '../errors.ts';
import type { WorkItem } from './work-items.ts';

type Condition = (workItem: WorkItem) => boolean;

export interface Query {
  columns: string[];
  matches: Condition;
  compare: (a: WorkItem, b: WorkItem) => number;
}

/** Field, string, number, macro, word, or operator. Written by hand: no maintained library reads WIQL. */
const TOKEN = /\s*(?:\[([^\]]+)\]|'((?:[^']|'')*)'|(-?\d+)|@(\w+)|(\w+(?:\.\w+)*)|(<>|<=|>=|[=<>(),]))/y;

interface Token {
  kind: 'field' | 'literal' | 'word' | 'operator';
  text: string;
}

/**
 * Reads a flat query of the work-item query language: SELECT fields FROM workitems WHERE conditions ORDER BY fields, with
 * `=`, `<>`, `<`, `>`, `<=`, `>=`, `[NOT] CONTAINS`, `[NOT] IN (…)`, NOT, AND, OR, parentheses and the macro @project.
 * @throws 400 in the shape of Azure DevOps when the text is none
 */
export function parseWiql(text: string): Query {
  const tokens = tokenize(text);
  let position = 0;
  const peekWord = () => (tokens[position]?.kind === 'literal' ? '' : tokens[position]?.text.toUpperCase() ?? '');
  const accept = (word: string) => peekWord() === word && ++position > 0;
  const expect = (word: string) => {
    if (!accept(word)) throw malformed(`expected ${word} at ${tokens[position]?.text ?? 'the end'}`);
  };
  const take = (...kinds: Token['kind'][]) => {
    const token = tokens[position++];
    if (!token || !kinds.includes(token.kind)) throw malformed(`unexpected ${token?.text ?? 'end'}`);
    return token.text;
  };
  const separated = <T>(item: () => T): T[] => {
    const items = [item()];
    while (accept(',')) items.push(item());
    return items;
  };

  const either = (): Condition => {
    const left = both();
    if (!accept('OR')) return left;
    const right = either();
    return (workItem) => left(workItem) || right(workItem);
  };
  const both = (): Condition => {
    const left = single();
    if (!accept('AND')) return left;
    const right = both();
    return (workItem) => left(workItem) && right(workItem);
  };
  const single = (): Condition => {
    if (accept('NOT')) return negate(single());
    if (!accept('(')) return comparison();
    const inner = either();
    expect(')');
    return inner;
  };
  const comparison = (): Condition => {
    const field = take('field', 'word');
    const not = accept('NOT');
    const operator = take('word', 'operator').toUpperCase();
    if (operator !== 'IN') return apply(not, compareWith(field, operator, take('literal')));
    expect('(');
    const wanted = separated(() => take('literal'));
    expect(')');
    return apply(not, (workItem) => wanted.some((value) => compareWith(field, '=', value)(workItem)));
  };

  expect('SELECT');
  const columns = separated(() => take('field', 'word'));
  expect('FROM');
  expect('WORKITEMS');
  const matches = accept('WHERE') ? either() : () => true;
  const orders: { field: string; sign: number }[] = [];
  if (accept('ORDER')) {
    expect('BY');
    orders.push(...separated(() => ({ field: take('field', 'word'), sign: accept('DESC') ? -1 : accept('ASC') ? 1 : 1 })));
  }
  if (position < tokens.length) throw malformed(`unexpected ${tokens[position]!.text}`);
  return { columns, matches, compare: (a, b) => firstDifference(orders, a, b) };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(trimmed);
    if (!match) throw malformed(`cannot read ${trimmed.slice(at, at + 20)}`);
    const [, field, string, number, macro, word, operator] = match;
    if (field !== undefined) tokens.push({ kind: 'field', text: field });
    else if (string !== undefined) tokens.push({ kind: 'literal', text: string.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: 'literal', text: number });
    else if (macro !== undefined) tokens.push({ kind: 'literal', text: macroValue(macro) });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'operator', text: operator! });
  }
  return tokens;
}

function macroValue(name: string): string {
  if (name.toLowerCase() === 'project') return PROJECT;
  throw malformed(`the macro @${name} is not supported`);
}

function compareWith(field: string, operator: string, wanted: string): Condition {
  const test = COMPARISONS[operator];
  if (!test) throw malformed(`the operator ${operator} is not supported`);
  if (operator === 'CONTAINS' && field.toLowerCase() === 'system.tags') {
    // Tags are compared whole: 'run' does not find 'run-1'.
    return (workItem) => String(valueOf(workItem, field)).toLowerCase().split('; ').includes(wanted.toLowerCase());
  }
  return (workItem) => test(valueOf(workItem, field), wanted);
}

const COMPARISONS: Record<string, (value: unknown, wanted: string) => boolean> = {
  '=': (value, wanted) => order(value, wanted) === 0,
  '<>': (value, wanted) => order(value, wanted) !== 0,
  '<': (value, wanted) => order(value, wanted) < 0,
  '>': (value, wanted) => order(value, wanted) > 0,
  '<=': (value, wanted) => order(value, wanted) <= 0,
  '>=': (value, wanted) => order(value, wanted) >= 0,
  CONTAINS: (value, wanted) => String(value).toLowerCase().includes(wanted.toLowerCase()),
};

/** Numbers by value, everything else as text in any case. */
function order(value: unknown, other: unknown): number {
  if (typeof value === 'number') return value - Number(other);
  return String(value).toLowerCase().localeCompare(String(other).toLowerCase());
}

function valueOf(workItem: WorkItem, field: string): unknown {
  const name = field.toLowerCase();
  if (name === 'system.id' || name === 'id') return workItem.id;
  if (name === 'system.rev') return workItem.rev;
  const value = Object.entries(workItem.fields).find(([known]) => known.toLowerCase() === name)?.[1] ?? '';
  return typeof value === 'object' && 'uniqueName' in value ? value.uniqueName : value;
}

function firstDifference(orders: { field: string; sign: number }[], a: WorkItem, b: WorkItem): number {
  for (const { field, sign } of orders) {
    const difference = sign * order(valueOf(a, field), valueOf(b, field));
    if (difference !== 0) return difference;
  }
  return a.id - b.id;
}

const negate = (condition: Condition): Condition => (workItem) => !condition(workItem);
const apply = (not: boolean, condition: Condition): Condition => (not ? negate(condition) : condition);

function malformed(problem: string): Error {
  return invalidArgument(`TF51006: The query statement is not valid: ${problem}.`);
}
