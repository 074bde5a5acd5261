import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openFolderStore } from '../../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../../activities/record/index.ts';
import { keyFiles, mintKeys } from '../../../activities/record/key-ring.ts';
import { createDecisionSigner, type SignDecision } from '../../../starters/decision-signer.ts';
import { readAnswer, type Answer } from '../../../workflows/domain/answer.ts';
import type { GateCard } from '../../../workflows/domain/card.ts';
import { jsonDigest, shortDigest } from '../../../workflows/domain/digest.ts';
import type { VerifiedAnswer } from '../../../workflows/domain/identity.ts';
import type { RecordedRun, RecordEvent } from '../../../workflows/domain/record.ts';
import { memberItem, reviewComment } from '../../../workflows/domain/review-proof.ts';
import { gatePolicy } from '../../support/release-activities.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-reviewed-'));
const keysDirectory = join(directory, 'keys');
const store = openFolderStore(join(directory, 'record'));
const worker = () => createRecordActivities({ record: store, anchors: store, keysDirectory, build: 'test' });
let sign: SignDecision;
before(async () => {
  await mintKeys(keysDirectory);
  sign = createDecisionSigner({ privateKeysFile: keyFiles(keysDirectory, 'decisions').privateKeys });
});
after(() => rmSync(directory, { recursive: true }));

const at = '2026-11-21T12:00:00.000Z';
const member = { workflowId: 'releaseModel:P001:C001:42', runId: 'first-run', gate: 'stage3' };
const other = { workflowId: 'releaseModel:P001:C002:42', runId: 'other-run', gate: 'stage3' };
const evidence = '0123456789ab';
const people = [{ id: 'alice', aliases: [] }, { id: 'bob', aliases: [] }];
const card: GateCard = { question: 'Deploy 2 releases?', recommendation: 'approve', comparison: null, facts: [], change: '', undo: '' };

let reviews = 0;
interface Review {
  reference: { workflowId: string; runId: string; gate: string; generation: number };
  shown: string;
}

/** What a review leaves on record, opened and closed by `by`; `change` spoils the opening after its digest was made. */
async function review({ by = ['alice'], state = 'approved', runbook = 'reviewPendingReleases', evidenceOf = evidence, except = [], spoil = (opened) => opened }: { except?: string[]; by?: string[]; state?: 'approved' | 'rejected' | 'expired'; runbook?: string; evidenceOf?: string; spoil?: (opened: RecordEvent & { kind: 'gateOpened' }) => RecordEvent } = {}): Promise<Review> {
  reviews += 1;
  const run: RecordedRun = { workflowId: `reviewPendingReleases:${reviews}`, runId: `review-run-${reviews}`, runbook, target: null };
  const items = [memberItem('P001/C001', member, evidenceOf, at), memberItem('P001/C002', other, 'ba9876543210', at)];
  const opening = { gate: 'group-1', generation: 0, card, items, policy: gatePolicy };
  const opened = { kind: 'gateOpened' as const, ...opening, evidenceDigest: jsonDigest(opening), policyDigest: '', estateDigest: '', requestedBy: [], deadline: at, changes: [] };
  const closed: RecordEvent = { kind: 'gateClosed', gate: 'group-1', generation: 0, state, by, except, checks: [], reason: '', remeasured: [], bypass: null, effectiveAt: null };
  const append = (step: string, event: RecordEvent) => worker().appendToRecord({ key: { key: `${step}-${reviews}`, workflowId: run.workflowId, runId: run.runId }, run, entries: [{ ...event, at }] });
  await append('opened', spoil(opened));
  await append('closed', closed);
  return { reference: { workflowId: run.workflowId, runId: run.runId, gate: 'group-1', generation: 0 }, shown: opened.evidenceDigest };
}

/** The answer that the review gives a member, of what its person has signed. */
async function given({ reference, shown }: Review, signed: Partial<Answer> = {}, sent: Partial<Answer> = {}): Promise<Answer> {
  const { workflowId, runId } = reference;
  const { signature } = await sign({ workflowId, runId, via: 'inbox', by: 'alice', answer: { gate: 'group-1', verdict: 'approve', evidence: shortDigest(shown), comment: 'fine', ...signed } });
  return { gate: 'stage3', verdict: 'approve', by: 'alice', evidence, comment: reviewComment('fine', workflowId), signature: signature!, review: reference, ...sent };
}

const verify = async (answer: Answer, { workflowId, runId } = member): Promise<VerifiedAnswer> => {
  const { answer: read, malformed } = readAnswer(answer);
  assert.equal(malformed, undefined);
  return (await worker().verifyAnswers({ workflowId, runId: 'run-after-a-reset', firstRunId: runId, wanted: 'authenticated', people, answers: [{ id: 1, channel: 'decide', answer: read, payloadDigest: '', receivedAt: at }] })).answers[0]!;
};

describe('a decision that was signed in a review', () => {
  it('is proven at the gate of each member that the review showed, by whoever signed it', async () => {
    const shown = await review();
    const proven = { id: 1, level: 'authenticated', by: 'alice', via: `review ${shown.reference.workflowId}`, problem: null };
    assert.deepEqual(await verify(await given(shown)), proven);
    assert.deepEqual(await verify(await given(shown), member), proven, 'a second look finds the same');
    assert.deepEqual(await verify(await given(shown, {}, { evidence: 'ba9876543210' }), other), proven);
    const rejected = await review({ state: 'rejected' });
    assert.equal((await verify(await given(rejected, { verdict: 'reject' }, { verdict: 'reject' }))).level, 'authenticated');
  });

  it('is seen by a worker that began before the review did', async () => {
    const early = worker();
    await early.anchorRecord({ at });
    const shown = await review();
    const answer = readAnswer(await given(shown)).answer;
    const { answers } = await early.verifyAnswers({ workflowId: member.workflowId, runId: 'r', firstRunId: member.runId, wanted: 'authenticated', people, answers: [{ id: 1, channel: 'decide', answer, payloadDigest: '', receivedAt: at }] });
    assert.equal(answers[0]!.level, 'authenticated');
  });

  const forgeries: [string, () => Promise<[Answer, (typeof member)?]>, RegExp][] = [
    ['a run that the review did not show', async () => [await given(await review()), { ...member, workflowId: 'releaseModel:P009:C001:1' }], /did not show this gate/],
    ['another run of the same workflow', async () => [await given(await review()), { ...member, runId: 'another-run' }], /did not show this gate/],
    ['another gate of the run', async () => [await given(await review(), {}, { gate: 'stage1' })], /did not show this gate/],
    ['evidence that has changed since', async () => [await given(await review(), {}, { evidence: 'ffffffffffff' })], /showed other evidence/],
    ['no evidence at all', async () => { const { evidence: _none, ...bare } = await given(await review()); return [bare]; }, /showed other evidence/],
    ['evidence of a member in two digits', async () => [await given(await review({ evidenceOf: '01' }))], /showed other evidence/],
    ['a member that was left out', async () => [await given(await review(), { except: ['P001/C001'] })], /alice left P001\/C001 out/],
    ['a member that somebody else left out', async () => [await given(await review({ except: ['P001/C001'] }))], /left out by somebody else/],
    ['the other verdict', async () => [await given(await review(), {}, { verdict: 'reject' })], /signed in the review is "approve"/],
    ['another comment', async () => [await given(await review(), {}, { comment: 'not what they said' })], /comment is not the one/],
    ['a signature without evidence', async () => [await given(await review(), { evidence: '' })], /without saying on which evidence/],
    ['a signature on other evidence of the review', async () => [await given(await review(), { evidence: 'ffffffffffff' })], /no opening of the review with the evidence/],
    ['a token of another review', async () => { const [one, two] = [await review(), await review()]; return [{ ...(await given(one)), review: two.reference }]; }, /signed for another review/],
    ['another gate of the review', async () => { const shown = await review(); return [{ ...(await given(shown)), review: { ...shown.reference, gate: 'group-2' } }]; }, /signed for another review/],
    ['an opening that is not on record', async () => { const shown = await review(); return [{ ...(await given(shown)), review: { ...shown.reference, generation: 1 } }]; }, /no opening of the review/],
    ['an opening whose members were changed on record', async () => [await given(await review({ spoil: (opened) => ({ ...opened, items: [memberItem('P001/C001', member, evidence, at)] }) }))], /has another digest/],
    ['a review that nobody decided', async () => [await given(await review({ state: 'expired', by: [] }))], /was not approved by alice/],
    ['a review that somebody else decided, after this one withdrew', async () => [await given(await review({ by: ['bob'] }))], /was not approved by alice/],
    ['a gate of a run that is no review', async () => [await given(await review({ runbook: 'releaseChange' }))], /decides no other one/],
    ['a changed signature', async () => { const answer = await given(await review()); return [{ ...answer, signature: `${answer.signature!.slice(0, -6)}AAAAAA` }]; }, /does not verify/],
    ['a signature for a member itself, said to be a review\'s', async () => { const { signature } = await sign({ ...member, via: 'inbox', by: 'alice', answer: { gate: 'stage3', verdict: 'approve', evidence } }); return [{ ...(await given(await review())), signature: signature! }]; }, /signed for another review/],
    ['a review without a signature', async () => { const { signature: _none, ...bare } = await given(await review()); return [bare]; }, /is not signed/],
  ];
  for (const [what, forge, problem] of forgeries) {
    it(`proves nothing: ${what}`, async () => {
      const found = await verify(...(await forge()));
      assert.deepEqual([found.level, found.by], ['claimed', null]);
      assert.match(found.problem!, problem);
    });
  }

  it('is refused when its reference is none', () => {
    for (const reference of ['x', {}, { workflowId: 'w', runId: 'r', gate: 'g', generation: '0' }, { workflowId: 'w', runId: '', gate: 'g', generation: 0 }]) {
      assert.match(readAnswer({ gate: 'stage3', review: reference }).malformed ?? '', /does not name the gate of a review/);
    }
  });
});
