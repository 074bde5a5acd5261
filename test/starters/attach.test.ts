import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createAzureDevOpsClients } from '../../activities/azure-devops/clients.ts';
import type { RestClient } from '../../activities/http/rest-client.ts';
import { createClientSecretCredential } from '../../activities/http/credential.ts';
import { CLIENT_ID, CLIENT_SECRET, ORGANISATION, PROJECT, TENANT_ID } from '../../sandbox/core/tenancy.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import type { ServiceConnection } from '../../sandbox/azure-devops/checks/service-connections.ts';
import { createSandbox, type Sandbox } from '../../sandbox/server.ts';
import { attachCheck } from '../../starters/attach/azure-pipelines.ts';
import { checksApi } from '../../starters/attach/checks-rest.ts';
import { holdpointAt, type Ended } from './run-holdpoint.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-attach-'));
let sandbox: Sandbox;
let rest: RestClient;
let api: ReturnType<typeof checksApi>;

before(async () => {
  sandbox = await createSandbox({ stateDir: directory, port: 0, seed: false });
  const transport = { caFile: sandbox.caFile, requestTimeoutMs: 3_000 };
  const credential = createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: sandbox.url }, transport);
  rest = createAzureDevOpsClients({ ...transport, credential, devOpsUrl: `${sandbox.url}/ado/${ORGANISATION}`, devOpsProject: PROJECT }).rest;
  api = checksApi(rest, PROJECT);
});
after(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Attached {
  action: string;
  verified: boolean;
  checkId: number;
  serviceConnection: string;
  serviceConnectionAction: string;
  mode: string;
  form: string;
  timeoutMinutes: number;
  minutesBetweenEvaluations: number;
  environment: { id: number; name: string };
}

// Without Temporal: attaching needs none.
const holdpoint = holdpointAt('127.0.0.1:1');
const attachWith = async (environment: Record<string, string>, ...args: string[]): Promise<Ended> =>
  await holdpoint(['attach', 'azure-pipelines', '--project', PROJECT, '--environment', 'production', ...args], { environment: { ...sandboxEnvironment(sandbox), HOLDPOINT_WEBHOOK_USER: 'hooks', HOLDPOINT_WEBHOOK_PASSWORD: 'päss', ...environment } });
const attach = async (...args: string[]): Promise<Ended> => await attachWith({}, ...args);
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
    assert.match((await attach()).stdout, /has the check as wished already.*\n.*as wished already: nothing was changed\./);
    const unchanged = await attachJson();
    assert.equal(unchanged.serviceConnectionAction, 'unchanged');
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

  it('renews the service connection when the password was rotated, once, and keeps the password out of what others read', async () => {
    const url = 'https://holdpoint.example.com';
    const { serviceConnection } = await attachJson('--url', url);
    const stored = (): string | null => sandbox.context.store.get<ServiceConnection>('service-connections', serviceConnection)!.authorization.parameters.password;
    const rotated = { HOLDPOINT_WEBHOOK_PASSWORD: 'rotated-1' };
    const before = writes().length;
    const { code, stdout, stderr } = await attachWith(rotated);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Its service connection holdpoint was renewed/);
    assert.deepEqual([stored(), writes().length], ['rotated-1', before + 1]);
    assert.match((await attachWith(rotated)).stdout, /nothing was changed/);
    assert.equal(writes().length, before + 1);
    assert.equal(JSON.stringify(await api.connections()).includes('rotated'), false);

    // Another user, and a key of its own: noticed as well. Whoever wrote something else into the description keeps it.
    const [own] = await api.connections();
    await api.changeConnection(own!.id, { ...own, description: `${own!.description} Ask the platform team.`, authorization: { scheme: 'UsernamePassword', parameters: { username: 'hooks', password: 'rotated-1' } } });
    for (const environment of [{ ...rotated, HOLDPOINT_WEBHOOK_USER: 'others' }, { ...rotated, HOLDPOINT_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64') }]) {
      assert.match((await attachWith(environment)).stdout, /was renewed/);
      assert.match((await attachWith(environment)).stdout, /nothing was changed/);
    }
    assert.match((await api.connections())[0]!.description!, /^The receiver of Holdpoint.* Ask the platform team\. \[credential [0-9a-f]{16}\]$/);

    // Without any key nobody can know which password was written, so it is written again.
    const keyless = { credentials: { user: 'hooks', password: 'rotated-2' }, markKey: undefined };
    for (const _ of [1, 2]) assert.equal((await attachCheck(rest, { project: PROJECT, environment: 'production', mode: 'observe', form: 'callback', timeoutMinutes: 43_200, ...keyless })).connection.action, 'renewed');
    assert.deepEqual([stored(), /credential/.test((await api.connections())[0]!.description!)], ['rotated-2', false]);
    await attachJson('--remove');
    assert.deepEqual(await api.connections(), []);
  });

  it('takes over no connection that is only called the same, and uses one of another name that points to the receiver', async () => {
    const url = 'https://holdpoint.example.com';
    const { project } = (await api.environments())[0]!;
    const make = async (name: string, type: string, to: string) =>
      await api.addConnection({ name, type, url: to, description: 'ours', authorization: { scheme: 'UsernamePassword', parameters: { username: 'them', password: 'theirs' } }, serviceEndpointProjectReferences: [{ name, projectReference: project }] });
    for (const [type, to] of [['generic', 'https://elsewhere.example.com'], ['azurerm', url]] as const) {
      const theirs = await make('Holdpoint', type, to);
      const before = writes().length;
      for (const args of [['--url', url], []]) {
        const { code, stderr } = await attach(...args);
        assert.equal(code, args.length > 0 ? 1 : 2, stderr);
        assert.match(stderr, args.length > 0 ? new RegExp(`a service connection named Holdpoint already, which is not Holdpoint's: it is of type ${type}, points to ${to}, .*It was not touched`) : /give the receiver's address with --url/);
      }
      assert.equal((await attach('--remove')).code, 0);
      assert.equal(writes().length, before);
      assert.deepEqual((await api.connections()).map(({ id }) => id), [theirs.id]);
      await api.removeConnection(theirs.id, project.id);
    }

    const byHand = await make('release gate', 'generic', `${url}/`);
    const attached = await attachJson('--url', url);
    assert.deepEqual([attached.serviceConnection, attached.serviceConnectionAction], [byHand.id, 'renewed']);
    const [kept, ...others] = await api.connections();
    assert.deepEqual([kept!.name, kept!.authorization.parameters?.username, others], ['release gate', 'hooks', []]);
    assert.equal((await attachJson()).serviceConnectionAction, 'unchanged');
    assert.deepEqual(JSON.parse((await attach('--remove', '--json')).stdout), { action: 'removed', verified: false, project: PROJECT, environment: 'production', serviceConnectionWas: 'kept' });
    await api.removeConnection(byHand.id, project.id);
  });

  it('ends with 1 when Azure DevOps refuses or does not answer: 4 is for Temporal', async () => {
    const { code, stderr } = await attachWith({ AZURE_CLIENT_SECRET: 'wrong' }, '--url', 'https://holdpoint.example.com');
    assert.equal(code, 1, stderr);
    const silent = await attachWith({ AZURE_DEVOPS_URL: 'https://127.0.0.1:1/ado/contoso', HOLDPOINT_REQUEST_TIMEOUT_MS: '1000' }, '--url', 'https://holdpoint.example.com');
    assert.deepEqual([silent.code, /Azure DevOps does not answer/.test(silent.stderr)], [1, true], silent.stderr);
  });
});
