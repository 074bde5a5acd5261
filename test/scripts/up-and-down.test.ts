import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RegisteredProcess } from '../../scripts/supervise/process-register.ts';
import { askJson, askWeb } from '../../scripts/supervise/web.ts';
import { ORGANISATION, PERSONAL_ACCESS_TOKEN } from '../../sandbox/core/tenancy.ts';
import { localEstate, type LocalEstate } from './local-estate.ts';

interface Addresses {
  temporal: string;
  namespace: string;
  ui: string;
  receiver: string;
  sandbox: string;
  sandboxCa: string;
  stateDir: string;
}

describe('up and down', () => {
  let estate: LocalEstate;
  let addresses: Addresses;
  before(async () => {
    estate = await localEstate();
    const { status, stdout, stderr } = await estate.run('up.ts', '--detach', '--json');
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trim().split('\n').length, 1);
    addresses = JSON.parse(stdout) as Addresses;
  });
  after(() => estate.remove());

  const processes = () => JSON.parse(readFileSync(join(addresses.stateDir, 'pids.json'), 'utf8')) as Record<string, RegisteredProcess>;
  const subscriptions = async () =>
    (
      await askJson<{ value: { eventType: string; consumerInputs: { url: string } }[] }>(`${addresses.sandbox}/ado/${ORGANISATION}/_apis/hooks/subscriptions?api-version=7.1`, {
        caFile: addresses.sandboxCa,
        headers: { authorization: `Basic ${Buffer.from(`:${PERSONAL_ACCESS_TOKEN}`).toString('base64')}` },
      })
    ).value;

  it('prints where everything is, and everything answers there', async () => {
    const { environment } = estate;
    assert.deepEqual(addresses, {
      temporal: `127.0.0.1:${environment.TEMPORAL_PORT}`,
      namespace: 'default',
      ui: `http://127.0.0.1:${environment.TEMPORAL_UI_PORT}`,
      receiver: `http://127.0.0.1:${environment.HOLDPOINT_PORT}`,
      sandbox: `https://127.0.0.1:${environment.SANDBOX_PORT}`,
      sandboxCa: addresses.sandboxCa,
      stateDir: environment.HOLDPOINT_STATE,
    });
    assert.equal((await askWeb(addresses.ui)).status, 200);
    assert.equal((await askWeb(`${addresses.receiver}/readyz`)).status, 200);
    assert.equal((await askWeb(`http://127.0.0.1:${environment.HOLDPOINT_WORKER_HEALTH_PORT}/readyz`)).status, 200);
    const { seeded } = await askJson<{ seeded: boolean }>(`${addresses.sandbox}/_sandbox/health`, { caFile: addresses.sandboxCa });
    assert.equal(seeded, true);
    assert.deepEqual(Object.keys(processes()).sort(), ['receiver', 'sandbox', 'worker']);
  });

  it('subscribes the receiver to completed and updated pull requests', async () => {
    const url = `${addresses.receiver}/webhooks/azure-devops`;
    assert.deepEqual((await subscriptions()).map(({ eventType, consumerInputs }) => [eventType, consumerInputs.url]), [
      ['git.pullrequest.merged', url],
      ['git.pullrequest.updated', url],
    ]);
  });

  it('keeps what runs when it is called again, and starts what died', async () => {
    const first = processes();
    const again = await estate.run('up.ts', '--detach', '--json');
    assert.equal(again.status, 0, again.stderr);
    assert.deepEqual(JSON.parse(again.stdout), addresses);
    assert.deepEqual(processes(), first);

    process.kill(first.worker!.pid, 'SIGKILL');
    const afterCrash = await estate.run('up.ts', '--detach');
    assert.equal(afterCrash.status, 0, afterCrash.stderr);
    const { worker, ...others } = processes();
    assert.notEqual(worker?.pid, first.worker?.pid);
    assert.deepEqual({ ...others, worker: first.worker }, first);
    assert.equal((await subscriptions()).length, 2);
  });

  it('empties the state with --fresh', async () => {
    const trace = join(addresses.stateDir, 'trace-of-the-past');
    writeFileSync(trace, '');
    const { status, stderr } = await estate.run('up.ts', '--detach', '--fresh');
    assert.equal(status, 0, stderr);
    assert.throws(() => readFileSync(trace), { code: 'ENOENT' });
    assert.equal((await subscriptions()).length, 2);
  });

  it('stops everything, and says so', async () => {
    const { status, stderr } = await estate.run('down.ts');
    assert.equal(status, 0);
    for (const part of ['temporal', 'sandbox', 'worker', 'receiver']) assert.match(stderr, new RegExp(`Stopped: .*${part}`));
    assert.deepEqual(processes(), {});
    await assert.rejects(askWeb(addresses.ui));
    await assert.rejects(askWeb(`${addresses.receiver}/readyz`));
    await assert.rejects(askWeb(`${addresses.sandbox}/_sandbox/health`, { caFile: addresses.sandboxCa }));
    assert.match((await estate.run('down.ts')).stderr, /Nothing is running/);
  });
});
