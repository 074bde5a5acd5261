/** What `npm run up` subscribes the receiver to: as much as the estate needs, once. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { ORGANISATION, PERSONAL_ACCESS_TOKEN } from '../../sandbox/core/tenancy.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { createSandbox } from '../../sandbox/server.ts';
import { subscribeReceiver } from '../../scripts/supervise/subscriptions.ts';
import { askJson } from '../../scripts/supervise/web.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-hooks-'));
const sandbox = await createSandbox({ stateDir: directory, port: 0, seed: false });
after(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

const estateFile = join(directory, 'estate.yml');
const writeEstate = (more: object): void => writeFileSync(estateFile, stringify({ ...(parse(readFileSync('estate/demo.yml', 'utf8')) as object), ...more }));
const environment = { ...sandboxEnvironment(sandbox), HOLDPOINT_PROFILE: 'demo', HOLDPOINT_STATE: directory, HOLDPOINT_ESTATE: estateFile };
const up = (port: number) => subscribeReceiver({ sandbox: { url: sandbox.url, port: 0, caFile: sandbox.caFile }, receiver: { url: `http://127.0.0.1:${port}`, port }, environment });

interface Found {
  publisherId: string;
  eventType: string;
  publisherInputs: Record<string, string>;
  consumerInputs: Record<string, string>;
}
const address = `${sandbox.url}/ado/${ORGANISATION}/_apis/hooks/subscriptions?api-version=7.1`;
const options = { caFile: sandbox.caFile, headers: { authorization: `Basic ${Buffer.from(`:${PERSONAL_ACCESS_TOKEN}`).toString('base64')}` } };
const found = async (): Promise<Found[]> => (await askJson<{ value: Found[] }>(address, options)).value;
const writes = (): string[] => sandbox.context.ledger.since(0).filter(({ method, changed }) => method !== 'GET' && changed).map(({ method }) => method);

const pullRequests = ['tfs git.pullrequest.merged', 'tfs git.pullrequest.updated'];
const buildsAndApprovals = [
  'pipelines ms.vss-pipelinechecks-events.approval-completed',
  'pipelines ms.vss-pipelinechecks-events.approval-pending',
  'pipelines ms.vss-pipelines.run-state-changed-event',
  'rm ms.vss-release.deployment-approval-completed-event',
  'rm ms.vss-release.deployment-approval-pending-event',
  'tfs build.complete',
];

test('pull requests for every estate; builds and approvals as well once a pipeline is accompanied; each once, also at a new address', async () => {
  const [user, password] = ['somebody', 'else'];
  await askJson(address, { ...options, method: 'POST', body: { publisherId: 'tfs', eventType: 'git.pullrequest.merged', resourceVersion: '1.0', consumerId: 'webHooks', consumerActionId: 'httpRequest', publisherInputs: {}, consumerInputs: { url: 'https://chat.example.com/hook', basicAuthUsername: user, basicAuthPassword: password } } });
  const own = async () => (await found()).filter(({ consumerInputs: { url } }) => url?.endsWith('/webhooks/azure-devops'));
  const names = async () => (await own()).map(({ publisherId, eventType }) => `${publisherId} ${eventType}`).sort();

  writeEstate({});
  await up(8480);
  assert.deepEqual(await names(), pullRequests);

  writeEstate({ execution: { training: 'accompany' } });
  await up(8480);
  assert.deepEqual(await names(), [...buildsAndApprovals, ...pullRequests]);
  const before = writes().length;
  await up(8480);
  assert.equal(writes().length, before, 'the second call changes nothing');

  await up(9480);
  assert.deepEqual([...new Set((await own()).map(({ consumerInputs: { url } }) => url))], ['http://127.0.0.1:9480/webhooks/azure-devops']);
  assert.deepEqual([...new Set(writes().slice(before))], ['PUT']);
  assert.equal((await found()).length, 9);
  assert.ok((await found()).some(({ consumerInputs: { url } }) => url === 'https://chat.example.com/hook'), 'what is somebody else\'s stays');
});
