import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createAzureDevOpsClients } from '../../activities/azure-devops/clients.ts';
import { createClientSecretCredential } from '../../activities/http/credential.ts';
import { CLIENT_ID, CLIENT_SECRET, ORGANISATION, PROJECT, TENANT_ID } from '../../sandbox/core/tenancy.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { createSandbox, type Sandbox } from '../../sandbox/server.ts';
import { checksApi } from '../../starters/attach/azure-pipelines.ts';
import { holdpointAt, type Ended } from './run-holdpoint.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-attach-'));
let sandbox: Sandbox;
let api: ReturnType<typeof checksApi>;

before(async () => {
  sandbox = await createSandbox({ stateDir: directory, port: 0, seed: false });
  const transport = { caFile: sandbox.caFile, requestTimeoutMs: 3_000 };
  const credential = createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: sandbox.url }, transport);
  api = checksApi(createAzureDevOpsClients({ ...transport, credential, devOpsUrl: `${sandbox.url}/ado/${ORGANISATION}`, devOpsProject: PROJECT }).rest, PROJECT);
});
after(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Attached {
  action: string;
  verified: boolean;
  checkId: number;
  mode: string;
  form: string;
  timeoutMinutes: number;
  minutesBetweenEvaluations: number;
  environment: { id: number; name: string };
}

// Without Temporal: attaching needs none.
const holdpoint = holdpointAt('127.0.0.1:1');
const attach = async (...args: string[]): Promise<Ended> =>
  await holdpoint(['attach', 'azure-pipelines', '--project', PROJECT, '--environment', 'production', ...args], { environment: { ...sandboxEnvironment(sandbox), HOLDPOINT_WEBHOOK_USER: 'hooks', HOLDPOINT_WEBHOOK_PASSWORD: 'päss' } });
const attachJson = async (...args: string[]): Promise<Attached> => {
  const { code, stdout, stderr } = await attach(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Attached;
};
const writes = () => sandbox.context.ledger.since(0).filter(({ method, changed }) => method !== 'GET' && changed).map(({ method, path }) => `${method} ${path.split('/').slice(5).join('/')}`);

describe('holdpoint attach azure-pipelines', () => {
  it('says what is missing: the address of the receiver, an environment that exists', async () => {
    const without = await attach();
    assert.deepEqual([without.code, /--url/.test(without.stderr)], [2, true]);
    const { code, stderr } = await holdpoint(['attach', 'azure-pipelines', '--project', PROJECT, '--environment', 'prod', '--url', 'https://holdpoint.example.com'], { environment: { ...sandboxEnvironment(sandbox), HOLDPOINT_WEBHOOK_USER: 'hooks', HOLDPOINT_WEBHOOK_PASSWORD: 'p' } });
    assert.deepEqual([code, /it has test, production/.test(stderr)], [3, true]);
    assert.equal((await holdpoint(['attach', 'azure-pipelines', '--project', PROJECT, '--environment', 'production'])).code, 2);
    assert.equal((await attach('--url', 'nonsense')).code, 2);
    assert.deepEqual(writes(), []);
  });

  it('puts one check before the environment, observing, and says that the call is unverified', async () => {
    const { code, stdout, stderr } = await attach('--url', 'https://holdpoint.example.com/');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /has a new check: observe mode, callback, at https:\/\/holdpoint\.example\.com\./);
    assert.match(stdout, /--mode enforce/);
    assert.match(stderr, /never made against a live Azure DevOps/);
    const [check] = await api.checks(2);
    assert.deepEqual([check!.settings.inputs['waitForCompletion'], check!.settings.retryInterval, check!.timeout, check!.settings.inputs['urlSuffix']], ['true', 0, 43_200, 'checks/azure-pipelines']);
    assert.match(check!.settings.inputs['headers']!, /"AuthToken":"\$\(system\.AccessToken\)"/);
    assert.equal(JSON.stringify(check).includes('päss'), false); // the password is the service connection's
  });

  it('finds its check again, changes only the mode, and nothing where nothing differs', async () => {
    const before = writes().length;
    const unchanged = await attachJson();
    assert.deepEqual([unchanged.action, unchanged.verified, writes().length], ['unchanged', false, before]);
    const { action, checkId, mode } = await attachJson('--mode', 'enforce');
    assert.deepEqual([action, checkId, mode], ['changed', unchanged.checkId, 'enforce']);
    assert.deepEqual(writes().slice(before).map((write) => write.split(' ')[0]), ['PATCH']);
    const [check, ...others] = await api.checks(2);
    assert.deepEqual([(JSON.parse(check!.settings.inputs['body']!) as { mode: string }).mode, others], ['enforce', []]);
  });

  it('makes the polling form comply: at most ten evaluations, no token', async () => {
    const { form, timeoutMinutes, minutesBetweenEvaluations } = await attachJson('--form', 'polling', '--mode', 'enforce');
    assert.deepEqual([form, timeoutMinutes, minutesBetweenEvaluations], ['polling', 1_440, 144]);
    const [check] = await api.checks(2);
    assert.deepEqual([check!.settings.inputs['waitForCompletion'], check!.settings.inputs['successCriteria'], check!.settings.inputs['headers']!.includes('AuthToken')], ['false', "eq(root['status'], 'approved')", false]);
  });

  it('prints the settings for a person, with the names of the form, and changes nothing', async () => {
    const before = writes().length;
    const { stdout, code } = await attach('--print', '--url', 'https://holdpoint.example.com');
    assert.equal(code, 0);
    for (const field of ['Server URL', 'Generic service connection', 'Method', 'Headers', 'Body', 'URL suffix and parameters', 'Completion event', 'Time between evaluations (minutes)', 'Timeout (minutes)']) assert.ok(stdout.includes(field), field);
    assert.match(stdout, /Callback/);
    assert.equal(stdout.includes('päss'), false);
    assert.equal(writes().length, before);
  });

  it('moves the receiver, refuses a second check of its name, and takes everything away again', async () => {
    await attachJson('--url', 'https://other.example.com');
    assert.equal((await api.connections())[0]!.url, 'https://other.example.com');
    const [own] = await api.checks(2);
    const twin = await api.add({ type: own!.type, settings: own!.settings, resource: own!.resource, timeout: own!.timeout });
    const refused = await attach();
    assert.deepEqual([refused.code, /2 checks named Holdpoint/.test(refused.stderr)], [2, true]);
    await api.remove(twin);

    const removed = await attach('--remove', '--json');
    assert.deepEqual(JSON.parse(removed.stdout), { action: 'removed', verified: false, project: PROJECT, environment: 'production', serviceConnectionWas: 'removed' });
    assert.deepEqual([await api.checks(2), await api.connections()], [[], []]);
    assert.equal((JSON.parse((await attach('--remove', '--json')).stdout) as Attached).action, 'absent');
  });
});
