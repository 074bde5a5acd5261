import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { workspaceId } from '../../../activities/azure-resource-manager/resource-ids.ts';
import { vendorAnswer } from '../../../activities/http/classify.ts';
import { createClientSecretCredential } from '../../../activities/http/credential.ts';
import { CLIENT_ID, TENANT_ID } from '../../../sandbox/core/tenancy.ts';
import { devWorkspace } from '../support/circuits.ts';
import { failure, Platforms, quiet } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const { arm } = createAzureMlClients(platforms.settings);
const url = workspaceId(devWorkspace);
const raw = () => arm.send({ method: 'GET', url, query: { 'api-version': '2022-10-01', secret: 'hush' } });
const typed = () => arm.typed(devWorkspace.subscriptionId, (client) => client.workspaces.get(devWorkspace.resourceGroup, devWorkspace.workspace));

for (const [status, type, nonRetryable] of [
  [400, 'InvalidRequest', true],
  [401, 'Unauthorized', false],
  [403, 'Unauthorized', false],
  [404, 'NotFound', true],
  [409, 'Busy', false],
  [412, 'Busy', false],
  [422, 'InvalidRequest', true],
  [429, 'Throttled', false],
  [500, 'Unavailable', false],
  [503, 'Unavailable', false],
] as const) {
  void test(`${status} is ${type}, from the raw and from the typed client`, async () => {
    for (const call of [raw, typed]) {
      platforms.fault({ path: `^${url}$` }, { kind: 'status', status });
      await assert.rejects(call(), (error) => {
        assert.ok(failure(type, nonRetryable)(error), String(error));
        assert.equal(vendorAnswer(error)?.status, status);
        return true;
      });
    }
  });
}

void test('the message says what was asked and answered, and nothing secret', async () => {
  platforms.fault({ path: `^${url}$` }, { kind: 'status', status: 429, retryAfterS: 3 });
  await assert.rejects(raw(), (error) => {
    assert.ok(error instanceof ApplicationFailure);
    assert.match(error.message, /^GET \/subscriptions\/.*\/dev-ml-workspace: 429 TooManyRequests: .*\(request [0-9a-f-]{36}\)$/);
    assert.doesNotMatch(error.message, /hush|api-version/);
    assert.equal(error.nextRetryDelay, 3_000);
    return true;
  });
});

void test('a lost connection and a silent platform are unavailable', async () => {
  platforms.fault({ path: `^${url}$` }, { kind: 'cutAfterAccept' });
  await assert.rejects(raw(), failure('Unavailable', false, /^GET .*: no answer: ECONNRESET/));
  platforms.fault({ path: `^${url}$` }, { kind: 'slow', ms: 3_000 });
  await assert.rejects(typed(), failure('Unavailable', false, /ETIMEDOUT: nothing within 1500 ms/));
});

void test('a cancelled activity gives up reading at once', async () => {
  platforms.fault({ path: `^${url}$` }, { kind: 'slow', ms: 1_400 });
  const environment = new MockActivityEnvironment({}, quiet);
  const reading = environment.run(raw);
  setTimeout(() => environment.cancel('CANCELLED'), 50);
  await assert.rejects(reading, CancelledFailure);
});

void test('a wrong secret is refused, an Entra ID that is away is waited for', async () => {
  const signIn = (authorityHost: string) => {
    const secret = { tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: 'wrong', authorityHost };
    const clients = createAzureMlClients({ ...platforms.settings, credential: createClientSecretCredential(secret, platforms.settings) });
    return clients.arm.send({ method: 'GET', url, query: { 'api-version': '2022-10-01' } });
  };
  await assert.rejects(signIn(platforms.sandbox.url), failure('Unauthorized', false, /AADSTS7000215/));
  await assert.rejects(signIn('https://127.0.0.1:9'), failure('Unavailable', false));
});
