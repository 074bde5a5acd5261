/** Drift of a real season, from the command to the moved baseline, with the real worker, receiver and stand-in; the worker is killed between the effect of each write of its own and its record. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { changesApi } from '../../activities/azure-devops/changes-rest.ts';
import { azureDevOpsApi } from '../../activities/azure-devops/rest.ts';
import { blobOf } from '../../activities/azure-ml/datastore.ts';
import { readDriftBaseline } from '../../activities/statistics/drift-baseline.ts';
import { REPOSITORY_ID } from '../../sandbox/core/tenancy.ts';
import { retrainOnDrift } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { RetrainOnDriftResult } from '../../workflows/domain/drift-retraining.ts';
import { devWorkspace, productionWorkspace as workspace } from '../activities/support/circuits.ts';
import { deploymentOf } from '../support/platform-state.ts';
import { Releases } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { transitions } from '../support/transitions.ts';
import { killAtEach } from './support/kill-run.ts';

const stack = await Stack.start({ estate: { settle: '1s', monitoring: { for: '2s', every: '1s' }, changes: { pollEvery: '1s' } } });
after(() => stack.stop());
const releases = new Releases(stack);
const changes = changesApi(stack.azureDevOps.rest, stack.azureDevOps.project);
const api = azureDevOpsApi(stack.azureDevOps.rest, stack.azureDevOps.project);
const main = 'refs/heads/main';
const target = { plant: 'P001', circuit: 'C001' };

const start = async (): Promise<string> => (await startRunbook(stack.client, retrainOnDrift, { target, asOf: '2015-09-30' }, { startedBy: 'dana' })).workflowId;
const resultOf = async (workflowId: string) => (await stack.client.workflow.getHandle(workflowId).result()) as RetrainOnDriftResult;

/** carol votes, alice and bob approve, each once, as soon as they are asked. */
function people(): () => Promise<void> {
  const done = new Set<string>();
  return async () => {
    const [opened] = await changes.pullRequestsBetween(REPOSITORY_ID, 'refs/heads/feature/retrain-P001-C001', main);
    if (opened?.status === 'active' && !done.has('vote')) {
      done.add('vote');
      await stack.standIn.vote(opened.pullRequestId, 'carol', 10);
    }
    for await (const { workflowId } of stack.client.workflow.list({ query: `WorkflowType = 'releaseModel' AND Plant = 'P001' AND Circuit = 'C001' AND ExecutionStatus = 'Running'` })) {
      const { gate } = await releases.look(workflowId);
      if (gate === null || done.has(gate)) continue;
      done.add(gate);
      await releases.decide(workflowId, { gate, by: gate === 'stage1' ? 'alice' : 'bob' });
    }
  };
}

test('a summer as the one before: proposed, reviewed, trained, released, and only then the baseline moves, once, though the worker is killed over it', async () => {
  const since = (await stack.standIn.ledger()).at(-1)?.seq ?? 0;
  const workflowId = await start();
  await killAtEach(stack, [{ at: 'writeDriftReport:afterEffect', unserved: [] }, { at: 'moveDriftBaseline:afterEffect', unserved: [] }], people());
  const result = await resultOf(workflowId);
  assert.deepEqual([result.outcome, result.finding, result.drifted, result.newCutoff, result.reviewedBy], ['succeeded', 'retrain', ['temp_max', 'temp_min'], '2015-09-30', ['carol']], result.reason);

  const { pullRequest, release, serving, baseline } = result;
  const [opened] = await changes.pullRequestsBetween(REPOSITORY_ID, 'refs/heads/feature/retrain-P001-C001', main);
  assert.deepEqual([opened?.pullRequestId, opened?.title, opened?.status], [pullRequest?.pullRequestId, 'Update training data for P001/C001 (drift detected)', 'completed']);
  assert.match(opened?.description ?? '', /\| temp_max \|[^]*season, gradual[^]*\+ {3,}cutoff_date: "2015-09-30"/);
  assert.match(await api.fileAt(REPOSITORY_ID, '/config/plants/P001/C001.yml', (await changes.tip(REPOSITORY_ID, main))!), /cutoff_date: "2015-09-30"\n/);
  assert.equal(release?.end?.kind === 'closed' && release.end.version, serving);
  assert.equal((await deploymentOf(stack, target)).tags['model_version'], serving);
  const kept = await readDriftBaseline({ arm: stack.azureMl.arm }, { workspace, target, serving: { endpoint: 'batch-endpoint-plant-P001', deployment: 'deployment-circuit-C001' }, registered: devWorkspace });
  assert.deepEqual(kept, { baseline, remark: null });
  assert.deepEqual([baseline?.from, baseline?.until, baseline?.trackedSince, baseline?.modelVersion], ['2014-10-01', '2015-09-30', '2015-10-01', serving]);

  const made = Object.entries(transitions(await stack.standIn.ledger(since)));
  const own = made.filter(([what]) => /drift|retrain|distributions|\/data\/|pullrequests/i.test(what));
  assert.ok(own.length >= 3, JSON.stringify(made, null, 1));
  for (const [what, times] of own) if (!/pullrequests\/\d+/i.test(what)) assert.equal(times, 1, what);
  const report = await stack.azureMl.blob.read(await blobOf(stack.azureMl.arm, workspace, result.report!.reportUri), 1_000_000);
  assert.match(report!, /Finding: expected and gradual[^]*<svg [^]*<desc id="drift-desc">temp_max: mean 24\.7/);
});

test('once the baseline has moved, the same days are not judged again', async () => {
  const result = await resultOf(await start());
  assert.deepEqual([result.outcome, result.pullRequest], ['rejected', null]);
  assert.match(result.reason, /^drift cannot be measured: .*the baseline was moved up to 2015-09-30 and only what came since is judged$/);
});
