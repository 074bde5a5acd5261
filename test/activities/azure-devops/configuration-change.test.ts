/** Proposing, reviewing and taking back a change, with the product's own client against the stand-in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changesApi } from '../../../activities/azure-devops/changes-rest.ts';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../../../activities/azure-devops/index.ts';
import { azureDevOpsApi } from '../../../activities/azure-devops/rest.ts';
import { REPOSITORY, REPOSITORY_ID as repositoryId } from '../../../sandbox/core/tenancy.ts';
import type { PlannedChange, PushedBranch } from '../../../workflows/domain/configuration-change.ts';
import type { StepKey } from '../../../workflows/domain/keys.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const clients = createAzureDevOpsClients(platforms.settings);
const devOps = createAzureDevOpsActivities(clients);
const api = azureDevOpsApi(clients.rest, clients.project);
const changes = changesApi(clients.rest, clients.project);
const main = 'refs/heads/main';

const edit = (learning_rate: number) => ({ hyperparameters: { learning_rate } });
const commit = (branch: string, by: string, files: Record<string, string>) => platforms.control<{ commitId: string }>('commits', { branch, by, files });
let branches = 0;

async function plan(circuit: string, value: number): Promise<PlannedChange> {
  const planned = await platforms.run(devOps.planConfigurationChange, { repository: REPOSITORY, branch: main, target: { plant: 'P001', circuit }, edit: edit(value) });
  assert.ok(planned.kind === 'planned');
  return planned;
}

interface Proposed {
  key: StepKey;
  ref: string;
  pushed: Extract<PushedBranch, { kind: 'pushed' }>;
  push: Parameters<typeof devOps.pushConfigurationChange>[0];
  open: Parameters<typeof devOps.openPullRequest>[0];
}

/** A branch with its commit, and what a pull request of it would be opened with. */
async function proposed(circuit: string, value: number): Promise<Proposed> {
  branches += 1;
  const { path, baseCommit } = await plan(circuit, value);
  const [key, ref] = [freshKey(), `refs/heads/feature/tune-${branches}`];
  const push = { key, repositoryId, path, baseCommit, edit: edit(value), ref, title: 'Tune', requestedBy: 'alice' };
  const pushed = await platforms.run(devOps.pushConfigurationChange, push);
  assert.ok(pushed.kind === 'pushed');
  return { key, ref, pushed, push, open: { repositoryId, source: ref, target: main, commit: pushed.commit, title: 'Tune', description: 'why' } };
}

describe('a proposed change', () => {
  it('is planned on the branch as it is, and refused with path, line, field and range', async () => {
    const at = (circuit: string, values: Record<string, number>) => platforms.run(devOps.planConfigurationChange, { repository: REPOSITORY, branch: main, target: { plant: 'P001', circuit }, edit: { hyperparameters: values } });
    const planned = await plan('C001', 0.0005);
    assert.deepEqual([planned.repositoryId, planned.path, planned.difference], [repositoryId, 'config/plants/P001/C001.yml', ['-     learning_rate: 0.001', '+     learning_rate: 0.0005']]);
    assert.deepEqual(await at('C001', { learning_rate: 3 }), { kind: 'refused', refused: { path: 'config/plants/P001/C001.yml', line: 4, reason: 'training.hyperparameters.learning_rate: must be a number above 0, at most 1, not 3' } });
    assert.equal((await at('C001', { learning_rate: 0.001 })).kind, 'unchanged');
    const missing = await at('C999', { learning_rate: 0.1 });
    assert.ok(missing.kind === 'refused' && /is not on main/.test(missing.refused.reason));
    await assert.rejects(platforms.run(devOps.planConfigurationChange, { repository: REPOSITORY, branch: 'refs/heads/none', target: { plant: 'P001', circuit: 'C001' }, edit: {} }), failure('NotFound', true, /no branch/));
  });

  it('makes one branch of one commit and one pull request, also when each connection is cut after it was accepted', async () => {
    const { path, baseCommit } = await plan('C001', 0.0006);
    const push = { key: freshKey(), repositoryId, path, baseCommit, edit: edit(0.0006), ref: 'refs/heads/feature/cut', title: 'Tune', requestedBy: 'alice' };
    platforms.fault({ method: 'POST', path: '/pushes$' }, { kind: 'cutAfterAccept' });
    const { value: { result: pushed, failures }, changes: pushes } = await platforms.changesOf(() => platforms.retried(devOps.pushConfigurationChange, push));
    assert.ok(pushed.kind === 'pushed');
    assert.deepEqual([failures, pushes.length, pushed.uncertain], [['Unavailable'], 1, true]);
    assert.equal(pushed.commit, await changes.tip(repositoryId, push.ref));
    assert.equal((await changes.commit(repositoryId, pushed.commit)).comment, `Tune\n\nHoldpoint-Requested-By: alice\nHoldpoint-Key: ${push.key.key}`);

    const open = { repositoryId, source: push.ref, target: main, commit: pushed.commit, title: 'Tune', description: 'why' };
    platforms.fault({ method: 'POST', path: '/pullrequests$' }, { kind: 'cutAfterAccept' });
    const { value: { result: opened }, changes: posts } = await platforms.changesOf(() => platforms.retried(devOps.openPullRequest, open));
    assert.equal(posts.length, 1);
    assert.match(opened.url, new RegExp(`/_git/${REPOSITORY}/pullrequest/${opened.pullRequestId}$`));
    const again = await platforms.changesOf(async () => [await platforms.run(devOps.pushConfigurationChange, push), await platforms.run(devOps.openPullRequest, open)]);
    assert.deepEqual([again.value, again.changes], [[{ ...pushed, uncertain: false }, opened], []]);
  });

  it('never writes to a branch that is not its own', async () => {
    const { path, baseCommit } = await plan('C001', 0.0007);
    const first = { key: freshKey(), repositoryId, path, baseCommit, edit: edit(0.0007), ref: 'refs/heads/feature/other', title: 'Somebody else tunes', requestedBy: null };
    await platforms.run(devOps.pushConfigurationChange, first);
    const tip = await changes.tip(repositoryId, first.ref);
    const { value: taken, changes: none } = await platforms.changesOf(() => platforms.run(devOps.pushConfigurationChange, { ...first, key: freshKey(), edit: edit(0.0008) }));
    assert.deepEqual([taken, none], [{ kind: 'taken', commit: tip, by: 'holdpoint-service@example.com', comment: 'Somebody else tunes' }, []]);
  });

  it('is followed while it stands as it is known, and told with votes and comments once it does not', async () => {
    const { open } = await proposed('C001', 0.0009);
    const { pullRequestId } = await platforms.run(devOps.openPullRequest, open);
    const look = (known: string | null) => platforms.run(devOps.awaitReview, { repositoryId, pullRequestId, known, intervalMs: 5_000 });
    const { standing, digest } = await look(null);
    assert.deepEqual([standing.status, standing.mergeStatus, standing.sourceCommit, standing.votes], ['active', 'succeeded', open.commit, []]);
    await assert.rejects(look(digest), failure('StillWatching', false));
    await platforms.control(`pull-requests/${pullRequestId}/vote`, { by: 'carol@example.com', vote: -5, comment: 'why so low?' });
    await platforms.control(`pull-requests/${pullRequestId}/vote`, { by: 'dana@example.com', vote: 10, comment: 'fine' });
    assert.deepEqual((await look(digest)).standing.votes, [{ by: 'carol@example.com', vote: -5, comment: 'why so low?' }, { by: 'dana@example.com', vote: 10, comment: '' }]);
  });

  it('is merged as it was reviewed or not at all, and its release knows for whom it was made', async () => {
    const { open, ref } = await proposed('C002', 0.0005);
    const { pullRequestId } = await platforms.run(devOps.openPullRequest, open);
    assert.match((await platforms.run(devOps.completePullRequest, { repositoryId, pullRequestId, commit: 'f'.repeat(40) })).reason, /TF401192/);
    const merge = { repositoryId, pullRequestId, commit: open.commit };
    platforms.fault({ method: 'PATCH', path: '/pullRequests/\\d+$' }, { kind: 'cutAfterAccept' });
    const { value: { result }, changes: patches } = await platforms.changesOf(() => platforms.retried(devOps.completePullRequest, merge));
    assert.deepEqual([result.state, patches.length], ['asked', 1]);
    assert.deepEqual((await platforms.changesOf(() => platforms.run(devOps.completePullRequest, merge))).changes, []);
    assert.equal(await changes.tip(repositoryId, ref), null);
    const change = await platforms.run(devOps.readChange, { repositoryId, pullRequestId });
    assert.deepEqual([change.pullRequest.requestedBy, change.circuits.map(({ target }) => target)], [['alice'], [{ plant: 'P001', circuit: 'C002' }]]);
  });

  it('merges beside another change of the same file, and shows a conflict where the same lines changed', async () => {
    const path = '/config/plants/P002/C001.yml';
    const before = await api.fileAt(repositoryId, path, (await changes.tip(repositoryId, main))!);
    const { path: relative, baseCommit } = await platforms.run(devOps.planConfigurationChange, { repository: repositoryId, branch: main, target: { plant: 'P002', circuit: 'C001' }, edit: edit(0.0005) }) as PlannedChange;
    const open = async (ref: string) => {
      const push = { key: freshKey(), repositoryId, path: relative, baseCommit, edit: edit(0.0005), ref, title: 'Tune', requestedBy: null };
      const pushed = await platforms.run(devOps.pushConfigurationChange, push);
      assert.ok(pushed.kind === 'pushed');
      const opened = await platforms.run(devOps.openPullRequest, { repositoryId, source: ref, target: main, commit: pushed.commit, title: 'Tune', description: '' });
      return { ...opened, commit: pushed.commit };
    };
    const [one, two] = [await open('refs/heads/feature/apart'), await open('refs/heads/feature/together')];
    await commit(main, 'dana@example.com', { [path]: before.replace('hidden_units: 16', 'hidden_units: 20') });
    await platforms.run(devOps.completePullRequest, { repositoryId, ...one });
    const merged = await api.fileAt(repositoryId, path, (await changes.tip(repositoryId, main))!);
    assert.match(merged, /learning_rate: 0\.0005\n[^]*hidden_units: 20/);

    await commit(main, 'dana@example.com', { [path]: merged.replace('learning_rate: 0.0005', 'learning_rate: 0.01') });
    const { standing } = await platforms.run(devOps.awaitReview, { repositoryId, pullRequestId: two.pullRequestId, known: null, intervalMs: 1 });
    assert.deepEqual([standing.status, standing.mergeStatus], ['active', 'conflicts']);
    await platforms.run(devOps.completePullRequest, { repositoryId, ...two });
    assert.match(await api.fileAt(repositoryId, path, (await changes.tip(repositoryId, main))!), /learning_rate: 0\.01/);
  });

  it('is taken back once: its pull request abandoned, its branch deleted', async () => {
    const { key, ref, open } = await proposed('C003', 0.0005);
    const { pullRequestId } = await platforms.run(devOps.openPullRequest, open);
    const input = { key, repositoryId, source: ref, target: main, pullRequestId, settleMs: 0 };
    assert.deepEqual(await platforms.run(devOps.withdrawChange, input), { withdrawn: [`pull request ${pullRequestId}`, `branch ${ref.slice(11)}`], merged: null, left: null });
    assert.deepEqual([(await api.pullRequest(repositoryId, pullRequestId)).status, await changes.tip(repositoryId, ref)], ['abandoned', null]);
    const again = await platforms.changesOf(() => platforms.run(devOps.withdrawChange, input));
    assert.deepEqual([again.value, again.changes], [{ withdrawn: [], merged: null, left: null }, []]);
  });

  it('stays where somebody has pushed to its branch, with its pull request', async () => {
    const { key, ref, open } = await proposed('C004', 0.0005);
    const { pullRequestId } = await platforms.run(devOps.openPullRequest, open);
    const { commitId } = await commit(ref, 'carol@example.com', { 'note.md': 'mine' });
    const { withdrawn, left } = await platforms.run(devOps.withdrawChange, { key, repositoryId, source: ref, target: main, pullRequestId, settleMs: 0 });
    assert.deepEqual([withdrawn, await changes.tip(repositoryId, ref), (await api.pullRequest(repositoryId, pullRequestId)).status], [[], commitId, 'active']);
    assert.match(left ?? '', /commits of somebody else/);
    assert.equal((await platforms.run(devOps.awaitReview, { repositoryId, pullRequestId, known: null, intervalMs: 1 })).standing.sourceCommit, commitId);
  });

  it('is not taken back once it is merged, and says so, also where the run does not know its pull request', async () => {
    const { key, ref, open } = await proposed('C004', 0.0009);
    const { pullRequestId } = await platforms.run(devOps.openPullRequest, open);
    await platforms.run(devOps.completePullRequest, { repositoryId, pullRequestId, commit: open.commit });
    for (const known of [pullRequestId, null]) {
      const { value, changes: made } = await platforms.changesOf(() => platforms.run(devOps.withdrawChange, { key, repositoryId, source: ref, target: main, pullRequestId: known, settleMs: 0 }));
      assert.deepEqual([value, made], [{ withdrawn: [], merged: pullRequestId, left: null }, []]);
    }
  });
});
