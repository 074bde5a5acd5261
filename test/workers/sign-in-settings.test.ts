import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigurationError, readReceiverConfiguration } from '../../workers/configuration.ts';
import { isLoopbackHost } from '../../workers/network-addresses.ts';

const platforms = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_CLIENT_SECRET: 's', AZURE_DEVOPS_URL: 'https://dev.azure.com/contoso' };
const demo = { ...platforms, HOLDPOINT_PROFILE: 'demo' };
const production = { ...platforms, HOLDPOINT_PROFILE: 'production', HOLDPOINT_ESTATE: 'estate/demo.yml', HOLDPOINT_WEBHOOK_USER: 'hooks', HOLDPOINT_WEBHOOK_PASSWORD: 'a long one' };
const provider = { HOLDPOINT_INBOX_URL: 'https://holdpoint.example.com', HOLDPOINT_OIDC_ISSUER: 'https://login.example.com', HOLDPOINT_OIDC_CLIENT_ID: 'holdpoint' };

/** What the start is refused with; nothing when it is not. */
function complaint(environment: Record<string, string>): string {
  try {
    readReceiverConfiguration(environment);
    return '';
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.message;
  }
}

describe('the claim that names a person', () => {
  it('must be chosen in production, and the refusal says why', () => {
    assert.match(complaint({ ...production, ...provider }), /HOLDPOINT_OIDC_PERSON_CLAIM: is not set; .* one that people cannot change themselves: preferred_username, at many providers, is whatever its owner types/);
    assert.match(complaint({ ...production, ...provider, HOLDPOINT_OIDC_PERSON_CLAIM: '' }), /HOLDPOINT_OIDC_PERSON_CLAIM: is not set/);
    for (const claim of ['oid', 'sub', 'email', 'preferred_username']) assert.equal(complaint({ ...production, ...provider, HOLDPOINT_OIDC_PERSON_CLAIM: claim }), '', claim);
  });

  it('is not asked for without a provider, and has its default in the demo', () => {
    assert.equal(complaint(production), '');
    assert.equal(readReceiverConfiguration({ ...demo, HOLDPOINT_OIDC_ISSUER: 'http://127.0.0.1:1', HOLDPOINT_OIDC_CLIENT_ID: 'h' }).HOLDPOINT_OIDC_PERSON_CLAIM, 'preferred_username');
  });
});

describe('the demo’s users, whose passwords everybody knows', () => {
  it('sign in on this machine only', () => {
    for (const host of ['127.0.0.1', '127.8.9.1', '::1', 'localhost']) assert.equal(complaint({ ...demo, HOLDPOINT_HOST: host }), '', host);
    for (const host of ['0.0.0.0', '::', '10.0.0.7', 'fd00::7', 'holdpoint.internal', '127.0.0.1.example.com', '::ffff:10.0.0.1']) assert.match(complaint({ ...demo, HOLDPOINT_HOST: host }), /HOLDPOINT_DEMO_USERS: .* passwords that everybody knows .* HOLDPOINT_HOST is /, host);
  });

  it('nor where a proxy or a public address leads to this machine', () => {
    assert.match(complaint({ ...demo, HOLDPOINT_INBOX_URL: 'https://holdpoint.example.com' }), /the inbox is at https:\/\/holdpoint\.example\.com/);
    assert.match(complaint({ ...demo, HOLDPOINT_TRUSTED_PROXIES: '10.0.0.7' }), /a proxy stands in front/);
    assert.equal(complaint({ ...demo, HOLDPOINT_INBOX_URL: 'http://[::1]:8480' }), '');
  });

  it('unless they are switched off, or the risk is named', () => {
    const open = { ...demo, HOLDPOINT_HOST: '0.0.0.0' };
    assert.equal(complaint({ ...open, HOLDPOINT_DEMO_USERS: 'off' }), '');
    assert.equal(complaint({ ...open, HOLDPOINT_DEMO_USERS: 'anybody-may-sign-as-alice' }), '');
    assert.match(complaint({ ...open, HOLDPOINT_DEMO_USERS: 'yes' }), /HOLDPOINT_DEMO_USERS: must be off, loopback or anybody-may-sign-as-alice/);
  });

  it('are no users of production, on whatever address', () => {
    for (const users of ['loopback', 'anybody-may-sign-as-alice']) assert.match(complaint({ ...production, HOLDPOINT_DEMO_USERS: users }), /HOLDPOINT_DEMO_USERS: must be off under the profile production/);
    assert.equal(readReceiverConfiguration(production).HOLDPOINT_DEMO_USERS, 'off');
  });
});

void it('the password of the demo’s hooks opens nothing in production', () => {
  assert.match(complaint({ ...production, HOLDPOINT_WEBHOOK_PASSWORD: 'demo' }), /HOLDPOINT_WEBHOOK_PASSWORD: is the demo’s/);
  assert.equal(complaint(demo), '');
});

describe('the proxies whose word is taken', () => {
  it('are addresses and networks, and none by default', () => {
    assert.deepEqual(readReceiverConfiguration(production).HOLDPOINT_TRUSTED_PROXIES, []);
    assert.deepEqual(readReceiverConfiguration({ ...production, HOLDPOINT_TRUSTED_PROXIES: ' 10.0.0.7, 192.168.0.0/16,fd00::/8, ' }).HOLDPOINT_TRUSTED_PROXIES, ['10.0.0.7', '192.168.0.0/16', 'fd00::/8']);
  });

  it('are neither everybody nor anything else', () => {
    for (const list of ['true', '1', '*', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.7:443', 'proxy.internal', '10.0.0.7;10.0.0.8', '10.0.0.0/8/8']) assert.match(complaint({ ...production, HOLDPOINT_TRUSTED_PROXIES: list }), /HOLDPOINT_TRUSTED_PROXIES: must be addresses or networks/, list);
  });
});

void it('this machine has few names', () => {
  assert.deepEqual(['127.0.0.1', '[::1]', 'LOCALHOST', '127.1.2.3'].map(isLoopbackHost), [true, true, true, true]);
  assert.deepEqual(['localhost.example.com', '', '0.0.0.0', '::', '1.127.0.0', '127.0.0.1.nip.io'].map(isLoopbackHost), Array(6).fill(false));
});
