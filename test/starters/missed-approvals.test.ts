/** Approvals in Azure DevOps whose hook never came, while the receiver was down: `reconcileHooks` notes them, finds them and shows them at their gates; the receiver counts them when it is back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { reconcileHooks } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import type { ReconcileHooksResult } from '../../workflows/domain/hook-reconciliation.ts';
import { releaseModelId } from '../../workflows/domain/ids.ts';
import { eventually } from '../support/eventually.ts';
import { circuitChange } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import type { AzureApprovalKind } from '../support/stand-in-control.ts';
import { accompanied, people } from './support/accompanied-stack.ts';

const authenticated = { identity: 'authenticated', bindEvidence: false };
const stack = await Stack.start({ estate: accompanied({ people, gates: { stage1: { ...authenticated, quorum: 2 }, stage3: authenticated } }) });
after(() => stack.stop());
const target = { plant: 'P001', circuit: 'C001' };

const reconcile = async (): Promise<ReconcileHooksResult> => {
  const { workflowId } = await startRunbook(stack.client, reconcileHooks, {});
  return (await stack.client.workflow.getHandle(workflowId).result()) as ReconcileHooksResult;
};
const gate = (release: string) => stack.client.workflow.getHandle(release).query<GateView | null>('gate');

/** Its hooks reached nobody: the reconciliation starts the change, and tells it of its build. */
async function waiting(version: string): Promise<{ release: string; pullRequestId: number; tag: string }> {
  const { pullRequestId } = await stack.standIn.completePullRequest(circuitChange(target, Number(version.slice(1))), { deliver: false, createdBy: 'dana@example.com' });
  await stack.standIn.build({ pullRequestId, publish: [{ ...target, from: 'seed', version }], deliver: false });
  assert.equal((await reconcile()).started.length, 1);
  const release = releaseModelId(target, version);
  await eventually(async () => assert.equal((await gate(release))?.gate, 'stage1'), { timeoutMs: 60_000 });
  return { release, pullRequestId, tag: `holdpoint.stage1.P001.C001.${version}` };
}

let release: string;
let tag: string;
let pullRequestId: number;
const ask = async (kind: AzureApprovalKind, by: string): Promise<string> => {
  const buildId = await stack.standIn.build({ pullRequestId, pipeline: 'deploy', tags: [tag], deliver: false });
  return await stack.standIn.askInAzure(kind, { buildId, ...(kind === 'release-approvals' && { tags: [tag] }), approvers: [by], deliver: false });
};

before(async () => {
  await stack.startWorker();
  ({ release, tag, pullRequestId } = await waiting('v1'));
});

const proposals = async () => ((await gate(release))?.proposals ?? []).map(({ by, verdict }) => `${by} ${verdict}`).sort();
const counted = async () => (await gate(release))?.decisions.map(({ by, verdict, level }) => `${by} ${verdict} ${level}`);
const told = ({ approvals }: ReconcileHooksResult) => approvals.map(({ workflowId, gate: at, by, verdict, shown }) => [workflowId, at, by, verdict, shown]).sort((one, other) => (String(one[2]) < String(other[2]) ? -1 : 1));

test('an approval that was given while the receiver was down is found and shown once, and counted as authenticated when the receiver is back; one that nobody saw pending never is', async () => {
  const classic = await ask('release-approvals', 'alice@example.com');
  assert.deepEqual((await reconcile()).approvals, []); // noted: it waits
  await stack.standIn.decideInAzure('release-approvals', classic, { by: 'alice@example.com', comment: 'figures seen', deliver: false });
  const unseen = await ask('approvals', 'bob@example.com');
  await stack.standIn.decideInAzure('approvals', unseen, { by: 'bob@example.com', deliver: false });

  const result = await reconcile();
  assert.equal(result.outcome, 'succeeded');
  assert.deepEqual(told(result), [[release, 'stage1', 'alice', 'approve', true], [release, 'stage1', 'bob', 'approve', false]]);
  assert.match(result.approvals.find(({ by }) => by === 'bob')!.reason, /was not seen with the tag holdpoint\.stage1\.P001\.C001\.v1 before bob@example\.com decided/);
  assert.match(result.reason, /2 approvals were found that no gate knew of, 1 shown/);
  // Nobody but the receiver can sign: it stands there, and does not count.
  assert.deepEqual([await counted(), await proposals()], [[], ['alice approve']]);

  assert.deepEqual(told(await reconcile()), [[release, 'stage1', 'bob', 'approve', false]]);
  assert.deepEqual(await proposals(), ['alice approve']);
  const signals = ((await stack.client.workflow.getHandle(release).fetchHistory()).events ?? []).filter(({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes);
  assert.equal(signals.length, 1, 'it is told once');

  await stack.startReceiver();
  await eventually(async () => assert.deepEqual(await counted(), ['alice approve authenticated']), { timeoutMs: 60_000 });
  assert.deepEqual(told(await reconcile()), [[release, 'stage1', 'bob', 'approve', false]]);
  assert.deepEqual(await counted(), ['alice approve authenticated']);
});

test('an approval in a pipeline that completes the quorum passes the gate when the receiver is back', async () => {
  await stack.receiver!.stop();
  const approval = await ask('approvals', 'carol@example.com');
  await reconcile();
  await stack.standIn.decideInAzure('approvals', approval, { by: 'carol@example.com', deliver: false });
  const { approvals } = await reconcile();
  assert.deepEqual(approvals.filter(({ shown }) => shown).map(({ by, approval: id }) => [by, id]), [['carol', `pipelines:${approval}`]]);
  assert.equal((await gate(release))?.missing, 1);

  await stack.startReceiver();
  await eventually(async () => assert.notEqual((await gate(release))?.gate, 'stage1'), { timeoutMs: 60_000 });
  await eventually(async () => assert.ok((await stack.client.workflow.getHandle(release).query<{ phases: { name: string }[] }>('status')).phases.some(({ name }) => /Stage 2/.test(name))), { timeoutMs: 60_000 });
  await stack.client.workflow.getHandle(release).terminate();
});
