/** Commands that reach a platform, where the way to it is wrong: each names what to set, and none prints a stack trace. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { assertRefused as refused, holdpointAt } from './run-holdpoint.ts';

const state = mkdtempSync(join(tmpdir(), 'holdpoint-platform-errors-'));
const alone = holdpointAt('127.0.0.1:1');
/** A tenant's id of the right form, and nobody at any address; no instance metadata either, so that a machine in a cloud is as one on a desk. */
const way = {
  HOLDPOINT_STATE: state,
  HOLDPOINT_ESTATE: fileURLToPath(new URL('../../estate/demo.yml', import.meta.url)),
  HOLDPOINT_WEBHOOK_USER: 'u',
  HOLDPOINT_WEBHOOK_PASSWORD: 'p',
  AZURE_TENANT_ID: '00000000-0000-0000-0000-000000000009',
  AZURE_CLIENT_ID: 'c',
  AZURE_CLIENT_SECRET: 's',
  AZURE_AUTHORITY_HOST: 'https://127.0.0.1:1',
  AZURE_DEVOPS_URL: 'https://127.0.0.1:1/organisation',
  AZURE_RESOURCE_MANAGER_ENDPOINT: 'https://127.0.0.1:1',
  AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
};

before(() => mintKeys(join(state, 'keys')));
after(() => rmSync(state, { recursive: true, force: true }));

const commands: [string, string[], Record<string, string>][] = [
  ['audit --period', ['audit', '--period', '2026-11'], {}],
  ['audit of a record in Azure', ['audit', '--verify'], { HOLDPOINT_RECORD: 'https://127.0.0.1:1/record' }],
  ['attach', ['attach', 'azure-pipelines', '--project', 'p', '--environment', 'e', '--url', 'https://holdpoint.example.com'], {}],
];

describe('a platform that cannot be signed in to', () => {
  for (const [name, args, more] of commands) {
    for (const [what, code, message, environment] of [
      ['without a secret or any other way', 1, /sign-in refused: [^]*AZURE_CLIENT_SECRET is not set/, { AZURE_CLIENT_SECRET: '' }],
      ['whose sign-in is away', 1, /sign-in: no usable answer[^]*AZURE_/, {}],
      ['for a tenant that is none', 2, /AZURE_TENANT_ID: is no tenant id/, { AZURE_TENANT_ID: 'bad!tenant' }],
      ['by plain HTTP', 2, /AZURE_AUTHORITY_HOST: must begin with https/, { AZURE_AUTHORITY_HOST: 'http://127.0.0.1:1' }],
      ['with an authority that cannot be read', 2, /AZURE_CA_FILE: \/no\/such\/file cannot be read/, { AZURE_CA_FILE: '/no/such/file' }],
      ['without its variables', 2, /AZURE_CLIENT_ID: is not set[^]*variables of the/, { AZURE_CLIENT_ID: '' }],
    ] as const) {
      it(`${name}: ${what}`, async () => {
        const ended = await alone(args, { environment: { ...way, ...more, ...environment } });
        refused(ended, code, message);
        assert.doesNotMatch(ended.stderr, /\n {4}at |defect of holdpoint/);
      });
    }
  }

  it('says how the audit goes without', async () => refused(await alone(['audit', '--period', '2026-11'], { environment: way }), 1, /--no-platform/));
  it('names the estate file', async () => refused(await alone(['audit', '--period', '2026-11'], { environment: { ...way, HOLDPOINT_ESTATE: '/no/such.yml' } }), 2, /HOLDPOINT_ESTATE/));
  for (const [name, args, environment] of [
    ['audit', ['audit', '--period', '2026-11'], { AZURE_RESOURCE_MANAGER_ENDPOINT: 'http://127.0.0.1:1' }],
    ['attach', commands[2]![1], { AZURE_DEVOPS_URL: 'http://127.0.0.1:1' }],
  ] as const) it(`sends no credential by plain HTTP: ${name}`, async () => refused(await alone([...args], { environment: { ...way, ...environment } }), 2, /credentials go over https:\/\/ only/));
});
