/** Approvals in Azure Pipelines and classic releases answer Holdpoint's gates, as people whom Azure DevOps knew. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { eventually } from '../support/eventually.ts';
import { circuitChange, Releases } from '../support/releases.ts';
import type { CompletedPullRequest } from '../support/stand-in-control.ts';
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

let shared: Accompanied;
before(async () => {
  shared = await waiting();
});

test('an approval in a pipeline counts as authenticated, once, however often it is told', async () => {
  const run = await deployment(shared);
  const approval = await stack.standIn.approveInAzure('approvals', { buildId: run }, { by: 'alice@example.com', comment: 'figures seen' });
  await eventually(async () => assert.deepEqual(await decisions(shared.release), ['alice approve authenticated']));
  const counted = (await gate(shared.release))?.decisions[0];
  assert.match(counted?.comment ?? '', /^approved in Azure DevOps, run \d+\.\d+, at 20.*: figures seen$/);

  await hook(approval);
  const second = await stack.standIn.approveInAzure('approvals', { buildId: run }, { by: 'alice@example.com', deliver: false });
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
    const { decisions: [sent] = [] } = await hook(await stack.standIn.approveInAzure('approvals', { buildId: run }, { by, deliver: false }));
    assert.equal(sent?.counted, false);
    assert.match(sent.reason ?? '', reason);
  }
  const automated = await stack.standIn.approveInAzure('release-approvals', { buildId: run, tags: [`holdpoint.stage1.P001.C001.${shared.version}`], isAutomated: true }, { by: 'bob@example.com' });
  const { body } = await post<Sent>(url, 'ms.vss-release.deployment-approval-completed-event', { approval: { id: Number(automated) } });
  assert.match(body.ignored ?? '', /nobody has decided approval/);
  assert.deepEqual(await decisions(shared.release), ['alice approve authenticated']);
});

test('the author who may approve other changes is refused on the own one', async () => {
  const own = await waiting('bob@example.com');
  const run = await deployment(own);
  const { decisions: [sent] = [] } = await hook(await stack.standIn.approveInAzure('approvals', { buildId: run }, { by: 'bob@example.com', deliver: false }));
  assert.equal(sent?.counted, false);
  assert.match(sent.reason ?? '', /bob asked for this change/);
  await stack.client.workflow.getHandle(own.release).terminate();
});

test('a tag on the run of another change, two gates in one run, no tag and no such approval lead nowhere', async () => {
  const other = await stack.standIn.completePullRequest(circuitChange(target, (variation += 1)), { deliver: false });
  const foreign = await deployment({ pullRequest: other, version: shared.version });
  const { decisions: [sent] = [] } = await hook(await stack.standIn.approveInAzure('approvals', { buildId: foreign }, { by: 'bob@example.com', deliver: false }));
  assert.match(sent?.reason ?? '', /built another change than pull request \d+/);

  const tags = ['stage1', 'stage3'].map((stage) => `holdpoint.${stage}.P001.C001.${shared.version}`);
  const both = await stack.standIn.build({ pullRequestId: shared.pullRequest.pullRequestId, pipeline: 'deploy', tags, deliver: false });
  assert.match((await hook(await stack.standIn.approveInAzure('approvals', { buildId: both }, { by: 'bob@example.com', deliver: false }))).ignored ?? '', /names two gates of P001\/C001/);
  assert.match((await hook(await stack.standIn.approveInAzure('approvals', { buildId: shared.buildId }, { by: 'bob@example.com', deliver: false }))).ignored ?? '', /carries no tag holdpoint\./);
  assert.match((await hook('00000000-0000-4000-8000-000000000000')).ignored ?? '', /does not exist/);
  assert.deepEqual(await decisions(shared.release), ['alice approve authenticated']);
});

test('an approval in a classic release completes the quorum; one that was given early, and told by no hook, counts when its gate opens', async () => {
  // Stage 3 is approved on Azure DevOps' page before Holdpoint's gate is open.
  const run = await deployment(shared, 'stage3');
  const early = await stack.standIn.approveInAzure('approvals', { buildId: run }, { by: 'carol@example.com', deliver: false });
  const { decisions: [told] = [] } = await hook(early);
  assert.deepEqual([told?.counted, told?.early, told?.reason], [false, true, 'gate stage3 is not open']);

  await stack.standIn.approveInAzure('release-approvals', { buildId: shared.buildId, tags: [`holdpoint.stage1.P001.C001.${shared.version}`] }, { by: 'bob@example.com' });
  await releases.reaches(shared.release, 'Stage 2 test inference');
  const { outcome } = await releases.result(shared.release); // Stage 3 by the poll
  assert.equal(outcome, 'succeeded');
});

test('a hook that never came is made up for by the poll, and a rejection keeps its reason', async () => {
  const lost = await waiting();
  const run = await deployment(lost);
  await stack.standIn.approveInAzure('approvals', { buildId: run }, { by: 'carol@example.com', status: 'rejected', comment: 'wrong cut-off', deliver: false });
  const result = await releases.result(lost.release);
  assert.equal(result.outcome, 'rejected');
  assert.match(result.reason, /carol: rejected in Azure DevOps, run .*: wrong cut-off/);
});

test('where the policy binds evidence an approval in Azure DevOps is only a proposal, and where Holdpoint trains it is none', async () => {
  stack.writeEstate(estate({ bindEvidence: true }));
  const bound = await waiting();
  const run = await deployment(bound);
  const { decisions: [sent] = [] } = await hook(await stack.standIn.approveInAzure('approvals', { buildId: run }, { by: 'alice@example.com', deliver: false }));
  assert.equal(sent?.counted, false);
  assert.match(sent.reason ?? '', /evidence/);
  assert.deepEqual(await decisions(bound.release), []);

  stack.writeEstate({ ...estate(), execution: { training: 'accompany' }, plants: { P001: { execution: { training: 'native' } } } });
  const { decisions: [native] = [] } = await hook(await stack.standIn.approveInAzure('approvals', { buildId: run }, { by: 'alice@example.com', deliver: false }));
  assert.match(native?.reason ?? '', /P001\/C001 is not accompanied/);
});
