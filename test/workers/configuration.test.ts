import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigurationError, readReceiverConfiguration, readRecordConfiguration, readTemporalConfiguration, readWorkerConfiguration } from '../../workers/configuration.ts';

const azure = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_CLIENT_SECRET: 's', AZURE_DEVOPS_URL: 'https://dev.azure.com/contoso/' };
const demo = { HOLDPOINT_PROFILE: 'demo', ...azure };
const refusal = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.message;
  }
  return assert.fail('nothing was refused');
};

describe('configuration', () => {
  it('fills in the demo, and leaves production to its operator', () => {
    const { HOLDPOINT_REQUEST_TIMEOUT_MS, estateFile, temporalAddress, HOLDPOINT_QUEUES, AZURE_DEVOPS_URL } = readWorkerConfiguration(demo);
    assert.deepEqual([HOLDPOINT_REQUEST_TIMEOUT_MS, temporalAddress, HOLDPOINT_QUEUES.length, AZURE_DEVOPS_URL], [5000, '127.0.0.1:7233', 11, 'https://dev.azure.com/contoso']);
    assert.match(estateFile, /estate\/demo\.yml$/);
    assert.equal(readWorkerConfiguration({ ...azure, HOLDPOINT_ESTATE: 'estate/demo.yml' }).HOLDPOINT_PROFILE, 'production');
  });

  it('keeps record, anchors and keys with the other state, unless they are elsewhere', () => {
    const { recordLocation, anchorsLocation, keysDirectory } = readRecordConfiguration({ HOLDPOINT_STATE: '/state', HOLDPOINT_ANCHORS: 'https://account.blob.core.windows.net/anchors/' });
    assert.deepEqual([recordLocation, anchorsLocation, keysDirectory], ['/state/record', 'https://account.blob.core.windows.net/anchors', '/state/keys']);
  });

  it('lets TEMPORAL_ADDRESS beat TEMPORAL_PORT', () => {
    assert.equal(readWorkerConfiguration({ ...demo, TEMPORAL_PORT: '7300' }).temporalAddress, '127.0.0.1:7300');
    assert.equal(readWorkerConfiguration({ ...demo, TEMPORAL_PORT: '7300', TEMPORAL_ADDRESS: 'temporal.example:7233' }).temporalAddress, 'temporal.example:7233');
  });

  for (const [name, environment, message] of [
    ['a missing variable', { ...demo, AZURE_DEVOPS_URL: undefined }, /AZURE_DEVOPS_URL: is not set/],
    ['a port that is none', { ...demo, TEMPORAL_PORT: 'http' }, /TEMPORAL_PORT: /],
    ['a queue that does not exist', { ...demo, HOLDPOINT_QUEUES: 'holdpoint-azure-ml,typo' }, /HOLDPOINT_QUEUES: /],
    ['a profile that does not exist', { ...demo, HOLDPOINT_PROFILE: 'staging' }, /HOLDPOINT_PROFILE: /],
    ['a malformed kill switch', { ...demo, HOLDPOINT_KILL_AT: 'promoteModel' }, /HOLDPOINT_KILL_AT: must be/],
    ['a kill switch in production', { ...azure, HOLDPOINT_ESTATE: 'estate/demo.yml', HOLDPOINT_KILL_AT: 'promoteModel:before' }, /HOLDPOINT_KILL_AT: only a test worker/],
    ['a statement about principals that is none', { ...demo, TEMPORAL_PRINCIPALS: 'perhaps' }, /TEMPORAL_PRINCIPALS: /],
    ['production without an estate', azure, /HOLDPOINT_ESTATE: is not set/],
  ] as const) {
    it(`names ${name}`, () => assert.match(refusal(() => readWorkerConfiguration(environment)), message));
  }

  it('names every wrong variable at once', () => {
    const message = refusal(() => readReceiverConfiguration({ HOLDPOINT_ESTATE: 'estate/demo.yml' }));
    for (const variable of ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_DEVOPS_URL', 'HOLDPOINT_WEBHOOK_USER', 'HOLDPOINT_WEBHOOK_PASSWORD']) assert.match(message, new RegExp(`${variable}: is not set`));
  });

  it('never repeats a secret', () => assert.doesNotMatch(refusal(() => readReceiverConfiguration({ ...demo, HOLDPOINT_WEBHOOK_PASSWORD: 'hunter2', HOLDPOINT_PORT: 'x' })), /hunter2/));

  it('is enough for the demo without any variable but the profile', () => assert.equal(readTemporalConfiguration({ HOLDPOINT_PROFILE: 'demo' }).uiUrl, 'http://127.0.0.1:8233'));
});
