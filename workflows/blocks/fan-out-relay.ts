/** A fan-out over more items than one history takes: a child run that goes through them, so many in each of its histories, with the account of those that have ended. */
import { continueAsNew, isCancellation, setCurrentDetails } from '@temporalio/workflow';
import { mostItems, type ItemEnding } from '../domain/fan-out.ts';
import { BoundedFanOut, type FanOutPlan } from './bounded-fan-out.ts';

export interface RelayInput {
  plan: Pick<FanOutPlan<unknown>, 'name' | 'what' | 'workflow' | 'concurrency'>;
  /** Those that have not had their turn. */
  items: FanOutPlan<unknown>['items'];
  /** Most failures among them that are borne. */
  failures: number;
  /** How all others ended. */
  ended: ItemEnding[];
}

/**
 * Carries out the items, 400 in one history, and goes on as a new run with the rest. Between two of these runs no item is at work. It ends by itself also when it is cancelled, so that
 * its parent learns how far it came.
 */
export async function relayFanOut({ plan, items, failures, ended }: RelayInput): Promise<ItemEnding[]> {
  const fanOut = new BoundedFanOut();
  const [turn, rest] = [items.slice(0, mostItems), items.slice(mostItems)];
  const of = ended.length + items.length;
  try {
    await fanOut.run({ ...plan, what: `${plan.what}, ${ended.length + 1} to ${ended.length + turn.length} of ${of}`, items: turn, budget: { failures }, progress: (lines) => setCurrentDetails(lines.join('\n\n')) });
  } catch (error) {
    if (!isCancellation(error) || fanOut.report === null) throw error;
    return [...ended, ...fanOut.report.items];
  }
  const { items: endings, failed, stopped } = fanOut.report!;
  const all = [...ended, ...endings];
  if (stopped || rest.length === 0) return all;
  return await continueAsNew<typeof relayFanOut>({ plan, items: rest, failures: failures - failed, ended: all });
}
