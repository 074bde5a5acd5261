import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { decide } from '../../../starters/decide.ts';
import type { GateEvent } from '../../../workflows/domain/gate-event.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { AppendToRecordInput } from '../../../workflows/domain/record.ts';
import { reviewBypassId, type ReviewBypassInput } from '../../../workflows/domain/review-bypass.ts';
import type { reviewBypass } from '../../../workflows/index.ts';
import { details } from '../../support/release-model-runs.ts';
import { gatePolicy, testInput, testPolicy } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTimeSkipping } from '../../support/time-skipping.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTimeSkipping();
});
after(() => temporal.teardown());

const hour = 3_600_000;
const input: ReviewBypassInput = {
  run: { workflowId: 'releaseModel:P001:C001:42', runId: 'r1', runbook: 'releaseModel', target: { ...testInput.target, version: '42' } },
  gate: 'stage3', by: 'Alice@Example.com', reason: 'production is down', incident: 'INC-7',
  policy: { ...gatePolicy, quorum: 2, breakGlass: ['alice'], clock: { ...gatePolicy.clock, escalate: [{ afterMs: 8 * hour, hours: 'elapsed', to: 'manager' }] } },
  people: testPolicy(testInput.target).people.map((person) => (person.id === 'alice' ? { ...person, aliases: ['alice@example.com'] } : person)),
  requestedBy: ['Dana@Example.com'],
  inboxUrl: 'https://holdpoint.example.com',
};
const start = (name: string, change: Partial<ReviewBypassInput> = {}): Promise<WorkflowHandle<typeof reviewBypass>> =>
  temporal.client.workflow.start('reviewBypass', { taskQueue: TaskQueue.Runbooks, workflowId: reviewBypassId({ ...input, run: { ...input.run, runId: name } }), args: [{ ...input, ...change }] });
const answer = (handle: { workflowId: string }, by: string, verdict: 'approve' | 'reject', comment = '') => decide(temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'review', verdict, by, comment });

describe('reviewBypass', () => {
  it('reminds, escalates and holds for days, until a second person closes it; not whoever passed the gate, under any alias', async () => {
    const told: GateEvent[] = [];
    const recorded: AppendToRecordInput[] = [];
    await withReleaseWorkers(temporal, {
      notify: async ({ event }) => { told.push(event); return { delivered: ['chat'], failed: [] }; },
      appendToRecord: async (entries) => { recorded.push(entries); return { block: 1, digest: '0'.repeat(64) }; },
    }, async () => {
      const handle = await start('held');
      await temporal.sleep(10 * 24 * hour);
      assert.deepEqual(told.slice(0, 3).map(({ kind }) => kind), ['opened', 'reminded', 'escalated']);
      assert.deepEqual(told.find(({ kind }) => kind === 'escalated')?.to, ['manager']);
      assert.ok(told.filter(({ kind }) => kind === 'held').length >= 3);
      const escalations = told.filter(({ kind }) => kind === 'escalated');
      assert.ok(escalations.length >= 4, `${escalations.length} escalations`);
      assert.ok(escalations.every(({ to }) => to.join() === 'manager'));
      assert.match(told[0]!.question, /^Was it right that Alice@Example.com passed stage3 of P001\/C001 42 alone\?/);
      assert.ok(!told[1]!.to.includes('alice'));

      for (const alias of ['alice', 'alice@example.com', 'ALICE', 'dana', 'dana@example.com']) await assert.rejects(answer(handle, alias, 'approve'), (error: Error) => /not counted: (alice|dana) asked for this change|not counted: dana is not among/.test(String(error.cause)));
      assert.match(await details(handle), /\[Decide in the inbox\]\(https:\/\/holdpoint\.example\.com\/inbox\/gates\/reviewBypass/);
      await answer(handle, 'bob', 'approve', 'looked at the incident');
      const result = await handle.result();
      assert.deepEqual(result, { outcome: 'succeeded', reason: 'justified, says bob', workflowId: 'releaseModel:P001:C001:42', gate: 'stage3', bypassedBy: 'alice', reviewedBy: 'bob' });
    });
    const finding = recorded.find(({ run }) => run.workflowId === 'releaseModel:P001:C001:42');
    assert.match(JSON.stringify(finding?.entries), /a bypass was reviewed and found justified.*incident INC-7; reviewed by bob: looked at the incident/);
  });

  it('ends as rejected, with a finding on the record of the run, when the second person finds it unjustified', async () => {
    const recorded: AppendToRecordInput[] = [];
    await withReleaseWorkers(temporal, { appendToRecord: async (entries) => { recorded.push(entries); return { block: 1, digest: '0'.repeat(64) }; } }, async () => {
      const handle = await start('unjustified');
      await temporal.sleep(hour);
      await answer(handle, 'carol', 'reject', 'it could have waited');
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.reason], ['rejected', 'not justified, says carol: it could have waited']);
    });
    assert.match(JSON.stringify(recorded.find(({ run }) => run.runId === 'r1')), /found unjustified/);
  });

  it('can be closed also where the policy names nobody but whoever passed the gate and the author', async () => {
    await withReleaseWorkers(temporal, {}, async () => {
      const handle = await start('alone', { policy: { ...input.policy, approvers: ['alice', 'dana'] } });
      await temporal.sleep(hour);
      for (const own of ['alice', 'dana']) await assert.rejects(answer(handle, own, 'approve'), (error: Error) => /asked for this change/.test(String(error.cause)));
      await answer(handle, 'carol', 'approve');
      assert.equal((await handle.result()).reviewedBy, 'carol');
    });
  });
});
