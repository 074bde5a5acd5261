import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { readBlocks } from '../../../activities/record/chain.ts';
import { openFolderStore } from '../../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../../activities/record/index.ts';
import { keyFiles, mintKeys, readPublicKeys } from '../../../activities/record/key-ring.ts';
import { checkDecisions } from '../../../starters/audit/decision-check.ts';
import { recordedRuns } from '../../../starters/audit/recorded-run.ts';
import { createDecisionSigner, type SignDecision } from '../../../starters/decision-signer.ts';
import { sendAnswer } from '../../../starters/gates/send-answer.ts';
import type { Answer } from '../../../workflows/domain/answer.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { ReviewPendingReleasesInput } from '../../../workflows/domain/review-releases.ts';
import type { reviewPendingReleases } from '../../../workflows/index.ts';
import { eventually } from '../../support/eventually.ts';
import { gateClock, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { releaseInput, startRelease, visible } from '../../support/waiting-releases.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-group-'));
const keysDirectory = join(directory, 'keys');
const store = openFolderStore(join(directory, 'record'));
let temporal: TestWorkflowEnvironment;
let sign: SignDecision;
before(async () => {
  await mintKeys(keysDirectory);
  sign = createDecisionSigner({ privateKeysFile: keyFiles(keysDirectory, 'decisions').privateKeys });
  temporal = await startTemporal();
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true });
});

/** Production wants authenticated people, two of them; the record and the keys are real. */
const activities = (): Partial<ReleaseActivities> => {
  const { appendToRecord, verifyAnswers } = createRecordActivities({ record: store, anchors: store, keysDirectory, build: 'test' });
  return {
    appendToRecord,
    verifyAnswers,
    loadPolicy: async ({ target }) => {
      const policy = testPolicy(target);
      const { stage1, stage3 } = policy.gates;
      return { ...policy, gates: { ...policy.gates, stage1: { ...stage1, onSilence: 'approve', clock: gateClock(100, 50) }, stage3: { ...stage3, identity: 'authenticated', bindEvidence: true, quorum: 2 } } };
    },
  };
};

const released = async (plant: string, circuits: readonly string[], requestedBy = ['dana@example.com']) => {
  const runs = await Promise.all(circuits.map((circuit) => startRelease(temporal.client, { ...releaseInput(plant, circuit, '1-aaaa'), requestedBy })));
  await visible(temporal.client, `Gate = 'stage3' AND Plant = '${plant}' AND ExecutionStatus = 'Running'`, runs.length);
  return runs;
};
const startReview = (name: string, input: ReviewPendingReleasesInput): Promise<WorkflowHandle<typeof reviewPendingReleases>> =>
  temporal.client.workflow.start('reviewPendingReleases', { taskQueue: TaskQueue.Runbooks, workflowId: `reviewPendingReleases:${name}`, args: [{ gate: 'stage3', deploymentPollMs: 500, watchPollMs: 500, ...input }] });
const gateOf = (handle: { query<T>(name: string): Promise<T> }) => handle.query<GateView | null>('gate');
const opened = (handle: { query<T>(name: string): Promise<T> }, gate: string): Promise<GateView> => eventually(async () => {
  const view = await gateOf(handle);
  assert.equal(view?.gate, gate);
  return view;
});

/** As the inbox does it: signed for whoever is signed in, on what the gate shows. */
async function decideSigned(view: GateView, by: string, answer: Partial<Answer> = {}): Promise<Answer> {
  const { workflowId, runId, gate, evidence } = view;
  const signed = await sign({ workflowId, runId, via: 'inbox', by, answer: { gate, verdict: 'approve', evidence, ...answer } });
  assert.equal((await sendAnswer(temporal.client, { workflowId }, signed)).counted, true);
  return signed;
}

describe('a group that is decided by signed decisions', () => {
  it('releases to production where only authenticated people count, but for the exceptions; the audit finds each decision proven', async () => {
    await withReleaseWorkers(temporal, activities(), async () => {
      const [first, second, left] = await released('P001', ['C001', 'C002', 'C003']);
      const review = await startReview('proof', { plant: 'P001' });
      const view = await opened(review, 'group-1');
      assert.deepEqual([view.policy.identity, view.parts.length], ['authenticated', 3]);
      for (const [handle, circuit] of [[first, 'C001'], [second, 'C002'], [left, 'C003']] as const) {
        const own = (await gateOf(handle!))!;
        assert.equal(view.items.find(({ name }) => name === `P001/${circuit} of ${own.workflowId}, run ${own.runId}, at stage3`)?.digest, own.evidence);
      }
      const unsigned = await sendAnswer(temporal.client, { workflowId: view.workflowId }, { gate: 'group-1', verdict: 'approve', by: 'carol', evidence: view.evidence });
      assert.deepEqual([unsigned.counted, /wants authenticated/.test(unsigned.reason ?? '')], [false, true]);
      await decideSigned(view, 'alice', { comment: 'tests look good', except: ['P001/C003'] });
      await decideSigned(view, 'bob');

      const result = await review.result();
      assert.deepEqual(result.groups.map(({ state, by, except, refused }) => ({ state, by, except, refused })), [{ state: 'approved', by: ['alice', 'bob'], except: ['P001/C003'], refused: [] }]);
      assert.deepEqual([(await first!.result()).outcome, (await second!.result()).outcome], ['succeeded', 'succeeded']);
      assert.deepEqual((await gateOf(left!))?.decisions, []);
      await left!.cancel();
      await left!.result().catch(() => undefined);
    });
    const runs = recordedRuns(await readBlocks(store, await readPublicKeys(keyFiles(keysDirectory, 'record').publicKeys)));
    const [first] = runs.filter(({ workflowId }) => workflowId === 'releaseModel:P001:C001:1-aaaa');
    const answers = first!.gates.flatMap((gate) => gate.answers);
    assert.deepEqual(answers.map(({ by, level, via }) => [by, level, via]), [['alice', 'authenticated', 'review reviewPendingReleases:proof'], ['bob', 'authenticated', 'review reviewPendingReleases:proof']]);
    assert.equal(answers[0]!.comment, 'tests look good (decided in reviewPendingReleases:proof)');
    const keys = await readPublicKeys(keyFiles(keysDirectory, 'decisions').publicKeys);
    assert.deepEqual((await Promise.all(runs.map((run) => checkDecisions(run, keys, runs)))).flatMap(({ findings }) => findings), []);
    // What the record of the review does not bear out is a finding.
    const orphaned = await checkDecisions(first!, keys, runs.filter(({ runbook }) => runbook === 'releaseModel'));
    assert.match(orphaned.findings.map(({ what }) => what).join(), /no opening of the review/);
  });

  it('passes no gate with a token that says something else: another member, changed evidence, an exception, another review', async () => {
    await withReleaseWorkers(temporal, activities(), async () => {
      const [shown, excepted] = await released('P002', ['C001', 'C002']);
      const [stranger] = await released('P003', ['C001']);
      const review = await startReview('forged', { plant: 'P002', deploymentPollMs: 60_000 });
      const view = await opened(review, 'group-1');
      const signed = await decideSigned(view, 'alice', { except: ['P002/C002'] });
      const { workflowId, runId, gate, generation } = view;
      const forged = async (handle: WorkflowHandle, change: Partial<Answer> = {}) => {
        const { evidence } = (await gateOf(handle))!;
        const answer: Answer = { gate: 'stage3', verdict: 'approve', by: 'alice', evidence, comment: `(decided in ${workflowId})`, signature: signed.signature!, review: { workflowId, runId, gate, generation }, ...change };
        return await sendAnswer(temporal.client, { workflowId: handle.workflowId }, answer, { updateId: `forged-${Math.random()}` });
      };
      // Before the group's quorum it proves nothing yet; and that somebody has tried does not spoil it for the review.
      assert.match((await forged(shown!)).reason ?? '', /no opening of the review|was not approved by alice/);
      assert.equal((await forged(shown!, { comment: 'other words' })).counted, false);
      await decideSigned(view, 'bob', { except: ['P002/C002'] });
      await eventually(async () => assert.equal((await gateOf(shown!))?.gate ?? 'none', 'none')); // released

      assert.match((await forged(excepted!)).reason ?? '', /alice left P002\/C002 out/);
      assert.match((await forged(stranger!)).reason ?? '', /did not show this gate/);
      assert.match((await forged(stranger!, { review: { workflowId: 'reviewPendingReleases:proof', runId, gate, generation } })).reason ?? '', /another review/);
      const unreviewed = await forged(stranger!, { review: undefined as never });
      assert.match(unreviewed.reason ?? '', /signed for another run/);
      await assert.rejects(forged(excepted!, { evidence: 'ffffffffffff' }), /other evidence than is shown/);
      for (const handle of [excepted!, stranger!]) {
        const left = (await gateOf(handle))!;
        assert.deepEqual(left.decisions, []);
        assert.deepEqual(left.proposals.map(({ by }) => by), ['alice']);
        await handle.cancel();
      }
      await review.cancel();
    });
  });

  it('counts each signer by itself: whoever asked for the change has no voice in it', async () => {
    await withReleaseWorkers(temporal, activities(), async () => {
      const [own] = await released('P004', ['C001'], ['alice']);
      const review = await startReview('own', { plant: 'P004' });
      const view = await opened(review, 'group-1');
      await decideSigned(view, 'alice');
      await decideSigned(view, 'bob');
      const { groups: [group] } = await review.result();
      assert.equal(group!.refusedCount, 1);
      assert.deepEqual((await gateOf(own!))?.decisions.map(({ by, level }) => [by, level]), [['bob', 'authenticated']]);
      // The one that is missing is signed at the release itself: a copy with other words that comes first is refused by itself.
      const view3 = (await gateOf(own!))!;
      const { workflowId, runId, gate, evidence } = view3;
      const genuine = await sign({ workflowId, runId, via: 'inbox', by: 'carol', answer: { gate, verdict: 'approve', evidence } });
      const copy = await sendAnswer(temporal.client, { workflowId }, { ...genuine, comment: 'other words' }, { updateId: 'copy' });
      assert.match(copy.reason ?? '', /not the answer that was signed/);
      assert.deepEqual((await sendAnswer(temporal.client, { workflowId }, genuine)).by, ['bob', 'carol']);
      assert.equal((await own!.result()).outcome, 'succeeded');
    });
  });
});
