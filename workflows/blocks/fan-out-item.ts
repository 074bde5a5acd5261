/** One item of a bounded fan-out: does its work, puts back what a cancellation leaves half done, and reports to its parent. */
import { getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';
import type { ItemPlace, ItemReport } from '../domain/fan-out.ts';
import { stepKey, type StepKey } from '../domain/keys.ts';
import { itemEndedSignal } from './bounded-fan-out.ts';
import { isCancelled } from './cancellation.ts';
import { Compensations, rootMessage } from './compensations.ts';

/** What the steps of an item need: keys of their own, the undo, and the signature of the run that they belong to. */
export interface ItemSteps {
  key: (step: string, generation?: number) => StepKey;
  signature: string;
  compensations: Compensations;
}

/** A longer sentence is cut: the parent keeps one for each item. */
const longestDetail = 200;

/**
 * Carries out an item's work. What it throws is a failed item, not a failed workflow; a cancellation is compensated and thrown on. A parent that has closed, or does not take the
 * report, learns it by the item's completion.
 *
 * @param signature how the parent signs what it makes on a platform
 */
export async function reportItem({ parent, item }: ItemPlace, signature: string, work: (steps: ItemSteps) => Promise<Omit<ItemReport, 'item'>>): Promise<ItemReport> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const steps: ItemSteps = { key: (step, generation = 0) => stepKey({ workflowId, firstExecutionRunId, step, generation }), signature, compensations: new Compensations() };
  const report = { item, ...(await ending(steps, work)) };
  await getExternalWorkflowHandle(parent).signal(itemEndedSignal, report).catch(() => undefined);
  return report;
}

async function ending(steps: ItemSteps, work: (steps: ItemSteps) => Promise<Omit<ItemReport, 'item'>>): Promise<Omit<ItemReport, 'item'>> {
  try {
    const { detail, ...report } = await work(steps);
    return { ...report, detail: clip(detail, longestDetail) };
  } catch (error) {
    const cancelled = isCancelled(error);
    await steps.compensations.undo();
    if (cancelled) throw error;
    return { state: 'failed', detail: clip(rootMessage(error), longestDetail), reference: null };
  }
}
