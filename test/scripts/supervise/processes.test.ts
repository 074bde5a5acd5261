import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { ProcessRegister } from '../../../scripts/supervise/process-register.ts';
import { isAlive, startTimeOf, stopProcess, type ProcessIdentity } from '../../../scripts/supervise/processes.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'holdpoint-processes-'));
after(() => rmSync(stateDir, { recursive: true, force: true }));

const waits = 'setInterval(() => {}, 1000); console.log("ready")';
const staysOnSigterm = `process.on("SIGTERM", () => {}); ${waits}`;

describe('processes', () => {
  let children: ChildProcess[];
  beforeEach(() => {
    children = [];
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  async function started(program: string): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
    const child = spawn(process.execPath, ['-e', program], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    await once(child.stdout, 'data');
    return { child, identity: { pid: child.pid!, startTime: startTimeOf(child.pid!)! } };
  }

  it('are told from a later one with the same id by when they started', async () => {
    const { identity } = await started(waits);
    assert.equal(isAlive(identity), true);
    assert.equal(isAlive({ ...identity, startTime: '1' }), false);
  });

  it('that are strangers are left alone', async () => {
    const { child, identity } = await started(waits);
    assert.equal(await stopProcess({ ...identity, startTime: '1' }), 'gone');
    assert.equal(isAlive(identity), true);
    assert.equal(child.signalCode, null);
  });

  it('end on SIGTERM, or are killed when they do not', async () => {
    const obedient = await started(waits);
    assert.equal(await stopProcess(obedient.identity), 'stopped');
    assert.equal(isAlive(obedient.identity), false);
    assert.equal(await stopProcess(obedient.identity), 'gone');
    const stubborn = await started(staysOnSigterm);
    assert.equal(await stopProcess(stubborn.identity, 200), 'killed');
    assert.equal(isAlive(stubborn.identity), false);
  });

  it('are registered by part, and the dead do not show', async () => {
    const register = new ProcessRegister(stateDir);
    assert.deepEqual(register.running(), {});
    const worker = { ...(await started(waits)).identity, command: 'worker' };
    const receiver = { ...(await started(waits)).identity, command: 'receiver' };
    register.add('worker', worker);
    register.add('receiver', receiver);
    assert.deepEqual(new ProcessRegister(stateDir).running(), { worker, receiver });

    await stopProcess(worker);
    assert.deepEqual(register.running(), { receiver });
    const next = { ...(await started(waits)).identity, command: 'worker' };
    register.add('worker', next);
    register.remove('worker', worker);
    assert.deepEqual(register.running(), { receiver, worker: next });
    register.remove('worker', next);
    assert.deepEqual(register.running(), { receiver });
  });

  it('survive a register that was cut short', () => {
    const register = new ProcessRegister(stateDir);
    writeFileSync(join(stateDir, 'pids.json'), '{"worker": {"pid"');
    assert.deepEqual(register.running(), {});
    register.remove('worker', { pid: 1, startTime: '1' });
    assert.equal(readFileSync(join(stateDir, 'pids.json'), 'utf8'), '{"worker": {"pid"');
  });
});
