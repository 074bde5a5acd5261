/** A runbook as a whole, twice, each time on a fresh stack: undisturbed, and with the worker killed over each step between its effect and its record. Both must leave the same behind. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { eventually } from '../../support/eventually.ts';
import { workItems } from '../../support/platform-state.ts';
import { Stack } from '../../support/stack.ts';
import { transitions } from '../../support/transitions.ts';
import { killAtEach, killTable } from './kill-run.ts';

export interface WholeRun<P> {
  estate: object;
  /** What there is before the run begins; no worker runs yet. */
  prepare: (stack: Stack) => Promise<P>;
  /** Answers the workflow id. */
  start: (stack: Stack, prepared: P) => Promise<string>;
  /** What people and platforms do meanwhile: called over and over, does each thing once. */
  people: (stack: Stack, workflowId: string, prepared: P) => () => Promise<void>;
  /** Steps that have an effect outside of Temporal: over each of them a worker dies. What only reads may run beside another step, and is no effect. */
  effects: readonly string[];
  /** Type of the child runs whose effects count as the run's own. */
  items?: string;
  /** Which changes on the platforms are compared: those of runs that go on afterwards come at any time. */
  isOwn: (change: string) => boolean;
  /** Which messages to people are the run's own. */
  messages: RegExp;
  /** Types of workflows of which as many must have been started. */
  started: readonly string[];
}

export interface Traces {
  /** How often each resource was really changed; ids that differ from run to run are `#`. */
  changes: Record<string, number>;
  /** Titles of work items that are open. */
  workItems: string[];
  /** Messages with an id of their own; one that came again has the id that it had. */
  messages: string[];
  /** How many runs of each type there are. */
  runs: Record<string, number>;
}

export interface Ended<R> {
  stack: Stack;
  result: R;
  traces: Traces;
  /** Activities in the order in which they were scheduled. */
  steps: string[];
}

/** Runs both, gives the ends of both to `check`, and compares what they left behind. */
export async function sameThoughKilled<R, P>(context: TestContext, run: WholeRun<P>, check: (ended: Ended<R>) => Promise<void>): Promise<void> {
  const rehearsal = await carryOut<R, P>(run, async (stack) => void (await stack.startWorker()), check);
  const killed = rehearsal.steps.filter((activity) => run.effects.includes(activity));
  for (const effect of run.effects) assert.ok(killed.includes(effect), `${effect} is none of ${[...new Set(rehearsal.steps)].join(', ')}`);
  // How often the record is written depends on the run's pace; its last words are written in any case.
  const lastWords = rehearsal.steps.lastIndexOf('appendToRecord');
  const plan = rehearsal.steps.filter((activity, index) => run.effects.includes(activity) || index === lastWords).map((activity) => ({ at: `${activity}:afterEffect`, unserved: [] }));
  context.diagnostic(JSON.stringify(rehearsal.traces));
  const disturbed = await carryOut<R, P>(run, async (stack, drive) => context.diagnostic(killTable(await killAtEach(stack, plan, drive))), check);
  assert.deepEqual(disturbed.traces, rehearsal.traces);
}

async function carryOut<R, P>({ estate, prepare, start, people, isOwn, messages, started, items }: WholeRun<P>, work: (stack: Stack, drive: () => Promise<void>) => Promise<void>, check: (ended: Ended<R>) => Promise<void>): Promise<Ended<R>> {
  const stack = await Stack.start({ estate });
  try {
    const prepared = await prepare(stack);
    const since = { ledger: (await stack.standIn.ledger()).at(-1)?.seq ?? 0, chat: (await stack.standIn.chat()).length };
    const workflowId = await start(stack, prepared);
    const handle = stack.client.workflow.getHandle(workflowId);
    const drive = people(stack, workflowId, prepared);
    await work(stack, drive);
    while ((await handle.describe()).status.name === 'RUNNING') {
      await drive();
      await sleep(100);
    }
    const result = (await handle.result()) as R;
    const ended: Ended<R> = { stack, result, steps: await stepsOf(stack, workflowId, items), traces: { changes: {}, workItems: [], messages: [], runs: {} } };
    const count = async (type: string): Promise<number> => (await stack.client.workflow.count(`WorkflowType = '${type}'`)).count;
    // What the run started may show itself to lists a moment later, and tell people a moment later.
    await eventually(async () => assert.ok((await Promise.all(started.map(count))).every((found) => found > 0)), { timeoutMs: 30_000 });
    await check(ended);
    for (const type of started) ended.traces.runs[type] = await count(type);
    for (const [change, times] of Object.entries(transitions(await stack.standIn.ledger(since.ledger)))) {
      const name = withoutIds(change);
      if (!change.includes(' chat/') && isOwn(change)) ended.traces.changes[name] = (ended.traces.changes[name] ?? 0) + times;
    }
    ended.traces.workItems = (await workItems(stack)).filter(({ state }) => state !== 'Closed').map(({ title }) => title).sort();
    const said = new Map((await stack.standIn.chat()).slice(since.chat).map(({ body }) => [body.message_id, body.text]));
    ended.traces.messages = [...said.values()].filter((text) => messages.test(text)).map(withoutIds).sort();
    return ended;
  } finally {
    await stack.stop();
  }
}

async function stepsOf({ client: { workflow } }: Stack, workflowId: string, items: string | undefined): Promise<string[]> {
  const runs = [workflowId];
  if (items !== undefined) for await (const item of workflow.list({ query: `WorkflowType = '${items}'` })) runs.push(item.workflowId);
  const histories = await Promise.all(runs.map((id) => workflow.getHandle(id).fetchHistory()));
  const steps = histories.flatMap(({ events }) => (events ?? []).flatMap(({ eventTime, activityTaskScheduledEventAttributes: scheduled }) => (scheduled ? [{ at: tsToMs(eventTime), activity: scheduled.activityType?.name ?? '' }] : [])));
  return steps.sort((left, right) => left.at - right.at).map(({ activity }) => activity);
}

/** Ids and instants differ from run to run. */
function withoutIds(text: string): string {
  return text.replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, '@').replace(/[0-9a-f]{8,}(-[0-9a-f]{4,})*/g, '#').replace(/:\d{5}\b/g, ':port');
}
