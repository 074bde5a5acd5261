import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PartFailed } from './start-part.ts';
import { root, type Settings } from './settings.ts';

/** Starts Temporal in the background unless it runs; `onStarted` is called before the start, when there is something to stop. */
export async function startTemporal(settings: Settings, signal: AbortSignal, onStarted: () => void): Promise<void> {
  if (await isTemporalRunning(settings)) return;
  signal.throwIfAborted();
  onStarted();
  const { status, output } = await temporalScript(settings, '--detach', signal);
  signal.throwIfAborted();
  if (status !== 0) throw new PartFailed(`Temporal cannot start.\n${output}`);
}

export async function isTemporalRunning(settings: Settings): Promise<boolean> {
  return (await temporalScript(settings, '--status')).status === 0;
}

/** Stops it; false if it did not run. */
export async function stopTemporal(settings: Settings): Promise<boolean> {
  if (!(await isTemporalRunning(settings))) return false;
  const { status, output } = await temporalScript(settings, '--stop');
  if (status !== 0) throw new PartFailed(`Temporal cannot be stopped.\n${output}`);
  return true;
}

function temporalScript({ environment }: Settings, option: string, signal?: AbortSignal): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'temporal-dev.sh'), [option], { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    // Terminated, the script takes back what it has started so far.
    const stop = () => child.kill('SIGTERM');
    signal?.addEventListener('abort', stop, { once: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    // `exit`, not `close`: the server that it leaves behind writes to its log, but may hold these pipes for a moment.
    child.once('exit', (status) => {
      signal?.removeEventListener('abort', stop);
      resolve({ status, output: output.trim() });
    });
  });
}
