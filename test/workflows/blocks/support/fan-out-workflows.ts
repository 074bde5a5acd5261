/** A fan-out by itself: a parent that spreads numbered items, and the item. */
import { ActivityCancellationType, defineQuery, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { BoundedFanOut } from '../../../../workflows/blocks/bounded-fan-out.ts';
import { reportItem } from '../../../../workflows/blocks/fan-out-item.ts';
export { relayFanOut } from '../../../../workflows/blocks/fan-out-relay.ts';
import type { FailureBudget, FanOutReport, ItemPlace, ItemReport } from '../../../../workflows/domain/fan-out.ts';

export interface SpreadInput {
  items: string[];
  concurrency: number;
  budget: FailureBudget;
}

interface SpreadActivities {
  work: (item: string) => Promise<{ ok: boolean }>;
  putBack: (item: string) => Promise<void>;
}

const { work } = proxyActivities<SpreadActivities>({ startToCloseTimeout: '1m', heartbeatTimeout: '2s', cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED, retry: { initialInterval: '100ms' } });
const { putBack } = proxyActivities<SpreadActivities>({ startToCloseTimeout: '10s' });

export const reportQuery = defineQuery<FanOutReport | null>('report');

export async function spread({ items, concurrency, budget }: SpreadInput): Promise<FanOutReport> {
  const fanOut = new BoundedFanOut();
  setHandler(reportQuery, () => fanOut.report);
  return await fanOut.run({ name: 'item', what: 'Spreading', workflow: 'spreadItem', items: items.map((id) => ({ id, summary: `Item ${id}`, input: { id } })), concurrency, budget, progress: (lines) => setCurrentDetails(lines.join('\n\n')) });
}

export async function spreadItem({ id }: { id: string }, place: ItemPlace): Promise<ItemReport> {
  return await reportItem(place, 'test', async ({ compensations }) => {
    compensations.register({ step: id, undo: async () => (await putBack(id), 'put back') });
    const { ok } = await work(id);
    return { state: ok ? 'passed' : 'failed', detail: ok ? 'as it should be' : `${id} is broken`, reference: `ref:${id}` };
  });
}
