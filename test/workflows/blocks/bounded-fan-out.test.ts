import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cancelled as untilCancelled, heartbeat, sleep } from '@temporalio/activity';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { payloadConverterPath } from '../../../workers/temporal-client.ts';
import type { FanOutReport } from '../../../workflows/domain/fan-out.ts';
import { eventually } from '../../support/eventually.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import type { spread, SpreadInput } from './support/fan-out-workflows.ts';

let temporal: TestWorkflowEnvironment;
let directory: string;
let codePath: string;
let started = 0;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdpoint-fan-out-'));
  codePath = join(directory, 'bundle.js');
  const { code } = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('./support/fan-out-workflows.ts', import.meta.url)), payloadConverterPath, logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} } });
  writeFileSync(codePath, code);
  temporal = await startTemporal();
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true, force: true });
});

const numbered = (count: number) => Array.from({ length: count }, (_, number) => `item-${number}`);
const input = (given: Partial<SpreadInput> = {}): SpreadInput => ({ items: numbered(20), concurrency: 5, budget: { failures: 0 }, ...given });

interface Activities {
  work?: (item: string) => Promise<{ ok: boolean }>;
  putBack?: (item: string) => Promise<void>;
}

/** Starts a fan-out on a task queue of its own, with a worker in this process. */
async function withSpread<T>(given: Partial<SpreadInput>, { work = async () => ({ ok: true }), putBack = async () => undefined }: Activities, body: (handle: WorkflowHandle<typeof spread>) => Promise<T>): Promise<T> {
  const taskQueue = `fan-out-${(started += 1)}`;
  const worker = await Worker.create({ connection: temporal.nativeConnection, taskQueue, workflowBundle: { codePath }, activities: { work, putBack } });
  const running = worker.run();
  try {
    return await body(await temporal.client.workflow.start<typeof spread>('spread', { taskQueue, workflowId: `spread-${started}`, args: [input(given)] }));
  } finally {
    worker.shutdown();
    await running;
  }
}

const counts = ({ items: _items, ...report }: FanOutReport) => report;
const failureOf = async (promise: Promise<unknown>): Promise<WorkflowFailedError> => {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof WorkflowFailedError);
  return error;
};

describe('a bounded fan-out', () => {
  it('carries out 200 items, at most 5 at once, each with its report, in at most 13 events an item', async () => {
    let [now, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, (now += 1));
      await sleep(150);
      now -= 1;
      return { ok: true };
    };
    await withSpread({ items: numbered(200) }, { work }, async (handle) => {
      const report = await handle.result();
      assert.deepEqual(counts(report), { total: 200, passed: 200, failed: 0, skipped: 0, cancelled: 0, notStarted: 0, stopped: false, tolerated: 0 });
      assert.deepEqual(report.items.map(({ item }) => item), numbered(200));
      assert.deepEqual(report.items[7], { item: 'item-7', state: 'passed', detail: 'as it should be', reference: 'ref:item-7' });
      assert.equal(most, 5);
      const events = (await handle.fetchHistory()).events ?? [];
      console.log(`events: ${events.length} for 200 items`);
      assert.ok(events.length <= 13 * 200 + 20, `${events.length} events`);
      await Worker.runReplayHistory({ workflowBundle: { codePath } }, { events }, handle.workflowId);
    });
  });

  it('stops early once more have failed than the budget bears, by number or by percent; what was at work ends by itself', async () => {
    const work = async (item: string) => ({ ok: Number(item.slice(5)) % 2 === 0 });
    const byNumber = await withSpread({ budget: { failures: 2 }, concurrency: 2 }, { work }, (handle) => handle.result());
    assert.equal(byNumber.stopped, true);
    assert.ok(byNumber.failed >= 3 && byNumber.failed <= 4, `${byNumber.failed} failed`);
    assert.equal(byNumber.passed + byNumber.failed + byNumber.notStarted, 20);
    assert.ok(byNumber.notStarted >= 11);
    assert.deepEqual(byNumber.items.at(-1), { item: 'item-19', state: 'notStarted', detail: 'too many had failed before its turn', reference: null });

    const byPercent = await withSpread({ budget: { percent: 50 }, concurrency: 2 }, { work }, (handle) => handle.result());
    assert.deepEqual(counts(byPercent), { total: 20, passed: 10, failed: 10, skipped: 0, cancelled: 0, notStarted: 0, stopped: false, tolerated: 10 });
  });

  it('counts an item that throws as failed, with the innermost reason', async () => {
    const work = async (item: string) => {
      if (item === 'item-3') throw ApplicationFailure.nonRetryable('the disk is full');
      return { ok: true };
    };
    const report = await withSpread({ budget: { failures: 1 } }, { work }, (handle) => handle.result());
    assert.deepEqual([report.passed, report.failed, report.stopped], [19, 1, false]);
    assert.equal(report.items[3]?.detail, 'the disk is full');
  });

  it('cancels each item at work when it is cancelled, waits for their undo, and accounts for all', async () => {
    const putBacks: string[] = [];
    const work = async (item: string) => {
      if (Number(item.slice(5)) < 3) return { ok: true };
      const beat = setInterval(() => heartbeat(), 200);
      await untilCancelled().finally(() => clearInterval(beat));
      return { ok: true };
    };
    const putBack = async (item: string) => void putBacks.push(item);
    await withSpread({}, { work, putBack }, async (handle) => {
      await eventually(async () => {
        const report = await handle.query<FanOutReport>('report');
        assert.equal(report.passed, 3);
        const children = await openItems(handle);
        assert.equal(children.length, 5);
      });
      await handle.cancel();
      const error = await failureOf(handle.result());
      assert.equal(error.cause?.name, 'CancelledFailure');
      const report = await handle.query<FanOutReport>('report');
      assert.deepEqual(counts(report), { total: 20, passed: 3, failed: 0, skipped: 0, cancelled: 5, notStarted: 12, stopped: false, tolerated: 0 });
      assert.deepEqual(putBacks.sort(), ['item-3', 'item-4', 'item-5', 'item-6', 'item-7']);
      assert.deepEqual(await openItems(handle), []);
    });
  });

  it('refuses more than 400 items, and an item that is there twice', async () => {
    for (const [items, reason] of [[numbered(401), /401 items: one run takes at most 400/], [['a', 'b', 'a'], /a is there twice/]] as const) {
      await withSpread({ items: [...items] }, {}, async (handle) => {
        const { cause } = await failureOf(handle.result());
        assert.ok(cause instanceof ApplicationFailure && cause.type === 'InputInvalid');
        assert.match(cause.message, reason);
      });
    }
  });

  it('goes on when it is reset while items are at work: they report to its id, and none is done twice at the same time', async () => {
    let release = false;
    const atWork = new Map<string, number>();
    let twice = 0;
    const work = async (item: string) => {
      atWork.set(item, (atWork.get(item) ?? 0) + 1);
      if (atWork.get(item)! > 1) twice += 1;
      while (!release) {
        heartbeat();
        await sleep(100);
      }
      atWork.set(item, atWork.get(item)! - 1);
      return { ok: true };
    };
    await withSpread({ items: numbered(8) }, { work }, async (handle) => {
      await eventually(async () => assert.equal((await openItems(handle)).length, 5));
      const events = (await handle.fetchHistory()).events ?? [];
      const firstTask = events.find(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes);
      await temporal.connection.workflowService.resetWorkflowExecution({
        namespace: temporal.namespace ?? 'default', workflowExecution: { workflowId: handle.workflowId }, reason: 'test', requestId: `reset-${handle.workflowId}`, workflowTaskFinishEventId: firstTask!.eventId!,
      });
      setTimeout(() => (release = true), 1_000);
      const report = await temporal.client.workflow.getHandle<typeof spread>(handle.workflowId).result();
      assert.deepEqual(counts(report), { total: 8, passed: 8, failed: 0, skipped: 0, cancelled: 0, notStarted: 0, stopped: false, tolerated: 0 });
      assert.equal(twice, 0);
    });
  });

  it('accounts exactly for 200 items although the worker is killed in the middle', async () => {
    const taskQueue = 'fan-out-killed';
    const log = join(directory, 'work.log');
    const done = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
    const start = (): ChildProcess => spawn(process.execPath, [fileURLToPath(new URL('./support/fan-out-worker.ts', import.meta.url)), temporal.address, taskQueue, codePath, log], { stdio: 'ignore' });
    const first = start();
    let second: ChildProcess | null = null;
    try {
      const handle = await temporal.client.workflow.start<typeof spread>('spread', { taskQueue, workflowId: 'spread-killed', args: [input({ items: numbered(200) })] });
      await eventually(async () => assert.ok(done().length >= 60), { timeoutMs: 60_000 });
      first.kill('SIGKILL');
      await once(first, 'exit');
      const before = done().length;
      assert.ok(before < 200, 'it was killed in the middle');
      second = start();
      const report = await handle.result();
      assert.deepEqual(counts(report), { total: 200, passed: 200, failed: 0, skipped: 0, cancelled: 0, notStarted: 0, stopped: false, tolerated: 0 });
      assert.deepEqual(new Set(done()), new Set(numbered(200)));
      assert.ok(done().length <= 205, `${done().length} pieces of work for 200 items: only what was at work when the worker died may be repeated`);
      console.log(`killed after ${before} items; ${done().length} pieces of work in all`);
    } finally {
      for (const child of [first, second]) if (child?.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    }
  });
});

/** The items that run, of those that a fan-out's history has begun. */
async function openItems(handle: WorkflowHandle<typeof spread>): Promise<string[]> {
  const { raw } = await handle.describe();
  return (raw.pendingChildren ?? []).map(({ workflowId }) => workflowId ?? '');
}
