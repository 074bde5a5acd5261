import { join } from 'node:path';
import type { Settings } from './settings.ts';
import { answersWell } from './web.ts';

export type PartName = 'sandbox' | 'worker' | 'receiver';

/** A long-running process of the demo beside Temporal, which `temporal-dev.sh` looks after. */
export interface Part {
  name: PartName;
  /** The file that Node runs. */
  file: string;
  port: number;
  /** The environment variable that moves the port. */
  portVariable: string;
  logFile: string;
  isHealthy(): Promise<boolean>;
}

export function parts({ stateDir, sandbox, worker, receiver }: Settings): Record<PartName, Part> {
  const logFile = (name: string) => join(stateDir, 'logs', `${name}.log`);
  return {
    sandbox: {
      name: 'sandbox',
      file: 'sandbox/main.ts',
      port: sandbox.port,
      portVariable: 'SANDBOX_PORT',
      logFile: logFile('sandbox'),
      isHealthy: () => answersWell(`${sandbox.url}/_sandbox/health`, sandbox.caFile),
    },
    worker: {
      name: 'worker',
      file: 'workers/main.ts',
      port: worker.healthPort,
      portVariable: 'HOLDPOINT_WORKER_HEALTH_PORT',
      logFile: logFile('worker'),
      isHealthy: () => answersWell(`${worker.healthUrl}/readyz`),
    },
    receiver: {
      name: 'receiver',
      file: 'starters/receiver/main.ts',
      port: receiver.port,
      portVariable: 'HOLDPOINT_PORT',
      logFile: logFile('receiver'),
      isHealthy: () => answersWell(`${receiver.url}/readyz`),
    },
  };
}
