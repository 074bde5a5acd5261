import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openVault } from '../../activities/secrets/open-vault.ts';
import { ConfigurationError, readAttachConfiguration, readWorkerConfiguration } from '../../workers/configuration.ts';

const azure = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_DEVOPS_URL: 'https://dev.azure.com/contoso/' };

void test('a key of the wrong length is refused by its name, and not shown', () => {
  assert.throws(
    () => readWorkerConfiguration({ ...azure, HOLDPOINT_ESTATE: 'estate/demo.yml', HOLDPOINT_SECRETS_KEY: 'c2hvcnQ=' }),
    (error) => error instanceof ConfigurationError && /HOLDPOINT_SECRETS_KEY: must be base64 of 32 bytes/.test(error.message) && !error.message.includes('c2hvcnQ'),
  );
});

void test('production without a key has no vault; with one it has', () => {
  const own = { HOLDPOINT_PROFILE: 'production', HOLDPOINT_STATE: '/nowhere' } as const;
  assert.equal(openVault(own), null);
  assert.notEqual(openVault({ ...own, HOLDPOINT_SECRETS_KEY: randomBytes(32).toString('base64') }), null);
});

void test('attach needs Azure DevOps and the password of the receiver, and no estate', () => {
  assert.equal(readAttachConfiguration({ ...azure, HOLDPOINT_WEBHOOK_USER: 'u', HOLDPOINT_WEBHOOK_PASSWORD: 'p' }).AZURE_DEVOPS_URL, 'https://dev.azure.com/contoso');
  assert.throws(() => readAttachConfiguration(azure), /HOLDPOINT_WEBHOOK_PASSWORD: is not set/);
  assert.equal(readAttachConfiguration({ ...azure, HOLDPOINT_PROFILE: 'demo' }).HOLDPOINT_WEBHOOK_USER, 'demo');
});
