/**
 * Bounded fan-out: one child workflow for each item, so many at once, until all have ended or too many have failed.
 *
 * An item costs its parent 7 to 13 events: start and its confirmation, the report, the completion, and the workflow tasks between them, which items that end together share. One
 * history therefore takes up to 400 items; more are gone through by a child run (`fan-out-relay.ts`) that continues as new after each 400. What an item does is in its own history.
 */
import { ApplicationFailure, CancelledFailure, CancellationScope, ChildWorkflowCancellationType, defineSignal, getExternalWorkflowHandle, isCancellation, ParentClosePolicy, setHandler, startChild, workflowInfo, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import pMap from 'p-map';
import { FailureType } from '../domain/failures.ts';
import { account, expectedMs, fanOutProgress, mostItems, planProblem, toleratedFailures, type FailureBudget, type FanOutReport, type ItemEnding, type ItemPlace, type ItemReport } from '../domain/fan-out.ts';
import { idPart } from '../domain/ids.ts';
import { rootMessage } from './compensations.ts';
import type { relayFanOut } from './fan-out-relay.ts';

/** What an item sends to its parent's workflow id when it has ended. */
export const itemEndedSignal = defineSignal<[unknown?]>('itemEnded');

export interface FanOutItem<I> {
  /** Unique in the plan; how people call it, such as `P001/C001`. */
  id: string;
  /** Shown by Temporal Web UI beside the item. */
  summary: string;
  input: I;
}

export interface FanOutPlan<I> {
  /** Names the fan-out within the run: part of its items' workflow ids. */
  name: string;
  /** What is done, for the current details. */
  what: string;
  /** Workflow type of an item, which takes its input and its `ItemPlace`, and reports with `reportItem`. */
  workflow: string;
  items: readonly FanOutItem<I>[];
  /** Most items at work at the same time. */
  concurrency: number;
  budget: FailureBudget;
  /** Takes the lines that say how far it is. */
  progress: (lines: string[]) => void;
}

export class BoundedFanOut {
  readonly #waiting = new Map<string, (report: ItemReport) => void>();
  #report: FanOutReport | null = null;

  /** Registers the handler of reports: make it in the workflow's first synchronous lines. */
  constructor() {
    setHandler(itemEndedSignal, (value) => this.#receive(value), { description: 'An item of a fan-out tells how it ended: {item, state, detail, reference}' });
  }

  /** The account as it stands, also after a cancellation; null before the first run. */
  get report(): FanOutReport | null {
    return this.#report;
  }

  /**
   * Carries out the plan. A failing item is counted, never thrown. Once the budget is used up no item is begun any more, and those at work end by themselves. When the run is cancelled, each
   * item at work is cancelled and waited for.
   *
   * @throws InputInvalid (not retried) for a plan that cannot be carried out; CancelledFailure once all items have stopped: `report` then says how far it came
   */
  async run<I>({ name, what, workflow, items, concurrency, budget, progress }: FanOutPlan<I>): Promise<FanOutReport> {
    const ids = items.map(({ id }) => id);
    const problem = planProblem(ids, concurrency, budget);
    if (problem !== null) throw ApplicationFailure.nonRetryable(`${what}: ${problem}`, FailureType.InputInvalid);
    if (items.length > mostItems) return await this.#relay({ name, what, workflow, items, concurrency, budget, progress });

    const endings = new Map<string, ItemEnding>();
    const completions: Promise<unknown>[] = [];
    let running = 0;
    const show = (why?: string): FanOutReport => {
      this.#report = account(ids, endings, budget, why);
      progress(fanOutProgress(what, this.#report, running));
      return this.#report;
    };
    show();
    await pMap(items, async (item) => {
      if (this.#report!.stopped || CancellationScope.current().consideredCancelled) return;
      running += 1;
      show();
      endings.set(item.id, await this.#carryOut(name, workflow, item, expectedMs(endings.values()), completions));
      running -= 1;
      show();
    }, { concurrency });
    // An item has reported a moment before it closes: a parent that went on to its own end would cancel it there.
    await Promise.allSettled(completions);
    return concluded(what, show);
  }

  /** More than one history takes: the account comes when the child run has ended. */
  async #relay<I>({ name, what, workflow, items, concurrency, budget, progress }: FanOutPlan<I>): Promise<FanOutReport> {
    const ids = items.map(({ id }) => id);
    const endings = new Map<string, ItemEnding>();
    const workflowId = `${workflowInfo().workflowId}:${name}`;
    const scope = CancellationScope.current();
    const show = (why?: string): FanOutReport => (this.#report = account(ids, endings, budget, why));
    show();
    progress([`${what}: ${items.length} items, in ${workflowId}, whose details tell how far it is`]);
    // Cancelled by its id, not as a child: that would reach its first run only, which may have gone on as another.
    const cancelRelay = (): Promise<void> => CancellationScope.nonCancellable(() => getExternalWorkflowHandle(workflowId).cancel()).catch(() => undefined);
    const ended = await CancellationScope.nonCancellable(async () => {
      const child = await startChild<typeof relayFanOut>('relayFanOut', {
        workflowId,
        args: [{ plan: { name: 'items', what, workflow, concurrency }, items, failures: toleratedFailures(budget, items.length), ended: [] }],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: `${what}: ${items.length} items`,
      });
      scope.cancelRequested.catch(cancelRelay);
      return await child.result();
    });
    for (const ending of ended) if (ending.state !== 'notStarted') endings.set(ending.item, ending);
    progress(fanOutProgress(what, show(), 0));
    return concluded(what, show);
  }

  async #carryOut<I>(name: string, workflow: string, { id, summary, input }: FanOutItem<I>, expected: number | undefined, completions: Promise<unknown>[]): Promise<ItemEnding> {
    const { workflowId: parent } = workflowInfo();
    const place: ItemPlace = { parent, item: id, ...(expected !== undefined && { expectedMs: expected }) };
    const workflowId = [parent, name, ...id.split('/').map(idPart)].join(':');
    const reported = new Promise<ItemReport>((resolve) => this.#waiting.set(id, resolve));
    try {
      const child = await startChild(workflow, {
        workflowId,
        args: [input, place],
        // With its parent terminated nobody would count an item any more: it puts back what it has begun, and ends.
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        // A parent that was reset does an item again that had ended: items are safe to repeat.
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: summary,
      });
      const completed = child.result() as Promise<ItemReport>;
      completions.push(completed);
      return await Promise.race([reported, completed]);
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return await this.#attached(workflowId, id, reported);
      const state = isCancellation(error) ? ('cancelled' as const) : ('failed' as const);
      return { item: id, state, detail: rootMessage(error), reference: null };
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** An item that runs on since before a reset of the parent: it reports to the same id, and has to be cancelled by its own. */
  async #attached(workflowId: string, item: string, reported: Promise<ItemReport>): Promise<ItemEnding> {
    try {
      return await Promise.race([reported, CancellationScope.current().cancelRequested]);
    } catch (error) {
      await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(workflowId).cancel()).catch(() => undefined);
      return { item, state: 'cancelled', detail: rootMessage(error), reference: null };
    }
  }

  /** A report that nobody waits for is that of an item which was counted by its completion. */
  #receive(value: unknown): void {
    const report = readReport(value);
    if (report !== null) this.#waiting.get(report.item)?.(report);
  }
}

/** @throws CancelledFailure where the run was cancelled meanwhile */
function concluded(what: string, show: (why: string) => FanOutReport): FanOutReport {
  const cancelled = CancellationScope.current().consideredCancelled;
  const report = show(cancelled ? 'the run was cancelled before its turn' : 'too many had failed before its turn');
  if (cancelled) throw new CancelledFailure(`${what} was cancelled: ${report.passed + report.failed + report.skipped} of ${report.total} had ended`);
  return report;
}

/** Anybody can send a signal: what is no report of an item is not taken. */
function readReport(value: unknown): ItemReport | null {
  const { item, state, detail, reference, tookMs, subject } = (typeof value === 'object' && value !== null ? value : {}) as Partial<ItemReport>;
  if (typeof item !== 'string' || (state !== 'passed' && state !== 'failed' && state !== 'skipped')) return null;
  return { item, state, detail: typeof detail === 'string' ? detail : '', reference: typeof reference === 'string' ? reference : null, ...(typeof tookMs === 'number' && Number.isFinite(tookMs) && { tookMs }), ...(typeof subject === 'string' && { subject }) };
}
