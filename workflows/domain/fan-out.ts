/** Many items at once, each in a workflow of its own: what an item reports, when too many have failed, and the account of all of them. */
import { clip } from './answer.ts';

/** How one item ended, as it tells its parent: a sentence and references, never contents. */
export interface ItemReport {
  item: string;
  /** `skipped`: there was nothing to do. */
  state: 'passed' | 'failed' | 'skipped';
  detail: string;
  /** Where more can be read; null: nowhere. */
  reference: string | null;
  /** How long it waited for a platform, in milliseconds, where it did: what the next items may expect. */
  tookMs?: number;
  /** What exactly it was about, such as a model's asset id, where that is not the item itself. */
  subject?: string;
}

/** `cancelled`: begun and stopped. `notStarted`: never begun, because the budget was used up or the run cancelled. */
export interface ItemEnding extends Omit<ItemReport, 'state'> {
  state: ItemReport['state'] | 'cancelled' | 'notStarted';
}

/** Whom an item reports to: its parent's workflow id, which a reset of the parent does not change. */
export interface ItemPlace {
  parent: string;
  item: string;
  /** How long the items before it waited for a platform, in milliseconds (the lower quartile); left out while none has told. */
  expectedMs?: number;
}

/** How many failures are borne: a number, or a share of all items in percent. One more, and no further item is begun. */
export type FailureBudget = { failures: number } | { percent: number };

export interface FanOutReport {
  total: number;
  passed: number;
  failed: number;
  skipped: number;
  cancelled: number;
  notStarted: number;
  /** Whether the budget was used up. */
  stopped: boolean;
  /** Most failures that the budget bears. */
  tolerated: number;
  /** One for each item, in the order of the plan. */
  items: ItemEnding[];
}

/** Most items of one history: with at most 13 events for each, it stays under the 10,240 at which Temporal begins to warn. */
export const mostItems = 400;

/** Most items of one fan-out: all that are left, and the endings of all others, are the input of each of its runs, which may have 2 MB. */
export const mostOfAll = 1_000;

/** Most failures that a budget bears, of so many items. */
export function toleratedFailures(budget: FailureBudget, total: number): number {
  return 'failures' in budget ? budget.failures : Math.floor((total * budget.percent) / 100);
}

/** What is wrong with a plan; null when it can be carried out. */
export function planProblem(items: readonly string[], concurrency: number, budget: FailureBudget): string | null {
  if (items.length > mostOfAll) return `${items.length} items: one run takes at most ${mostOfAll}; split them`;
  const twin = items.find((item, index) => items.indexOf(item) !== index);
  if (twin !== undefined) return `${twin} is there twice`;
  if (!Number.isInteger(concurrency) || concurrency < 1) return `concurrency: ${concurrency} is not a whole number from 1 on`;
  const limit = 'failures' in budget ? budget.failures : budget.percent;
  return limit >= 0 ? null : `the failure budget: ${limit} is not 0 or more`;
}

/** The account of a fan-out; an item without an ending was not begun. */
export function account(items: readonly string[], endings: ReadonlyMap<string, ItemEnding>, budget: FailureBudget, why = 'not begun'): FanOutReport {
  const all = items.map((item) => endings.get(item) ?? { item, state: 'notStarted' as const, detail: why, reference: null });
  const count = (state: ItemEnding['state']): number => all.filter((each) => each.state === state).length;
  const [failed, tolerated] = [count('failed'), toleratedFailures(budget, items.length)];
  return { total: all.length, passed: count('passed'), failed, skipped: count('skipped'), cancelled: count('cancelled'), notStarted: count('notStarted'), stopped: failed > tolerated, tolerated, items: all };
}

/** How long an item may expect to wait for a platform: what a quarter of those that have passed did not exceed, since all of them were seen to end a little late; undefined while there is none. */
export function expectedMs(endings: Iterable<ItemEnding>): number | undefined {
  const told = [...endings].flatMap(({ state, tookMs }) => (state === 'passed' && tookMs !== undefined ? [tookMs] : [])).sort((left, right) => left - right);
  return told[Math.floor(told.length / 4)];
}

/** How far it is, for the current details. */
export function fanOutProgress(what: string, { total, passed, failed, skipped, cancelled, tolerated, stopped, items }: FanOutReport, running: number): string[] {
  const ended = passed + failed + skipped + cancelled;
  const counts = [`${passed} passed`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : []), ...(cancelled > 0 ? [`${cancelled} cancelled`] : []), `${running} running`];
  const last = items.filter(({ state }) => state === 'failed').slice(-3);
  return [
    `${what}: ${ended} of ${total} ended: ${counts.join(', ')}. ${stopped ? `Stopped: more than ${tolerated} failed.` : `${tolerated === 0 ? 'The first failure stops it' : `More than ${tolerated} failures stop it`}.`}`,
    ...last.map(({ item, detail }) => `Failed: ${item}: ${clip(detail, 120)}`),
  ];
}
