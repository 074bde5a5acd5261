import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/supervise/settings.ts';
import { freePort } from './free-port.ts';

export interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

/** A state directory and ports of its own, and the project's scripts run on them. */
export interface LocalEstate {
  environment: NodeJS.ProcessEnv & { HOLDPOINT_STATE: string };
  /** Runs `node scripts/<name>` to its end. */
  run(script: string, ...args: string[]): Promise<Ended>;
  /** Stops whatever runs and removes the state. */
  remove(): Promise<void>;
}

export async function localEstate(): Promise<LocalEstate> {
  const port = async () => String(await freePort());
  const environment = {
    ...process.env,
    NO_COLOR: '1', // a CI server's environment would turn colours on also for a pipe
    HOLDPOINT_STATE: mkdtempSync(join(tmpdir(), 'holdpoint-estate-')),
    TEMPORAL_ADDRESS: '',
    TEMPORAL_PORT: await port(),
    TEMPORAL_UI_PORT: await port(),
    SANDBOX_PORT: await port(),
    HOLDPOINT_PORT: await port(),
    HOLDPOINT_WORKER_HEALTH_PORT: await port(),
  };
  const run = (script: string, ...args: string[]) =>
    new Promise<Ended>((resolve) => {
      execFile(process.execPath, [join(root, 'scripts', script), ...args], { cwd: root, env: environment }, (error, stdout, stderr) =>
        resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  return {
    environment,
    run,
    remove: async () => {
      await run('down.ts');
      rmSync(environment.HOLDPOINT_STATE, { recursive: true, force: true });
    },
  };
}
