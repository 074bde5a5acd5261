/** `holdpoint import azure-devops` against the stand-in: two pipelines of different shapes, and all that can be wrong. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { placeholdersIn } from '../../../activities/estate/placeholders.ts';
import { targetPolicy } from '../../../activities/estate/target-policy.ts';
import { PROJECT } from '../../../sandbox/core/tenancy.ts';
import { sandboxEnvironment } from '../../../sandbox/environment.ts';
import { layGround } from '../../../sandbox/seed/seed.ts';
import { createSandbox, type Sandbox } from '../../../sandbox/server.ts';
import { askJson } from '../../../scripts/supervise/web.ts';
import { assertRefused, holdpointAt, type Ended } from '../run-holdpoint.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-import-'));
let sandbox: Sandbox;
let empty: Sandbox;
const holdpoint = holdpointAt('127.0.0.1:1'); // an import needs no Temporal

const multiStage = `
variables: {mlRegistry: ml-registry}
stages:
- stage: Train
  jobs: [{job: train, steps: [{script: az ml job create --workspace-name dev-ml-workspace --resource-group ml-platform}]}]
- stage: Test
  jobs: [{deployment: test, environment: test}]
- stage: Production
  jobs: [{deployment: production, environment: production}]
- template: cleanup.yml
`;
const organisation = {
  pageSize: 2,
  pipelines: [{ name: 'train-and-deploy', yaml: 'azure-pipelines.yml', variables: { amlLocation: { value: 'westeurope' }, storageKey: { value: 'hush', isSecret: true } } }, { name: 'nightly' }, { name: 'gone', yaml: 'no-such.yml' }, { name: 'elsewhere', yaml: 'a.yml', repositoryType: 'GitHub' }],
  releases: [
    { name: 'notify', stages: [{ name: 'Mail' }] },
    { name: 'also-notify', stages: [{ name: 'Mail' }] },
    { name: 'deploy-models', pipeline: 'nightly', stages: [{ name: 'Staging', variables: { workspaceName: { value: 'test-ml-workspace' } } }, { name: 'Production', approvers: ['bob@example.com', 'carol@example.com'], requiredApproverCount: 2, releaseCreatorCanBeApprover: false, inSequence: true, postApprovers: ['dana@example.com'] }] },
  ],
  environments: [
    { name: 'test', approval: { approvers: ['alice@example.com'], timeout: 1440 } },
    { name: 'production', approval: { approvers: ['ML Approvers', 'carol@example.com'], requesterCannotBeApprover: true, instructions: 'Look at the metrics', timeout: 4320 }, otherChecks: [{ type: { id: '2ef31ad1-baa0-403a-8b45-2cbc9b4e5563', name: 'ExclusiveLock' } }] },
    { name: 'forgotten' },
  ],
  connections: [{ name: 'aml-prod', type: 'azurerm', data: { subscriptionId: '00000000-0000-0000-0000-000000000001', scopeLevel: 'AzureMLWorkspace', mlWorkspaceName: 'prod-ml-workspace', mlWorkspaceLocation: 'westeurope' } }, { name: 'cluster', type: 'kubernetes' }],
  variableGroups: [{ name: 'shared', variables: { resourceGroup: { value: 'ml-platform' } } }, { name: 'two', variables: {} }, { name: 'old', variables: { resourceGroupName: { value: 'ml-platform-old' } } }],
  policies: [
    { type: { id: 'fd2167ab-b0be-447a-8ec8-39368250530e', displayName: 'Required reviewers' }, settings: { reviewers: ['dana@example.com'], scope: [{ repositoryId: null, refName: 'refs/heads/main', matchKind: 'Exact' }] } },
    { type: { id: 'fa4e907d-c16b-4a4c-9dfa-4906e5d171dd', displayName: 'Minimum number of reviewers' }, settings: { minimumApproverCount: 2, scope: [{ repositoryId: null, refName: 'refs/heads/main', matchKind: 'Exact' }] } },
  ],
  groups: [{ name: 'ML Approvers', members: ['bob@example.com', 'Seattle'] }, { name: 'Seattle', members: ['alice@example.com', 'Corporate'] }, { name: 'Corporate', isEntra: true, members: ['eve@example.com'] }],
};

interface Report {
  isValid: boolean;
  read: Record<string, number>;
  toFill: { line: number; field: string; what: string }[];
  problems: string[];
  unmapped: { what: string; why: string }[];
  refused: { what: string; permission: string }[];
  draft: string;
}

before(async () => {
  const start = (name: string) => createSandbox({ stateDir: join(directory, name), port: 0, seed: false });
  [sandbox, empty] = await Promise.all([start('full'), start('empty')]);
  await order(sandbox, 'organisation', organisation);
  const config = 'training:\n  cutoff_date: "2015-12-31"\n  hyperparameters:\n    learning_rate: 0.001\n';
  await order(sandbox, 'commits', { branch: 'refs/heads/main', by: 'dana@example.com', deliver: false, files: { '/azure-pipelines.yml': multiStage, '/config/plants/P001/C001.yml': config, '/config/plants/P001/C002.yml': config, '/config/plants/P001/nested/C003.yml': config } });
});
after(async () => {
  await Promise.all([sandbox.close(), empty.close()]);
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => sandbox.context.faults.clear());

async function order({ url, caFile }: Sandbox, what: string, body: object): Promise<void> {
  await askJson(`${url}/_sandbox/${what}`, { method: 'POST', body, caFile, timeoutMs: 5_000 });
}

const imported = async (args: string[], { at = sandbox, environment = {} }: { at?: Sandbox; environment?: Record<string, string> } = {}): Promise<Ended> => {
  const all = { ...sandboxEnvironment(at), HOLDPOINT_REQUEST_TIMEOUT_MS: '5000', HOLDPOINT_STATE: directory, ...environment };
  return await holdpoint(['import', 'azure-devops', ...(args.includes('--project') ? [] : ['--project', PROJECT]), ...args], { environment: all });
};
const reported = async (...args: string[]): Promise<Report & { code: number | null }> => {
  const { code, stdout, stderr } = await imported([...args, '--json']);
  assert.notEqual(stdout, '', stderr);
  return { code, ...(JSON.parse(stdout) as Report) };
};

/** As a person would: each TODO by something that fits. */
function filledIn(draft: string): string {
  return draft
    .replace(/^(\s*endpointName: ).*$/m, '$1batch-endpoint-plant-{plant}').replace(/^(\s*deploymentName: ).*$/m, '$1deployment-circuit-{circuit}')
    .replace(/"?TODO: canonical ids of the members of [^"\n]*"?/g, 'alice').replace(/^([^#\n]*)"TODO: [^"]*"/gm, '$1given').replace(/^([^#\n]*)TODO: .*$/gm, '$1given');
}

describe('holdpoint import azure-devops', () => {
  it('drafts people, groups, gates, environments, places and circuits, and only reads', async () => {
    const since = sandbox.context.ledger.since(0).length;
    const { code, isValid, read, toFill, problems, refused, draft } = await reported();
    assert.deepEqual([code, isValid, problems, refused], [0, false, [], []], JSON.stringify({ problems, refused }));
    assert.deepEqual(read, { pipelines: 4, releases: 3, environments: 3, people: 4, groups: 1, circuits: 2 });
    const calls = sandbox.context.ledger.since(0).slice(since).filter(({ path }) => path.startsWith('/ado/'));
    assert.deepEqual([...new Set(calls.map(({ method }) => method))], ['GET']);
    assert.equal(calls.filter(({ path }) => path.endsWith('/build/definitions')).length, 2, 'two pages of two pipelines');
    assert.ok(calls.some(({ path }) => path.endsWith('/release/definitions/3')), 'the last release is on a second page');
    for (const { line, field, what } of toFill) assert.match(draft.split('\n')[line - 1]!, /TODO/, `${field}: ${what}`);
    assert.throws(() => parseEstate(draft, 'estate.yml'), /estate\.yml:\d+: azure\.endpointName: still to be filled in/);

    const estate = parseEstate(filledIn(draft), 'estate.yml');
    assert.deepEqual(placeholdersIn(filledIn(draft)), []);
    assert.deepEqual(estate.people.map(({ id, aliases }) => [id, aliases]).sort(), [['alice', ['alice@example.com']], ['bob', ['bob@example.com']], ['carol', ['carol@example.com']], ['dana', ['dana@example.com']]]);
    assert.deepEqual(estate.groups, { 'ml-approvers': ['bob', 'alice'] });
    const { stage1, stage3 } = estate.gates;
    assert.deepEqual([stage1.approvers, stage1.quorum, stage1.fourEyes, stage1.deadline], [['alice'], 1, false, { afterMs: 86_400_000, hours: 'elapsed' }]);
    assert.deepEqual([stage3.approvers, stage3.quorum, stage3.mandatoryGroups, stage3.fourEyes], [['ml-approvers', 'carol'], 2, ['ml-approvers'], true]);
    assert.deepEqual(estate.azureDevOps.approvals, [{ gate: 'stage1', pipeline: 'train-and-deploy', stage: 'Test' }, { gate: 'stage3', pipeline: 'train-and-deploy', stage: 'Production' }, { gate: 'stage3', release: 'deploy-models', stage: 'Production' }]);
    assert.deepEqual(estate.azureDevOps.stages.environments, { test: { gate: 'stage1', severity: 'P2' }, production: { gate: 'stage3', severity: 'P2' } });
    assert.deepEqual([estate.azure.workspaces, estate.azure.resourceGroup, estate.azure.registry, estate.azure.location, estate.azure.subscription], [{ dev: 'dev-ml-workspace', test: 'test-ml-workspace', production: 'prod-ml-workspace' }, 'ml-platform', 'ml-registry', 'westeurope', '00000000-0000-0000-0000-000000000001']);
    assert.deepEqual([estate.releaseBranch, estate.changes.repository, estate.changes.review.approvers, estate.execution.pipeline], ['refs/heads/main', 'sensor-predictions', ['dana'], 'train-and-deploy']);
    const policy = targetPolicy(estate, { plant: 'P001', circuit: 'C002' });
    assert.ok(!('problem' in policy) && policy.endpoint === 'batch-endpoint-plant-P001');
  });

  it('lists what it could not map, each with its reason, in the report and in the file', async () => {
    const { unmapped, draft } = await reported();
    const whyOf = (what: RegExp): string => unmapped.find((each) => what.test(each.what))?.why ?? 'not listed';
    assert.match(whyOf(/^pipeline nightly$/), /classic editor/);
    assert.match(whyOf(/^pipeline gone$/), /not on refs\/heads\/main/);
    assert.match(whyOf(/^pipeline elsewhere$/), /GitHub/);
    assert.match(whyOf(/^a part of pipeline train-and-deploy$/), /template cleanup\.yml/);
    assert.match(whyOf(/^check "ExclusiveLock" of environment production$/), /lock of its own/);
    assert.match(whyOf(/^environment forgotten$/), /no stage/);
    assert.match(whyOf(/^the approval before stage Production of release deploy-models$/), /one after the other/);
    assert.ok(unmapped.some(({ why }) => /gate stage3 was taken from environment production, and this one differs: approvers bob, carol; mandatoryGroups none; deadline 30d/.test(why)), JSON.stringify(unmapped, null, 1));
    assert.match(whyOf(/^the approval after stage Production/), /alerts are watched/);
    assert.match(whyOf(/^group "ML Approvers, a group within it/), /Entra ID/);
    assert.match(whyOf(/^service connection "cluster"$/), /kubernetes/);
    assert.match(whyOf(/^variable storageKey/), /secret/);
    assert.match(whyOf(/^resourceGroup ml-platform-old$/), /another place says/);
    assert.match(whyOf(/^branch policy "Minimum number/), /2 reviewers/);
    assert.match(whyOf(/nested\/C003/), /config\/plants\/<plant>\/<circuit>\.yml/);
    assert.doesNotMatch(draft, /hush/);
    const comments = draft.split('\n').filter((line) => line.startsWith('#')).join(' ').replace(/\s*# +/g, ' ');
    for (const { what } of unmapped) assert.ok(comments.includes(what), what);
  });

  it('writes a file once, and overwrites it only by force', async () => {
    const out = join(directory, 'estate.yml');
    const first = await imported(['--out', out]);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /estate\.yml: drafted from 4 pipelines, 3 classic releases, 3 environments/);
    assert.match(first.stdout, /To fill in, \d+:\n  line \d+, /);
    const text = readFileSync(out, 'utf8');
    writeFileSync(out, 'mine');
    assertRefused(await imported(['--out', out]), 1, /is there already, and was left as it is/);
    assert.equal(readFileSync(out, 'utf8'), 'mine');
    assert.equal((await imported(['--out', out, '--force'])).code, 0);
    assert.equal(readFileSync(out, 'utf8'), text);
    assertRefused(await imported(['--out', join(directory, 'no', 'such', 'estate.yml')]), 1, /cannot be written \(ENOENT\)/);
    assert.equal((await imported([])).stdout.trimEnd(), text.trimEnd());
  });

  it('says which permission is missing, and drafts the rest', async () => {
    sandbox.context.faults.add({ match: { method: '*', path: '/release/definitions', skip: 0, times: 50 }, effect: { kind: 'status', status: 403 } });
    sandbox.context.faults.add({ match: { method: '*', path: '/_apis/graph/', skip: 0, times: 50 }, effect: { kind: 'status', status: 401 } });
    const { code, refused, draft, read } = await reported();
    assert.deepEqual([code, read['pipelines'], refused.map(({ what, permission }) => [what, permission])], [1, 4, [['releases', 'vso.release (read), and "View release pipeline"'], ['graph', 'vso.graph (read)']]]);
    assert.match(draft, /TODO: the sign-in name of /);
    assert.match(draft, /# - releases: vso\.release/);
    const told = await imported([]);
    assert.deepEqual([told.code, /Not read, for want of a permission:\n  releases: vso\.release/.test(told.stderr)], [1, true]);
  });

  it('takes the only project of the organisation, and finds what the demo has from the start', async () => {
    const demo = await createSandbox({ stateDir: join(directory, 'demo'), port: 0, seed: false });
    layGround(demo.context);
    try {
      const { code, stdout, stderr } = await holdpoint(['import', 'azure-devops', '--json'], { environment: { ...sandboxEnvironment(demo), HOLDPOINT_STATE: directory } });
      assert.equal(code, 0, stderr);
      const { project, draft, read } = JSON.parse(stdout) as Report & { project: string };
      assert.deepEqual([project, read['pipelines'], read['releases'], read['environments'], read['people'], read['circuits']], [PROJECT, 1, 1, 2, 3, 8]);
      for (const known of ['dev-ml-workspace', 'test-ml-workspace', 'prod-ml-workspace', 'ml-registry', 'refs/heads/main']) assert.ok(draft.includes(known), known);
    } finally {
      await demo.close();
    }
  });

  it('refuses a project that may not be read, does not exist, or has nothing', async () => {
    assertRefused(await imported(['--project', 'nonsense']), 3, /no such project.*TF200016/);
    assertRefused(await imported([], { environment: { AZURE_DEVOPS_URL: `${sandbox.url}/ado/fabrikam` } }), 3, /there is no such organisation/);
    assertRefused(await imported([], { at: empty }), 3, /ml-platform has no pipelines, neither in YAML nor classic/);
    assertRefused(await imported([], { environment: { AZURE_CLIENT_SECRET: 'wrong' } }), 1, /was not asked: sign-in refused/);
    assertRefused(await imported([], { environment: { AZURE_TENANT_ID: '' } }), 2, /AZURE_TENANT_ID: is not set/);
    assertRefused(await imported([], { environment: { AZURE_DEVOPS_URL: 'https://127.0.0.1:1/ado/x' } }), 1, /does not answer/);
    sandbox.context.faults.add({ match: { method: '*', path: '/_apis/projects/', skip: 0, times: 1 }, effect: { kind: 'status', status: 403 } });
    assertRefused(await imported([]), 1, /the project may not be read: .*It takes vso\.project/);
    sandbox.context.faults.clear();
    for (const path of ['/build/definitions', '/release/definitions']) sandbox.context.faults.add({ match: { method: '*', path, skip: 0, times: 5 }, effect: { kind: 'status', status: 403 } });
    assertRefused(await imported([]), 1, /the pipelines of ml-platform may not be read: .*It takes vso\.build/);
    assert.equal(existsSync(join(directory, 'environment.json')), false);
  });
});
