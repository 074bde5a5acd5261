import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { eventually } from '../../support/eventually.ts';
import { gateClock, testInput, testPolicy } from '../../support/release-activities.ts';
import { approve, details, failureOf, gateOpen, releaseRuns, status } from '../../support/release-model-runs.ts';
import { startTemporal } from '../../support/temporal-server.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());
const { start, run } = releaseRuns(() => temporal);

describe('releaseModel at its gates', () => {
  it('releases when both stages are approved, by update and by signal', () => run({}, async () => {
    const handle = await start();
    await gateOpen(handle, 'stage1');
    await approve(handle, 'stage1', 'alice');
    await gateOpen(handle, 'stage3');
    await handle.signal('approve', { gate: 'stage3', by: 'bob' });
    const result = await handle.result();
    assert.equal(result.outcome, 'succeeded');
    assert.equal(result.production, 'changed');
    assert.equal(result.serving, testInput.version);
    const closed = await status(handle);
    assert.equal(closed.status, 'Completed');
    assert.deepEqual(closed.phases.map(({ name }) => name), ['reviewing the training', 'Stage 1 approval', 'registry promotion', 'Stage 2 test inference', 'Stage 3 approval', 'production deployment', 'monitoring']);
    assert.ok(closed.phases.every(({ endedAt }) => endedAt !== null));
    const { searchAttributes } = await handle.describe();
    assert.deepEqual(searchAttributes['Outcome'], ['succeeded']);
    assert.deepEqual(searchAttributes['Gate'], [null]);
  }));

  it('is not disturbed by answers that do not count, and shows why they did not', () => run({}, async () => {
    const handle = await start();
    await gateOpen(handle, 'stage1');
    const refused = (answer: unknown, reason: RegExp) => assert.rejects(handle.executeUpdate('decide', { args: [answer] }), (error: Error) => reason.test(String(error.cause)));
    await refused({ gate: 'stage1', verdict: 'approve', by: 'dana' }, /dana asked for this change/);
    await refused({ gate: 'stage1', verdict: 'approve', by: 'alice', evidence: 'ffffffffffff' }, /other evidence/);
    await refused({ gate: 'stage3', verdict: 'approve', by: 'alice' }, /names gate "stage3"; open is "stage1"/);
    await refused('yes', /it is a string/);
    const shown = async (signal: string, payload: unknown, reason: RegExp) => {
      await handle.signal(signal, payload);
      await eventually(async () => assert.match(await details(handle), reason));
      assert.equal((await status(handle)).lastAnswer?.counted, false);
    };
    await shown('approve', { gate: 'stage1' }, /an unnamed answer: not counted, it does not say who decides/);
    await shown('approve', { by: 'alice' }, /alice: not counted, it names no gate/);
    await shown('approve', [1, 2], /it is a list/);
    await shown('aprove', { gate: 'stage1', by: 'alice' }, /there is no signal "aprove"/);
    await shown('approve', { gate: 'stage3', by: 'bob' }, /bob: not counted, it names gate "stage3"; open is "stage1"; kept as a proposal/);
    await approve(handle, 'stage1', 'alice');
    await gateOpen(handle, 'stage3');
    assert.match(await details(handle), /bob: not counted, it came before stage3 opened/);
    await refused({ gate: 'stage1', verdict: 'approve', by: 'bob' }, /gate "stage1" is closed/);
    await approve(handle, 'stage3', 'bob');
    assert.equal((await handle.result()).outcome, 'succeeded');
  }));

  it('shows a card of one screen: under 3,000 bytes, with the JSON that answers it', () => run({}, async () => {
    const handle = await start();
    await gateOpen(handle, 'stage1');
    const card = await details(handle);
    assert.ok(Buffer.byteLength(card) < 3_000);
    const json = /```json\n([\s\S]*?)\n```/.exec(card)?.[1];
    assert.ok(json);
    const answer = { ...(JSON.parse(json) as object), by: 'carol' };
    await handle.signal('approve', answer);
    await gateOpen(handle, 'stage3');
    assert.match(await details(handle), /\*\*Last answer:\*\* carol: counted, approve of stage1 \(identity claimed\)/);
    await handle.cancel();
    await failureOf(handle.result());
  }));

  it('ends as rejected, with the reason and one work item, when a person says no', async () => {
    const filed: string[] = [];
    await run({ createWorkItem: async ({ descriptionHtml }) => { filed.push(descriptionHtml); return { id: 9, url: 'https://example.com/9', uncertain: false }; } }, async () => {
      const handle = await start();
      await gateOpen(handle, 'stage1');
      await assert.rejects(handle.executeUpdate('decide', { args: [{ gate: 'stage1', verdict: 'reject', by: 'alice' }] }), (error: Error) => /needs a reason/.test(String(error.cause)));
      await handle.signal('reject', { gate: 'stage1', by: 'alice', comment: 'R² fell <sharply>' });
      const result = await handle.result();
      assert.deepEqual({ ...result, workItem: result.workItem?.id }, { outcome: 'rejected', reason: 'alice: R² fell <sharply>', target: testInput.target, version: testInput.version, production: 'unchanged', serving: null, workItem: 9 });
    });
    assert.equal(filed.length, 1);
    assert.match(filed[0]!, /R² fell &lt;sharply&gt;/);
  });

  it('stays rejected when the work item cannot be made, and says so', () => run({ createWorkItem: async () => { throw ApplicationFailure.nonRetryable('work item type Bug does not exist', 'InvalidRequest'); } }, async () => {
    const handle = await start();
    await gateOpen(handle, 'stage1');
    await handle.signal('reject', { gate: 'stage1', by: 'alice', reason: 'no' });
    const { outcome, workItem } = await handle.result();
    assert.deepEqual({ outcome, workItem }, { outcome: 'rejected', workItem: null });
    assert.match(await details(handle), /The work item could not be made: work item type Bug does not exist/);
  }));

  it('fails, naming the field, when it is started without what it needs', () => run({}, async () => {
    const handle = await start({ target: { plant: 'P001' } });
    assert.match(String((await failureOf(handle.result())).cause?.message), /target\.circuit: is missing from the input/);
  }));

  it('expires when nobody answers', () => run({ loadPolicy: async ({ target }) => ({ ...testPolicy(target), gates: { ...testPolicy(target).gates, stage1: { ...testPolicy(target).gates.stage1, clock: gateClock(1500, 300) } } }) }, async () => {
    const handle = await start();
    assert.deepEqual((({ outcome, production }) => ({ outcome, production }))(await handle.result()), { outcome: 'expired', production: 'unchanged' });
  }));
});
