/**
 * A worker is killed a hundred times while people decide at gates that want two of three: no decision is lost, and none counts twice. The client repeats an update under its id until it
 * is answered; a signal is sent once. What counted is read from the record, which must agree with what the senders were told and with how the runs ended.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { readBlocks } from '../../activities/record/chain.ts';
import { openFolderStore } from '../../activities/record/folder-store.ts';
import { keyFiles, mintKeys, readPublicKeys } from '../../activities/record/key-ring.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { RecordedAnswer } from '../../workflows/domain/record.ts';
import type { ReleaseModelResult } from '../../workflows/domain/release.ts';
import { freePort } from '../scripts/free-port.ts';
import { PartProcess } from '../support/part-process.ts';
import { testInput } from '../support/release-activities.ts';
import { startTemporal } from '../support/temporal-server.ts';
import { decideBySignal, decideByUpdate, type Sent } from './support/deciders.ts';

const kills = Number(process.env['CHAOS_KILLS'] ?? 100);
/** Runs that are under way at the same time. */
const runsAtOnce = 8;
/** A worker is killed so many milliseconds, at most, after decisions have begun to arrive; where none do, after the patience. */
const longestAfterArrival = 150;
const patience = 15_000;

/** An answer on record, and whose it is. */
interface Recorded extends RecordedAnswer {
  workflowId: string;
  gate: string;
}

describe('decisions while the worker is killed', () => {
  const state = mkdtempSync(join(tmpdir(), 'holdpoint-chaos-'));
  let temporal: TestWorkflowEnvironment;
  let worker: PartProcess | null = null;
  const arriving = new EventEmitter();
  arriving.setMaxListeners(0);

  before(async () => {
    mkdirSync(join(state, 'keys'));
    await mintKeys(join(state, 'keys'));
    temporal = await startTemporal();
  });
  after(async () => {
    if (worker?.isRunning) await worker.stop();
    await temporal.teardown();
    rmSync(state, { recursive: true, force: true });
  });

  const startWorker = async (): Promise<PartProcess> => {
    const port = String(await freePort());
    worker = await PartProcess.start({
      file: 'test/chaos/support/gate-worker.ts',
      environment: { TEMPORAL_ADDRESS: temporal.address, CHAOS_STATE: state, CHAOS_HEALTH_PORT: port },
      logFile: join(state, 'worker.log'),
      healthUrl: `http://127.0.0.1:${port}/readyz`,
    });
    return worker;
  };

  /** Each of a circuit of its own: a newer version would retire an older run that waits. */
  const startRun = async (n: number): Promise<WorkflowHandle> =>
    // A task that was being worked on when its worker died is given to the next one after this time-out; 10 s by default.
    await temporal.client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: `releaseModel:P001:C${n}:42`, args: [{ ...testInput, target: { plant: 'P001', circuit: `C${n}` }, version: `42-${n}` }], workflowTaskTimeout: '5s' });

  /** Waits for the gate, as the server's own search attribute tells it: no worker is needed. A run that ends before it is an error, and so is one that hangs. */
  const gateOpens = async (handle: WorkflowHandle, gate: string): Promise<void> => {
    for (const until = performance.now() + 900_000; ; await sleep(100)) {
      const { searchAttributes, status, raw } = await handle.describe();
      if (searchAttributes['Gate']?.[0] === gate) return;
      const pending = (raw.pendingActivities ?? []).map(({ activityType, attempt }) => `${activityType?.name} (attempt ${attempt})`).join(', ');
      const where = `${handle.workflowId} ${status.name} in phase ${String(searchAttributes['Phase']?.[0])}${pending === '' ? '' : `, in ${pending}`}`;
      assert.equal(status.name, 'RUNNING', where);
      assert.ok(performance.now() < until, `${gate} did not open: ${where}`);
    }
  };

  /** All three decide each gate at the same moment, each by one way or the other, and bob a second time. */
  const decideRun = async (n: number, handle: WorkflowHandle): Promise<Sent[]> => {
    const sent: Sent[] = [];
    for (const [index, gate] of ['stage1', 'stage3'].entries()) {
      await gateOpens(handle, gate);
      arriving.emit('decisions');
      const byUpdate = (by: string) => decideByUpdate(temporal.client, handle.workflowId, gate, by);
      const bySignal = (by: string) => decideBySignal(handle, gate, by);
      // In turn by way of update and signal, so that either can be the one that counts.
      const ways = (n + index) % 2 === 0 ? [byUpdate('alice'), bySignal('bob'), byUpdate('carol')] : [bySignal('alice'), byUpdate('bob'), bySignal('carol')];
      sent.push(...(await Promise.all([...ways, (n + index) % 2 === 0 ? byUpdate('bob') : bySignal('bob')])));
    }
    return sent;
  };

  const readRecord = async (): Promise<{ answers: Recorded[]; calls: number; problems: string[] }> => {
    const keys = await readPublicKeys(keyFiles(join(state, 'keys'), 'record').publicKeys);
    const blocks = await readBlocks(openFolderStore(join(state, 'record')), keys);
    const calls = blocks.flatMap(({ block }) => block?.calls ?? []);
    const answers = calls.flatMap(({ run, entries }) => entries.flatMap((entry) => (entry.kind === 'answers' ? entry.answers.map((answer) => ({ ...answer, gate: entry.gate, workflowId: run.workflowId })) : [])));
    return { answers, calls: calls.length, problems: blocks.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`)) };
  };

  it(`loses none and counts none twice in ${kills} kills`, { timeout: 1_500_000 }, async (test) => {
    const from = performance.now();
    const seconds = (): number => Math.round((performance.now() - from) / 1000);
    let killed = 0;
    let started = 0;
    const sent: Sent[] = [];
    const results: { workflowId: string; result: ReleaseModelResult }[] = [];
    const keepRunning = async (): Promise<void> => {
      while (killed < kills) {
        const n = (started += 1);
        const handle = await startRun(n);
        sent.push(...(await decideRun(n, handle)));
        results.push({ workflowId: handle.workflowId, result: (await handle.result()) as ReleaseModelResult });
      }
    };
    const killOver = async (): Promise<void> => {
      await startWorker();
      while (killed < kills) {
        const impatience = new AbortController();
        await Promise.race([once(arriving, 'decisions', { signal: impatience.signal }), sleep(patience, undefined, { signal: impatience.signal })]).finally(() => impatience.abort());
        await sleep(randomInt(longestAfterArrival));
        await worker!.kill();
        killed += 1;
        if (killed % 10 === 0) test.diagnostic(`${killed} kills after ${seconds()} s, ${results.length} runs ended`);
        await startWorker();
      }
    };
    await Promise.all([killOver(), ...Array.from({ length: runsAtOnce }, keepRunning)]);

    const { answers, calls, problems } = await readRecord();
    const counted = answers.filter((answer) => answer.counted);
    const fates = Object.entries(Object.groupBy(sent, ({ channel, fate }) => `${channel} ${fate}`)).map(([fate, list]) => `${list.length} ${fate}`);
    test.diagnostic(`${killed} kills in ${seconds()} s; ${results.length} runs, ${sent.length} decisions (${fates.join(', ')}), ${counted.length} counted; updates sent again: ${sent.reduce((sum, { attempts }) => sum + attempts - 1, 0)}; ${calls} calls on record`);

    assert.deepEqual(problems, []);
    assert.ok(results.length >= runsAtOnce);
    assert.deepEqual(results.filter(({ result }) => result.outcome !== 'succeeded'), [], 'every run goes through both gates');
    const keyOf = ({ workflowId, gate }: { workflowId: string; gate: string }): string => `${workflowId} ${gate}`;
    for (const { workflowId } of results) {
      for (const gate of ['stage1', 'stage3']) {
        const voices = counted.filter((answer) => keyOf(answer) === keyOf({ workflowId, gate })).map(({ by }) => by);
        assert.ok(voices.length >= 2, `${workflowId} passed ${gate} on ${voices.join(', ') || 'nobody'}`);
        assert.equal(new Set(voices).size, voices.length, `a person counted twice at ${gate} of ${workflowId}: ${voices.join(', ')}`);
      }
    }
    const recordedOf = (decision: Sent): Recorded[] => answers.filter(({ payloadDigest, workflowId, channel }) => payloadDigest === decision.digest && workflowId === decision.workflowId && channel === decision.channel);
    for (const decision of sent) {
      const recorded = recordedOf(decision);
      const what = `${decision.by}'s ${decision.channel} at ${decision.gate} of ${decision.workflowId}, ${decision.fate}`;
      // Bob sends the same signal twice at every other gate: each is an event of its own.
      const twins = sent.filter(({ digest, fate }) => digest === decision.digest && fate === decision.fate).length;
      if (decision.fate === 'counted') assert.deepEqual(recorded.map((answer) => answer.counted), [true], what);
      if (decision.fate === 'uncounted') assert.deepEqual(recorded.map((answer) => answer.counted), [false], what);
      if (decision.fate === 'sent') assert.equal(recorded.length, twins, what);
      if (decision.fate === 'refused') assert.ok(recorded.every((answer) => !answer.counted), what);
      assert.ok(recorded.filter((answer) => answer.counted).length <= 1, what);
    }
  });
});
