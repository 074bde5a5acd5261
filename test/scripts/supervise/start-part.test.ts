import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { emptyState } from '../../../scripts/supervise/empty-state.ts';
import type { Part } from '../../../scripts/supervise/parts.ts';
import { ProcessRegister } from '../../../scripts/supervise/process-register.ts';
import { stopProcess } from '../../../scripts/supervise/processes.ts';
import { prepareState, readSettings, root, type Settings } from '../../../scripts/supervise/settings.ts';
import { startPart } from '../../../scripts/supervise/start-part.ts';
import { answersWell } from '../../../scripts/supervise/web.ts';
import { freePort } from '../free-port.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-part-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const never = new AbortController().signal;

describe('a part', () => {
  let settings: Settings;
  let part: Part;
  let started: number;
  const onStarted = () => (started += 1);

  /** A part whose program is this text; it can read its port from PORT. */
  function partRunning(program: string, port: number): Part {
    const file = join(mkdtempSync(join(directory, 'program-')), 'main.mjs');
    writeFileSync(file, program.replaceAll('PORT', String(port)));
    const url = `http://127.0.0.1:${port}`;
    return { name: 'receiver', file, port, portVariable: 'HOLDPOINT_PORT', logFile: join(settings.stateDir, 'logs', 'receiver.log'), isHealthy: () => answersWell(url) };
  }
  const serves = `import { createServer } from 'node:http'; createServer((_, answer) => answer.end('ok')).listen(PORT, '127.0.0.1');`;

  before(() => assert.ok(existsSync(root)));
  beforeEach(async () => {
    started = 0;
    settings = readSettings({ PATH: process.env.PATH, HOLDPOINT_STATE: mkdtempSync(join(directory, 'state-')) });
    await prepareState(settings);
    part = partRunning(serves, await freePort());
  });
  afterEach(async () => {
    for (const process of Object.values(new ProcessRegister(settings.stateDir).running())) await stopProcess(process);
  });

  it('is started once and kept while it runs', async () => {
    await startPart(part, settings, never, onStarted);
    const { receiver } = new ProcessRegister(settings.stateDir).running();
    await startPart(part, settings, never, onStarted);
    assert.equal(started, 1);
    assert.deepEqual(new ProcessRegister(settings.stateDir).running(), { receiver });
    assert.equal(await part.isHealthy(), true);
  });

  it('is started again when its process was killed', async () => {
    await startPart(part, settings, never, onStarted);
    const killed = new ProcessRegister(settings.stateDir).running().receiver!;
    process.kill(killed.pid, 'SIGKILL');
    await stopProcess(killed);
    await startPart(part, settings, never, onStarted);
    assert.equal(started, 2);
    assert.notEqual(new ProcessRegister(settings.stateDir).running().receiver?.pid, killed.pid);
  });

  it('is not started on a port that something else has; the message names it', async () => {
    const other = createServer().listen(part.port, '127.0.0.1');
    await once(other, 'listening');
    try {
      await assert.rejects(startPart(part, settings, never, onStarted), new RegExp(`port ${part.port} is taken .* HOLDPOINT_PORT`));
      assert.equal(started, 0);
    } finally {
      other.close();
    }
  });

  it('that dies while starting shows what it said last', async () => {
    const failing = partRunning(`console.error('no such estate'); process.exit(1);`, part.port);
    await assert.rejects(startPart(failing, settings, never, onStarted), /receiver ended[^]*no such estate/);
  });

  it('is waited for no longer when the start is given up', async () => {
    const silent = partRunning('setInterval(() => {}, 1000);', part.port);
    const giveUp = new AbortController();
    await assert.rejects(
      startPart(silent, settings, giveUp.signal, () => giveUp.abort(new Error('given up'))),
      /given up/,
    );
  });
});

describe('the state directory', () => {
  it('is emptied if it is one', async () => {
    const settings = readSettings({ HOLDPOINT_STATE: mkdtempSync(join(directory, 'state-')) });
    await prepareState(settings);
    writeFileSync(join(settings.stateDir, 'pids.json'), '{}');
    emptyState(settings);
    assert.equal(existsSync(join(settings.stateDir, 'logs')), false);
  });

  it('is left alone if it looks like something else', () => {
    const stateDir = mkdtempSync(join(directory, 'documents-'));
    writeFileSync(join(stateDir, 'thesis.txt'), 'years of work');
    assert.throws(() => emptyState(readSettings({ HOLDPOINT_STATE: stateDir })), /does not look like a state directory/);
    assert.throws(() => emptyState(readSettings({ HOLDPOINT_STATE: root })), /does not look like a state directory/);
    assert.equal(existsSync(join(stateDir, 'thesis.txt')), true);
  });
});

describe('the settings', () => {
  it('keep the demo away from a Temporal and a cloud that the user has for other things', () => {
    const { environment, temporal } = readSettings({ HOLDPOINT_STATE: directory, TEMPORAL_API_KEY: 'secret', TEMPORAL_NAMESPACE: 'prod', AZURE_CLIENT_SECRET: 'real', AZURE_TENANT_ID: 'real', SANDBOX_PORT: '18000' });
    assert.equal(environment.TEMPORAL_API_KEY, undefined);
    assert.equal(environment.TEMPORAL_NAMESPACE, 'default');
    assert.equal(environment.AZURE_CLIENT_SECRET, 'sandbox-secret');
    assert.equal(environment.AZURE_AUTHORITY_HOST, 'https://127.0.0.1:18000');
    assert.notEqual(environment.AZURE_TENANT_ID, 'real');
    assert.equal(temporal.address, '127.0.0.1:7233');
  });

  it('let TEMPORAL_ADDRESS beat TEMPORAL_PORT', () => {
    const { temporal, environment } = readSettings({ HOLDPOINT_STATE: directory, TEMPORAL_ADDRESS: '127.0.0.1:7999', TEMPORAL_PORT: '7111' });
    assert.deepEqual([temporal.address, temporal.port, environment.TEMPORAL_ADDRESS], ['127.0.0.1:7999', 7999, '127.0.0.1:7999']);
  });

  it('name the variable that is wrong', () => {
    assert.throws(() => readSettings({ SANDBOX_PORT: 'many' }), /SANDBOX_PORT/);
    assert.throws(() => readSettings({ HOLDPOINT_PORT: '-1' }), /HOLDPOINT_PORT/);
  });
});
