/** Fan-outs by themselves: each on a task queue of its own, with a worker in this process. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { payloadConverterPath } from '../../../../workers/temporal-client.ts';
import type { FanOutReport } from '../../../../workflows/domain/fan-out.ts';
import { startTemporal } from '../../../support/temporal-server.ts';
import type { spread, SpreadInput } from './fan-out-workflows.ts';

export type SpreadHandle = WorkflowHandle<typeof spread>;

export interface SpreadActivities {
  work?: (item: string) => Promise<{ ok: boolean }>;
  putBack?: (item: string) => Promise<void>;
}

export const numbered = (count: number): string[] => Array.from({ length: count }, (_, number) => `item-${number}`);
export const numberOf = (item: string): number => Number(item.slice('item-'.length));
export const spreadInput = (given: Partial<SpreadInput> = {}): SpreadInput => ({ items: numbered(20), concurrency: 5, budget: { failures: 0 }, ...given });
export const counts = ({ items: _items, ...report }: FanOutReport): Omit<FanOutReport, 'items'> => report;

export async function failureOf(promise: Promise<unknown>): Promise<WorkflowFailedError> {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof WorkflowFailedError);
  return error;
}

/** The items that run, of those that a fan-out's history has begun. */
export async function openItems(handle: SpreadHandle): Promise<string[]> {
  const { raw } = await handle.describe();
  return (raw.pendingChildren ?? []).map(({ workflowId }) => workflowId ?? '');
}

export class SpreadRuns {
  readonly directory = mkdtempSync(join(tmpdir(), 'holdpoint-fan-out-'));
  readonly codePath = join(this.directory, 'bundle.js');
  #temporal: TestWorkflowEnvironment | null = null;
  #started = 0;

  get temporal(): TestWorkflowEnvironment {
    return this.#temporal!;
  }

  async start(): Promise<void> {
    const { code } = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('./fan-out-workflows.ts', import.meta.url)), payloadConverterPath, logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} } });
    writeFileSync(this.codePath, code);
    this.#temporal = await startTemporal();
  }

  async stop(): Promise<void> {
    await this.#temporal?.teardown();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Starts a fan-out, and ends its worker when `body` has. */
  async spread<T>(given: Partial<SpreadInput>, { work = async () => ({ ok: true }), putBack = async () => undefined }: SpreadActivities, body: (handle: SpreadHandle) => Promise<T>): Promise<T> {
    const taskQueue = `fan-out-${(this.#started += 1)}`;
    const worker = await Worker.create({ connection: this.temporal.nativeConnection, taskQueue, workflowBundle: { codePath: this.codePath }, activities: { work, putBack } });
    const running = worker.run();
    try {
      return await body(await this.temporal.client.workflow.start<typeof spread>('spread', { taskQueue, workflowId: `spread-${this.#started}`, args: [spreadInput(given)] }));
    } finally {
      worker.shutdown();
      await running;
    }
  }
}
