import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ReviewBypassInput } from '../../../workflows/domain/review-bypass.ts';
import { eventually } from '../../support/eventually.ts';
import { answer, gateOf, openGate, witnessed } from '../../support/gate-runs.ts';
import { releaseRuns } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

it('a run that was reset passes the gate by the same bypass again, and its review, open or closed, stays the only one', () => run(witnessed({ quorum: 3, breakGlass: ['carol'] }, {}).activities, async () => {
  const { client } = temporal;
  const handle = await start();
  const bypass = { gate: 'stage1', verdict: 'bypass', by: 'carol', comment: 'plant down', incident: 'INC-1' };
  await openGate(handle, 'stage1');
  await answer(handle, bypass);
  await openGate(handle, 'stage3');
  const reviews = async () => (await Array.fromAsync(client.workflow.list({ query: `WorkflowType = 'reviewBypass'` }))).map(({ workflowId, runId }) => ({ workflowId, runId }));
  const [review] = await eventually(async () => {
    const found = await reviews();
    assert.equal(found.length, 1);
    return found;
  });
  const { events } = await client.workflow.getHandle(review!.workflowId).fetchHistory();
  const [payload] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const input = JSON.parse(Buffer.from(payload!.data!).toString()) as ReviewBypassInput;
  assert.deepEqual([input.requestedBy, input.inboxUrl], [['dana@example.com'], null]);

  /** Back to before the gate: what people sent is given to the run again. */
  const reset = async (requestId: string) => {
    const { events: all } = await handle.fetchHistory();
    const task = all!.find(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes)!;
    const { runId } = await client.workflow.getHandle(handle.workflowId).describe();
    await client.workflowService.resetWorkflowExecution({ namespace: 'default', workflowExecution: { workflowId: handle.workflowId, runId }, workflowTaskFinishEventId: task.eventId!, reason: 'a test', requestId });
    const current = client.workflow.getHandle(handle.workflowId) as unknown as typeof handle;
    await eventually(async () => {
      const gate = (await gateOf(current))?.gate;
      if (gate === 'stage1') await answer(current, bypass).catch(() => undefined); // where the server did not send it again
      assert.equal(gate, 'stage3');
    });
    return current;
  };
  await reset('open');
  assert.deepEqual(await reviews(), [review]);
  await client.workflow.getHandle(review!.workflowId).executeUpdate('decide', { args: [{ gate: 'review', verdict: 'approve', by: 'bob' }] });
  await client.workflow.getHandle(review!.workflowId).result();
  const last = await reset('closed');
  assert.deepEqual(await reviews(), [review]);
  await last.cancel();
}));
