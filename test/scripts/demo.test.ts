import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { root } from '../../scripts/supervise/settings.ts';
import { localEstate, type LocalEstate } from './local-estate.ts';

describe('the demo', () => {
  let estate: LocalEstate;
  before(async () => {
    estate = await localEstate();
  });
  after(() => estate.remove());

  const register = () => JSON.parse(readFileSync(join(estate.environment.HOLDPOINT_STATE, 'pids.json'), 'utf8')) as object;

  it('releases a model with --auto, shows the tags of production, and leaves nothing running', async () => {
    const { status, stdout, stderr } = await estate.run('demo.ts', '--auto');
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /mae [\d.]+ rmse [\d.]+ r2 [\d.]+/);
    assert.match(stdout, /waiting for Stage 1\n.*http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/releaseModel%3AP001/);
    assert.match(stdout, /npm run holdpoint -- approve releaseModel:P001:\S+ --gate stage1 --as alice/);
    assert.match(stdout, /alice: counts/);
    assert.match(stdout, /bob: counts/);
    const version = /succeeded: releaseModel:P001:C001:(\S+)/.exec(stdout)?.[1];
    assert.match(stdout, new RegExp(`model_version +${version}\n +previous_version +1\n`));
    assert.match(stdout, /releaseModel +│ monitoring +│ +\d+\.\d/);
    assert.deepEqual(register(), {});
  });

  it('has another change to release the next time, and stops everything on Ctrl-C', async () => {
    const child = spawn(process.execPath, [join(root, 'scripts/demo.ts')], { cwd: root, env: estate.environment, stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the demo ended before its first gate:\n${output}`)));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('waiting for Stage 1')) resolve();
      });
    });
    child.removeAllListeners('exit');
    // As in a terminal under npm: more than one.
    child.kill('SIGINT');
    child.kill('SIGINT');
    const [status] = (await once(child, 'exit')) as [number];
    assert.equal(status, 130);
    assert.deepEqual(register(), {});
    assert.match((await estate.run('down.ts')).stderr, /Nothing is running/);
  });
});
