/** Approvals in Azure Pipelines and classic releases answer Holdpoint's gates, as people whom Azure DevOps knew. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { keyFiles } from '../../activities/record/key-ring.ts';
import { createDecisionSigner } from '../../starters/decision-signer.ts';
import { sendAnswer } from '../../starters/gates/send-answer.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { eventually } from '../support/eventually.ts';
import { circuitChange, Releases } from '../support/releases.ts';
import type { AzureApprovalKind, AzureApprovalOrder, AzureDecisionOrder, CompletedPullRequest } from '../support/stand-in-control.ts';
import { accompanied, people, post, startAccompanied } from './support/accompanied-stack.ts';

const authenticated = { identity: 'authenticated', bindEvidence: false };
const estate = (more: object = {}): object => accompanied({ people, gates: { stage1: { ...authenticated, quorum: 2, ...more }, stage3: authenticated } });
const { stack, url } = await startAccompanied(estate());
after(() => stack.stop());
const releases = new Releases(stack);
const target = { plant: 'P001', circuit: 'C001' };
let variation = 0;

interface Accompanied {
  pullRequest: CompletedPullRequest;
  buildId: number;
  version: string;
  release: string;
}

/** A change that waits at Stage 1, its version published by a build. `author` as Azure DevOps knows the person. */
async function waiting(author = 'dana@example.com', version = `v${(variation += 1)}`): Promise<Accompanied> {
  const pullRequest = await stack.standIn.completePullRequest(circuitChange(target, variation), { deliver: true, createdBy: author });
  const buildId = await stack.standIn.build({ pullRequestId: pullRequest.pullRequestId, publish: [{ ...target, from: 'seed', version }] });
  await eventually(async () => assert.ok(await releases.exists(`releaseChange:${pullRequest.repositoryId}:${pullRequest.pullRequestId}`)));
  const { releases: [release], result } = await releases.trained(pullRequest);
  assert.ok(release !== undefined, result.reason);
  await eventually(async () => assert.equal((await gate(release))?.gate, 'stage1'));
  return { pullRequest, buildId, version, release };
}

const gate = (release: string) => stack.client.workflow.getHandle(release).query<GateView | null>('gate');
const decisions = async (release: string) => (await gate(release))?.decisions.map(({ by, level, verdict }) => `${by} ${verdict} ${level}`);

/** A run of the pipeline that deploys: of the same commit, and it says which gate its approval answers. */
const deployment = ({ pullRequest, version }: Pick<Accompanied, 'pullRequest' | 'version'>, stage = 'stage1') =>
  stack.standIn.build({ pullRequestId: pullRequest.pullRequestId, pipeline: 'deploy', tags: [`holdpoint.${stage}.P001.C001.${version}`], deliver: false });

interface Sent {
  decisions?: { by: string; counted: boolean; reason?: string; early?: boolean }[];
  ignored?: string;
}
const hook = async (id: string): Promise<Sent> => (await post<Sent>(url, 'ms.vss-pipelinechecks-events.approval-completed', { approval: { id } })).body;
const pendingHook = async (kind: AzureApprovalKind, id: string): Promise<Sent> =>
  (await (kind === 'approvals' ? post<Sent>(url, 'ms.vss-pipelinechecks-events.approval-pending', { approval: { id } }) : post<Sent>(url, 'ms.vss-release.deployment-approval-pending-event', { approval: { id: Number(id) } }))).body;

/** An approval waits, Holdpoint is told so, and then a person decides. */
async function approve(kind: AzureApprovalKind, order: Omit<AzureApprovalOrder, 'approvers'>, decision: AzureDecisionOrder): Promise<string> {
  const id = await stack.standIn.askInAzure(kind, { ...order, approvers: [decision.by], deliver: false });
  assert.match((await pendingHook(kind, id)).ignored ?? '', /nobody has decided approval/);
  if (order.isAutomated !== true) await stack.standIn.decideInAzure(kind, id, decision);
  return id;
}

let shared: Accompanied;
before(async () => {
  shared = await waiting();
});

test('an approval in a pipeline counts as authenticated, once, however often it is told', async () => {
  const run = await deployment(shared);
  const approval = await approve('approvals', { buildId: run }, { by: 'alice@example.com', comment: 'figures seen' });
  await eventually(async () => assert.deepEqual(await decisions(shared.release), ['alice approve authenticated']));
  const counted = (await gate(shared.release))?.decisions[0];
  assert.match(counted?.comment ?? '', /^approved in Azure DevOps, run \d+\.\d+, at 20.*: figures seen$/);

  await hook(approval);
  const second = await approve('approvals', { buildId: run }, { by: 'alice@example.com', deliver: false });
  const { decisions: again } = await hook(second);
  assert.equal(again?.[0]?.counted, false);
  assert.match(again[0].reason ?? '', /has decided already|approved already|already/);
  assert.deepEqual(await decisions(shared.release), ['alice approve authenticated']);
});

test('the author of the change is refused under the alias that Azure DevOps knows, and so are strangers and what nobody approved', async () => {
  const run = await deployment(shared);
  const cases: [string, RegExp][] = [
    ['dana@example.com', /asked for this change|not among/],
    ['mallory@example.com', /mallory@example\.com is nobody in the estate's people/],
  ];
  for (const [by, reason] of cases) {
    const { decisions: [sent] = [] } = await hook(await approve('approvals', { buildId: run }, { by, deliver: false }));
    assert.equal(sent?.counted, false);
    assert.match(sent.reason ?? '', reason);
  }
  const automated = await approve('release-approvals', { buildId: run, tags: [`holdpoint.stage1.P001.C001.${shared.version}`], isAutomated: true }, { by: 'bob@example.com' });
  const { body } = await post<Sent>(url, 'ms.vss-release.deployment-approval-completed-event', { approval: { id: Number(automated) } });
  assert.match(body.ignored ?? '', /nobody has decided approval/);
  assert.deepEqual(await decisions(shared.release), ['alice approve authenticated']);
});

test('the author who may approve other changes is refused on the own one', async () => {
  const own = await waiting('bob@example.com');
  const run = await deployment(own);
  const { decisions: [sent] = [] } = await hook(await approve('approvals', { buildId: run }, { by: 'bob@example.com', deliver: false }));
  assert.equal(sent?.counted, false);
  assert.match(sent.reason ?? '', /bob asked for this change/);
  await stack.client.workflow.getHandle(own.release).terminate();
});

test('a tag on the run of another change, two gates in one run, no tag and no such approval lead nowhere', async () => {
  const other = await stack.standIn.completePullRequest(circuitChange(target, (variation += 1)), { deliver: false });
  const foreign = await deployment({ pullRequest: other, version: shared.version });
  const { decisions: [sent] = [] } = await hook(await approve('approvals', { buildId: foreign }, { by: 'bob@example.com', deliver: false }));
  assert.match(sent?.reason ?? '', /built another change than pull request \d+/);

  const tags = ['stage1', 'stage3'].map((stage) => `holdpoint.${stage}.P001.C001.${shared.version}`);
  const both = await stack.standIn.build({ pullRequestId: shared.pullRequest.pullRequestId, pipeline: 'deploy', tags, deliver: false });
  assert.match((await hook(await approve('approvals', { buildId: both }, { by: 'bob@example.com', deliver: false }))).ignored ?? '', /names two gates of P001\/C001/);
  assert.match((await hook(await approve('approvals', { buildId: shared.buildId }, { by: 'bob@example.com', deliver: false }))).ignored ?? '', /carries no tag holdpoint\./);
  assert.match((await hook('00000000-0000-4000-8000-000000000000')).ignored ?? '', /does not exist/);
  assert.deepEqual(await decisions(shared.release), ['alice approve authenticated']);
});

test('an approval in a classic release completes the quorum; one that was given early, and told by no hook, counts when its gate opens', async () => {
  // Stage 3 is approved on Azure DevOps' page before Holdpoint's gate is open.
  const run = await deployment(shared, 'stage3');
  const early = await approve('approvals', { buildId: run }, { by: 'carol@example.com', deliver: false });
  const { decisions: [told] = [] } = await hook(early);
  assert.deepEqual([told?.counted, told?.early, told?.reason], [false, true, 'gate stage3 is not open']);

  await approve('release-approvals', { buildId: shared.buildId, tags: [`holdpoint.stage1.P001.C001.${shared.version}`] }, { by: 'bob@example.com' });
  await releases.reaches(shared.release, 'Stage 2 test inference');
  const { outcome } = await releases.result(shared.release); // Stage 3 by the poll
  assert.equal(outcome, 'succeeded');
});

test('a hook that never came is made up for by the poll, and a rejection keeps its reason', async () => {
  const lost = await waiting();
  const run = await deployment(lost);
  await approve('approvals', { buildId: run }, { by: 'carol@example.com', status: 'rejected', comment: 'wrong cut-off', deliver: false });
  const result = await releases.result(lost.release);
  assert.equal(result.outcome, 'rejected');
  assert.match(result.reason, /carol: rejected in Azure DevOps, run .*: wrong cut-off/);
});

test('a tag that is added after the approval counts for nobody, not even where it names the right gate, and neither the poll nor a second hook changes that', async () => {
  const late = await waiting();
  const tag = `holdpoint.stage1.P001.C001.${late.version}`;
  const run = await stack.standIn.build({ pullRequestId: late.pullRequest.pullRequestId, pipeline: 'deploy', deliver: false });
  const approval = await approve('approvals', { buildId: run }, { by: 'alice@example.com', deliver: false });
  await stack.standIn.tagBuild(run, { add: [tag] });
  for (const _ of [1, 2]) {
    const { decisions: [sent] = [] } = await hook(approval);
    assert.deepEqual([sent?.counted, sent?.early], [false, undefined]);
    assert.match(sent?.reason ?? '', /was not seen with the tag holdpoint\.stage1\.P001\.C001\.\S+ before alice@example\.com decided/);
  }
  // Seen by nobody while it was pending: as good as late, for nobody can tell.
  const unseen = await deployment(late);
  const silent = await stack.standIn.askInAzure('approvals', { buildId: unseen, approvers: ['bob@example.com'], deliver: false });
  await stack.standIn.decideInAzure('approvals', silent, { by: 'bob@example.com', deliver: false });
  assert.match((await hook(silent)).decisions?.[0]?.reason ?? '', /was not seen with the tag/);
  // One that was there, went, and came back after the approval.
  const flicker = await deployment(late);
  const id = await stack.standIn.askInAzure('approvals', { buildId: flicker, approvers: ['carol@example.com'], deliver: false });
  await pendingHook('approvals', id);
  await stack.standIn.tagBuild(flicker, { remove: [tag] });
  await pendingHook('approvals', id);
  await stack.standIn.decideInAzure('approvals', id, { by: 'carol@example.com', deliver: false });
  await stack.standIn.tagBuild(flicker, { add: [tag] });
  assert.match((await hook(id)).decisions?.[0]?.reason ?? '', /was not seen with the tag/);

  // Of two approvers the first decided before the tag, the second after it.
  const both = await stack.standIn.build({ pullRequestId: late.pullRequest.pullRequestId, pipeline: 'deploy', deliver: false });
  const two = await stack.standIn.askInAzure('approvals', { buildId: both, approvers: ['alice@example.com', 'bob@example.com'], deliver: false });
  await stack.standIn.decideInAzure('approvals', two, { by: 'alice@example.com', deliver: false });
  await stack.standIn.tagBuild(both, { add: [tag] });
  await pendingHook('approvals', two);
  await stack.standIn.decideInAzure('approvals', two, { by: 'bob@example.com', deliver: false });
  const { decisions: sent } = await hook(two);
  assert.deepEqual(sent?.map(({ by, counted }) => [by, counted]), [['alice', false], ['bob', true]]);
  assert.deepEqual(await decisions(late.release), ['bob approve authenticated']);
  await stack.client.workflow.getHandle(late.release).terminate();
});

test('where the estate names whose approvals count, those of other pipelines and stages never do, and are told why', async () => {
  const sources = [{ gate: 'stage1', pipeline: 'deploy', stage: 'Release gate' }, { gate: 'stage1', release: 1, stage: 'production' }, { gate: 'stage3', pipeline: 'deploy', stage: 'Production' }];
  stack.writeEstate({ ...estate(), azureDevOps: { approvals: sources } });
  const named = await waiting();
  const tags = [`holdpoint.stage1.P001.C001.${named.version}`];
  const reasonOf = async (id: string) => (await hook(id)).decisions?.map(({ counted, reason }) => [counted, reason]);
  const only = 'for gate stage1 the estate counts only stage Release gate in pipeline deploy and stage production in release 1';

  const run = await deployment(named);
  const otherStage = await approve('approvals', { buildId: run, stage: 'Production' }, { by: 'alice@example.com', deliver: false });
  assert.deepEqual(await reasonOf(otherStage), [[false, `it is of stage Production in pipeline deploy; ${only}`]]);
  const foreign = await stack.standIn.build({ pullRequestId: named.pullRequest.pullRequestId, pipeline: 'nightly', tags, deliver: false });
  const otherPipeline = await approve('approvals', { buildId: foreign, stage: 'Release gate' }, { by: 'alice@example.com', deliver: false });
  assert.deepEqual(await reasonOf(otherPipeline), [[false, `it is of stage Release gate in pipeline nightly; ${only}`]]);

  const counted = await approve('approvals', { buildId: run, stage: 'Release gate' }, { by: 'alice@example.com', deliver: false });
  assert.deepEqual(await reasonOf(counted), [[true, undefined]]);
  await approve('release-approvals', { buildId: run, tags, environment: 'Production' }, { by: 'bob@example.com' });
  await releases.reaches(named.release, 'Stage 2 test inference');
  await stack.client.workflow.getHandle(named.release).terminate();
  stack.writeEstate(estate());
});

test('where the policy binds evidence an approval in Azure DevOps is only a proposal, and where Holdpoint trains it is none', async () => {
  stack.writeEstate(estate({ bindEvidence: true }));
  const bound = await waiting();
  const run = await deployment(bound);
  const approval = await approve('approvals', { buildId: run }, { by: 'alice@example.com', deliver: false });
  const proposals = async () => (await gate(bound.release))?.proposals.map(({ by, verdict }) => `${by} ${verdict}`);
  for (const _ of [1, 2]) {
    const { decisions: [sent] = [] } = await hook(approval);
    assert.equal(sent?.counted, false);
    assert.match(sent.reason ?? '', /counts only decisions that name its evidence, .*; shown there as a proposal: confirm it in the inbox/);
    assert.deepEqual([await decisions(bound.release), await proposals()], [[], ['alice approve']]);
  }
  const signals = async () => ((await stack.client.workflow.getHandle(bound.release).fetchHistory()).events ?? []).filter(({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes).length;
  // The hook and the poll may have told it in the same moment; from then on it is shown, and not sent again.
  const told = await signals();
  await hook(approval);
  assert.equal(await signals(), told, 'however often it is told');
  // The author's own is shown to nobody as somebody's proposal.
  const { decisions: [own] = [] } = await hook(await approve('approvals', { buildId: run }, { by: 'dana@example.com', deliver: false }));
  assert.match(own?.reason ?? '', /decide in the inbox/);
  assert.deepEqual(await proposals(), ['alice approve']);
  // Confirmed by the person, with the evidence that the card shows.
  const { evidence, runId } = (await gate(bound.release))!;
  const sign = createDecisionSigner({ privateKeysFile: keyFiles(stack.keysDirectory, 'decisions').privateKeys });
  const confirmed = await sendAnswer(stack.client, { workflowId: bound.release }, await sign({ workflowId: bound.release, runId, via: 'inbox', by: 'alice', answer: { gate: 'stage1', verdict: 'approve', evidence } }));
  assert.equal(confirmed.counted, true);
  assert.deepEqual(await decisions(bound.release), ['alice approve authenticated']);

  stack.writeEstate({ ...estate(), execution: { training: 'accompany' }, plants: { P001: { execution: { training: 'native' } } } });
  const { decisions: [native] = [] } = await hook(await approve('approvals', { buildId: run }, { by: 'alice@example.com', deliver: false }));
  assert.match(native?.reason ?? '', /P001\/C001 is not accompanied/);
});

// The last one: the service hooks go on pointing to the receiver that it stops.
test('the poll sees the tags of pending approvals itself, and a new receiver remembers them', async () => {
  stack.writeEstate(estate());
  const polled = await waiting();
  const run = await deployment(polled);
  const since = (await stack.standIn.ledger()).at(-1)?.seq ?? 0;
  const id = await stack.standIn.askInAzure('approvals', { buildId: run, approvers: ['carol@example.com'], deliver: false });
  const looks = async () => (await stack.standIn.ledger(since)).filter(({ path }) => path.endsWith(`/build/builds/${run}`)).length;
  await eventually(async () => assert.ok((await looks()) >= 2)); // the first look is over
  await stack.receiver!.stop();
  await stack.standIn.decideInAzure('approvals', id, { by: 'carol@example.com', status: 'rejected', comment: 'not yet', deliver: false });
  await stack.startReceiver();
  const { outcome, reason } = await releases.result(polled.release);
  assert.equal(outcome, 'rejected');
  assert.match(reason, /carol: rejected in Azure DevOps, run .*: not yet/);
});
