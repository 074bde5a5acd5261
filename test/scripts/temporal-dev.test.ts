import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { Connection } from '@temporalio/client';
import { searchAttributeTypes } from '../../workflows/domain/search-attributes.ts';
import { freePort } from './free-port.ts';

const script = resolve(import.meta.dirname, '../../temporal-dev.sh');
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-temporal-dev-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** IndexedValueType of Temporal's API. */
const indexedValueType = { Keyword: 2, Datetime: 6 } as const;

interface Ended {
  status: number;
  output: string;
}

function run(option: string | undefined, environment: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(script, option === undefined ? [] : [option], { env: { ...process.env, ...environment } }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

describe('temporal-dev.sh', () => {
  let environment: { HOLDPOINT_STATE: string; TEMPORAL_PORT: string; TEMPORAL_UI_PORT: string; TEMPORAL_ADDRESS: string };
  beforeEach(async () => {
    environment = { HOLDPOINT_STATE: mkdtempSync(join(directory, 'state-')), TEMPORAL_PORT: String(await freePort()), TEMPORAL_UI_PORT: String(await freePort()), TEMPORAL_ADDRESS: '' };
  });
  afterEach(async () => {
    await run('--stop', environment);
  });

  it('starts in the background, says where the Web UI is, and is harmless a second time', async () => {
    const first = await run('--detach', environment);
    assert.equal(first.status, 0, first.output);
    assert.ok(first.output.includes(`http://127.0.0.1:${environment.TEMPORAL_UI_PORT}`), first.output);
    const page = await fetch(`http://127.0.0.1:${environment.TEMPORAL_UI_PORT}`);
    assert.equal(page.status, 200);
    const pid = readFileSync(join(environment.HOLDPOINT_STATE, 'temporal.pid'), 'utf8');

    for (const option of ['--detach', undefined]) {
      const second = await run(option, environment);
      assert.equal(second.status, 0, second.output);
      assert.match(second.output, /already running/);
    }
    assert.equal(readFileSync(join(environment.HOLDPOINT_STATE, 'temporal.pid'), 'utf8'), pid);
    assert.equal((await run('--status', environment)).status, 0);

    const stopped = await run('--stop', environment);
    assert.match(stopped.output, /stopped/);
    assert.equal((await run('--status', environment)).status, 3);
    assert.equal((await run('--stop', environment)).status, 0);
  });

  it('starts once when two start it at the same time', async () => {
    const both = await Promise.all([run('--detach', environment), run('--detach', environment)]);
    assert.deepEqual(both.map(({ status }) => status), [0, 0]);
    assert.deepEqual(both.map(({ output }) => output.includes('already running')).sort(), [false, true]);
  });

  it('registers the search attributes, also on a database that exists, and keeps closed runs for 30 days', async () => {
    const wanted = Object.fromEntries(Object.entries(searchAttributeTypes).map(([name, type]) => [name, indexedValueType[type]]));
    for (const start of ['on an empty directory', 'again']) {
      assert.equal((await run('--detach', environment)).status, 0, start);
      const connection = await Connection.connect({ address: `127.0.0.1:${environment.TEMPORAL_PORT}` });
      try {
        const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
        assert.deepEqual(customAttributes, wanted, start);
        const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
        assert.equal(Number(config?.workflowExecutionRetentionTtl?.seconds), 30 * 24 * 3600, start);
      } finally {
        await connection.close();
      }
      await run('--stop', environment);
    }
  });

  for (const variable of ['TEMPORAL_PORT', 'TEMPORAL_UI_PORT'] as const) {
    it(`names the port when ${variable} is taken by something else, and leaves nothing running`, async () => {
      const other = createServer().listen(Number(environment[variable]), '127.0.0.1');
      await once(other, 'listening');
      try {
        const { status, output } = await run('--detach', environment);
        assert.equal(status, 1);
        assert.match(output, new RegExp(`port ${environment[variable]} is taken .*${variable}`));
        assert.equal((await run('--status', environment)).status, 3);
      } finally {
        other.close();
      }
    });
  }

  it('refuses a second server on other ports for the same state', async () => {
    assert.equal((await run('--detach', environment)).status, 0);
    const { status, output } = await run('--detach', { ...environment, TEMPORAL_PORT: String(await freePort()) });
    assert.equal(status, 1);
    assert.match(output, new RegExp(`already running for this state directory on port ${environment.TEMPORAL_PORT}`));
  });

  it('lets TEMPORAL_ADDRESS beat TEMPORAL_PORT, and starts nothing for an address elsewhere', async () => {
    const port = await freePort();
    const { status, output } = await run('--detach', { ...environment, TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
    assert.equal(status, 0, output);
    assert.match(output, new RegExp(`address 127.0.0.1:${port}`));
    const elsewhere = await run('--detach', { ...environment, TEMPORAL_ADDRESS: 'temporal.example.com:7233' });
    assert.equal(elsewhere.status, 1);
    assert.match(elsewhere.output, /not on this machine/);
  });

  it('stops on a signal when it runs in the foreground', async () => {
    const child = spawn(script, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
    const ready = new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => text.includes('Ctrl-C') && resolve());
    });
    await ready;
    child.kill('SIGINT');
    const [status] = (await once(child, 'exit')) as [number];
    assert.equal(status, 0);
    assert.equal((await run('--status', environment)).status, 3);
  });

  it('does not take a stranger for its server, and does not stop it', async () => {
    const stranger = spawn('sleep', ['60']);
    await once(stranger, 'spawn');
    try {
      writeFileSync(join(environment.HOLDPOINT_STATE, 'temporal.pid'), `${stranger.pid} 1 2\n${environment.HOLDPOINT_STATE}/temporal-1/temporal.db\n`);
      assert.equal((await run('--status', environment)).status, 3);
      assert.match((await run('--stop', environment)).output, /not running/);
      assert.equal(stranger.exitCode, null);
      assert.equal(stranger.signalCode, null);
    } finally {
      stranger.kill();
    }
  });
});

describe('temporal-dev.sh --ensure', () => {
  /** A program that answers like a Temporal CLI with this server version. */
  function fakeCli(serverVersion: string, flags: string): string {
    const bin = mkdtempSync(join(directory, 'bin-'));
    const file = join(bin, 'temporal');
    writeFileSync(file, `#!/bin/sh\ncase "$1" in --version) echo "temporal version 9.9.9 (Server ${serverVersion}, UI 2.0.0)";; *) echo "${flags}";; esac\n`);
    chmodSync(file, 0o755);
    return bin;
  }
  const flags = '--sqlite-pragma --dynamic-config-value --search-attribute';

  it('prefers TEMPORAL_CLI, then a new enough one on PATH', async () => {
    const chosen = join(fakeCli('1.30.0', flags), 'temporal');
    const onPath = fakeCli('1.29.0', flags);
    const PATH = `${onPath}:${process.env.PATH}`;
    assert.match((await run('--ensure', { TEMPORAL_CLI: chosen, PATH })).output, new RegExp(`^${chosen}\n`));
    assert.match((await run('--ensure', { TEMPORAL_CLI: '', PATH })).output, new RegExp(`^${onPath}/temporal\n`));
  });

  it('passes over one on PATH that is too old or lacks a flag, and says why', async () => {
    const old = await run('--find', { TEMPORAL_CLI: '', PATH: `${fakeCli('1.28.3', flags)}:${process.env.PATH}` });
    assert.match(old.output, /not used: its server is 1\.28\.3, needed is 1\.29 or newer/);
    const lacking = await run('--find', { TEMPORAL_CLI: '', PATH: `${fakeCli('1.30.0', '--search-attribute')}:${process.env.PATH}` });
    assert.match(lacking.output, /not used: it does not know --sqlite-pragma/);
  });

  it('refuses a TEMPORAL_CLI that cannot be used instead of taking another', async () => {
    const { status, output } = await run('--ensure', { TEMPORAL_CLI: join(directory, 'nowhere') });
    assert.equal(status, 1);
    assert.match(output, /TEMPORAL_CLI=.* cannot be used/);
  });

  it('prints the search attributes of the one list', async () => {
    const { output } = await run('--search-attributes', {});
    assert.deepEqual(output.trim().split('\n'), Object.entries(searchAttributeTypes).map(([name, type]) => `${name}=${type}`));
  });

  it('says what to do when there is no way to get a CLI', async () => {
    // A checkout without a cache, on a machine with neither Temporal nor Go.
    const checkout = mkdtempSync(join(directory, 'checkout-'));
    mkdirSync(join(checkout, 'scripts'), { recursive: true });
    cpSync(script, join(checkout, 'temporal-dev.sh'));
    cpSync(join(script, '../scripts/temporal'), join(checkout, 'scripts/temporal'), { recursive: true });
    const ended = await new Promise<Ended>((resolve) => {
      execFile(join(checkout, 'temporal-dev.sh'), ['--ensure'], { env: { PATH: '/usr/bin:/bin', HOME: checkout, HOLDPOINT_TEMPORAL_SKIP_DOWNLOAD: '1' } }, (error, stdout, stderr) =>
        resolve({ status: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });
    assert.equal(ended.status, 1);
    assert.match(ended.output, /no Temporal CLI: install it .* or install Go/);
    assert.ok(!existsSync(join(checkout, '.cache/bin/temporal')));
  });
});
