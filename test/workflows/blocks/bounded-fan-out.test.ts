import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cancelled as untilCancelled, heartbeat, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { FanOutReport } from '../../../workflows/domain/fan-out.ts';
import { eventually } from '../../support/eventually.ts';
import type { spread } from './support/fan-out-workflows.ts';
import { counts, failureOf, numbered, openItems, spreadInput as input, SpreadRuns } from './support/spread-runs.ts';

const runs = new SpreadRuns();
before(() => runs.start());
after(() => runs.stop());
const withSpread = runs.spread.bind(runs);

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
      await Worker.runReplayHistory({ workflowBundle: { codePath: runs.codePath } }, { events }, handle.workflowId);
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

  it('refuses more than 1,000 items, and an item that is there twice', async () => {
    for (const [items, reason] of [[numbered(1_001), /1001 items: one run takes at most 1000/], [['a', 'b', 'a'], /a is there twice/]] as const) {
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
      await runs.temporal.connection.workflowService.resetWorkflowExecution({
        namespace: runs.temporal.namespace ?? 'default', workflowExecution: { workflowId: handle.workflowId }, reason: 'test', requestId: `reset-${handle.workflowId}`, workflowTaskFinishEventId: firstTask!.eventId!,
      });
      setTimeout(() => (release = true), 1_000);
      const report = await runs.temporal.client.workflow.getHandle<typeof spread>(handle.workflowId).result();
      assert.deepEqual(counts(report), { total: 8, passed: 8, failed: 0, skipped: 0, cancelled: 0, notStarted: 0, stopped: false, tolerated: 0 });
      assert.equal(twice, 0);
    });
  });

  it('accounts exactly for 200 items although the worker is killed in the middle', async () => {
    const taskQueue = 'fan-out-killed';
    const log = join(runs.directory, 'work.log');
    const done = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
    const start = (): ChildProcess => spawn(process.execPath, [fileURLToPath(new URL('./support/fan-out-worker.ts', import.meta.url)), runs.temporal.address, taskQueue, runs.codePath, log], { stdio: 'ignore' });
    const first = start();
    let second: ChildProcess | null = null;
    try {
      const handle = await runs.temporal.client.workflow.start<typeof spread>('spread', { taskQueue, workflowId: 'spread-killed', args: [input({ items: numbered(200) })] });
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
