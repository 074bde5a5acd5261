import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ClientSecretCredential } from '@azure/identity';
import { bearerTokenAuthenticationPolicy, createHttpHeaders, createPipelineFromOptions, createPipelineRequest, createDefaultHttpClient } from '@azure/core-rest-pipeline';
import { AUDIENCE, CLIENT_ID, SUBSCRIPTION_ID, TENANT_ID } from '../../../sandbox/core/tenancy.ts';
import { StandIn } from '../support/stand-in.ts';

const ALERTS = `/subscriptions/${SUBSCRIPTION_ID}/providers/Microsoft.AlertsManagement/alerts?api-version=2019-05-05-preview`;
const HOUR_MS = 3600 * 1000;

function credential(standIn: StandIn, secret = 'sandbox-secret'): ClientSecretCredential {
  return new ClientSecretCredential(TENANT_ID, CLIENT_ID, secret, {
    authorityHost: standIn.url,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

void test('a token of @azure/identity is good for its audience only, and for an hour', async (t) => {
  const standIn = await StandIn.start(t);
  const { token, expiresOnTimestamp } = await credential(standIn).getToken(`${AUDIENCE.resourceManager}/.default`);
  assert.ok(Math.abs(expiresOnTimestamp - Date.now() - HOUR_MS) < 60_000);
  assert.equal((await standIn.call('GET', ALERTS, undefined, bearer(token))).status, 200);

  const wrong = await credential(standIn).getToken(`${AUDIENCE.machineLearning}/.default`);
  const refused = await standIn.call<{ error: { code: string } }>('GET', ALERTS, undefined, bearer(wrong.token));
  assert.equal(refused.status, 401);
  assert.equal(refused.body.error.code, 'InvalidAuthenticationTokenAudience');

  await standIn.advance(HOUR_MS);
  const expired = await standIn.call<{ error: { code: string } }>('GET', ALERTS, undefined, bearer(token));
  assert.equal(expired.status, 401);
  assert.equal(expired.body.error.code, 'ExpiredAuthenticationToken');
});

void test('a missing and a forged token are refused', async (t) => {
  const standIn = await StandIn.start(t);
  assert.equal((await standIn.call('GET', ALERTS)).status, 401);
  const [header, payload] = standIn.context.tokens.issue(AUDIENCE.resourceManager).split('.');
  assert.equal((await standIn.call('GET', ALERTS, undefined, bearer(`${header}.${payload}.forged`))).status, 401);
});

void test('a wrong secret and an unknown audience end in the errors of Entra ID', async (t) => {
  const standIn = await StandIn.start(t);
  await assert.rejects(credential(standIn, 'wrong').getToken(`${AUDIENCE.resourceManager}/.default`), /AADSTS7000215/);
  await assert.rejects(credential(standIn).getToken('https://unknown.example/.default'), /AADSTS500011/);
});

void test('after an advance of the clock the SDK fetches a new token by itself', async (t) => {
  const standIn = await StandIn.start(t);
  const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 }, tlsOptions: { ca: readFileSync(standIn.caFile, 'utf8') } });
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential: credential(standIn), scopes: `${AUDIENCE.resourceManager}/.default` }));
  const get = async () =>
    (await pipeline.sendRequest(createDefaultHttpClient(), createPipelineRequest({ url: standIn.url + ALERTS, headers: createHttpHeaders() }))).status;
  assert.equal(await get(), 200);
  await standIn.advance(2 * HOUR_MS);
  assert.equal(await get(), 200);
  assert.equal((await standIn.ledger()).filter(({ path }) => path.endsWith('/token')).length, 2);
});

void test('what the seed does with its token is neither recorded nor met by a fault', async (t) => {
  const standIn = await StandIn.start(t);
  await standIn.fault({ method: 'GET', path: 'alerts', times: 1 }, { kind: 'status', status: 500 });
  const statuses = [];
  for (const unrecorded of [true, false]) {
    const token = standIn.context.tokens.issue(AUDIENCE.resourceManager, 60, unrecorded);
    statuses.push((await standIn.call('GET', ALERTS, undefined, bearer(token))).status);
  }
  assert.deepEqual(statuses, [200, 500]);
  assert.deepEqual((await standIn.ledger()).map(({ status }) => status), [500]);
});

void test('tokens stay good across a restart', async (t) => {
  const standIn = await StandIn.start(t);
  const token = standIn.context.tokens.issue(AUDIENCE.resourceManager);
  await standIn.restart();
  assert.equal((await standIn.call('GET', ALERTS, undefined, bearer(token))).status, 200);
});
