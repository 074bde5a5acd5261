import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { Platforms } from '../activities/support/platforms.ts';
import { freePort } from '../scripts/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { startTemporal } from '../support/temporal-server.ts';

const platforms = await Platforms.start({ seed: false });
const state = mkdtempSync(join(tmpdir(), 'holdpoint-receiver-'));
after(() => rmSync(state, { recursive: true, force: true }));
const main = fileURLToPath(new URL('../../starters/receiver/main.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

function receiver(environment: Record<string, string>): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [main], { cwd: root, env: { HOLDPOINT_PROFILE: 'demo', HOLDPOINT_PORT: '0', HOLDPOINT_STATE: state, ...sandboxEnvironment(platforms.sandbox), ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Where it listens, as its log says. */
async function listening(child: { stdout: Readable }): Promise<string> {
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    const found = /Server listening at (http:\/\/[^"]+)/.exec(chunk as string)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error('the receiver ended before it listened');
}

/** A port where nothing listens until `open` makes it lead to `target`. */
async function gateway(target: string): Promise<{ address: string; open: () => Promise<Server> }> {
  const [host, port] = target.split(':') as [string, string];
  const forward = (): Server => createServer((inner) => {
    const outer = connect(Number(port), host);
    inner.pipe(outer).pipe(inner);
    for (const socket of [inner, outer]) socket.on('error', () => [inner, outer].forEach((each) => each.destroy()));
  });
  const free = await freePort();
  return {
    address: `127.0.0.1:${free}`,
    async open() {
      const server = forward().listen(free, '127.0.0.1');
      await once(server, 'listening');
      return server;
    },
  };
}

describe('the receiver process', () => {
  it('starts while Temporal is away, recovers when it comes, and ends cleanly on SIGTERM', async (test) => {
    const temporal = await startTemporal();
    test.after(() => temporal.teardown());
    const { address, open } = await gateway(temporal.address);
    const child = receiver({ TEMPORAL_ADDRESS: address });
    test.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const said = text(child.stderr);
    const url = await listening(child);
    const status = async (path: string): Promise<number> => (await fetch(`${url}${path}`)).status;
    assert.deepEqual([await status('/healthz'), await status('/readyz')], [200, 503]);

    const way = await open();
    test.after(() => way.close());
    await eventually(async () => assert.equal(await status('/readyz'), 200));
    const { pullRequestId, repositoryId } = await platforms.control<{ pullRequestId: number; repositoryId: string }>('pull-requests', { title: 'Tune', createdBy: 'dana@example.com', files: { 'config/plants/P001/C001.yml': 'x' }, deliver: false });
    const response = await fetch(`${url}/webhooks/azure-devops`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('demo:demo').toString('base64')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'event-1', eventType: 'git.pullrequest.merged', resource: { pullRequestId, repository: { id: repositoryId } } }),
    });
    assert.deepEqual([response.status, await response.json()], [202, { workflowId: `releaseChange:${repositoryId}:${pullRequestId}`, started: true }]);

    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null], await said);
  });

  it('names what is wrong with its environment', async () => {
    const child = receiver({ HOLDPOINT_PROFILE: 'production', AZURE_DEVOPS_URL: 'nowhere' });
    const [said, exited] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.deepEqual(exited, [2, null]);
    for (const name of ['AZURE_DEVOPS_URL', 'HOLDPOINT_WEBHOOK_USER', 'HOLDPOINT_WEBHOOK_PASSWORD']) assert.match(said, new RegExp(name));
  });
});
