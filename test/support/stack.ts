/**
 * The whole product for one test file, on ports of its own: a real Temporal server, the stand-in, the worker and the receiver, each but the first a process that the test
 * may kill and start again; and the platforms as the product's own clients see them.
 *
 * ```ts
 * const stack = await Stack.start({ estate: { monitoring: { for: '2s', every: '1s' } } });
 * after(() => stack.stop());
 * await stack.startWorker();
 * const { change } = await stack.release({ 'config/plants/P001/C001.yml': circuitConfig() });
 * ```
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Client } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import { createAzureMlClients, type AzureMlClients } from '../../activities/azure-ml/clients.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { createAzureDevOpsClients, type AzureDevOpsClients } from '../../activities/azure-devops/clients.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { CLIENT_ID, CLIENT_SECRET, ORGANISATION, PROJECT, TENANT_ID } from '../../sandbox/core/tenancy.ts';
import { createClientSecretCredential } from '../../activities/http/credential.ts';
import { freePort } from '../scripts/free-port.ts';
import { overlay } from '../../scripts/simulate/overlay.ts';
import { PartProcess, type PartOptions } from './part-process.ts';
import { copySeededState } from './seeded-state.ts';
import { StandInControl } from './stand-in-control.ts';
import { startTemporal } from './temporal-server.ts';

export interface StackOptions {
  /** Replaces fields of `estate/demo.yml`: objects are merged, everything else (lists too) is replaced. */
  estate?: object;
  /** Temporal Web UI, at `stack.temporal`'s UI port. */
  ui?: boolean;
  /** Milliseconds after which the product gives up a request; 5000 by default, as in the demo. */
  requestTimeoutMs?: number;
}

export interface WorkerOptions {
  /** `<activity>:before` or `<activity>:afterEffect`: the worker kills itself there. Such a worker is not waited for. */
  killAt?: string;
  /** The task queues that it serves; all by default. */
  queues?: readonly string[];
}

export class Stack {
  /** Removed when the stack stops. Logs are in it, one file for each part. */
  readonly directory: string;
  readonly temporal: TestWorkflowEnvironment;
  /** The stand-in's own API: pull requests, ledger, faults, alerts, chat. */
  readonly standIn: StandInControl;
  /** The platforms, through the product's real clients. */
  readonly azureMl: AzureMlClients;
  readonly azureDevOps: AzureDevOpsClients;
  /** The processes that run now. */
  worker: PartProcess | null = null;
  receiver: PartProcess | null = null;
  sandbox: PartProcess;
  readonly #sandboxOptions: PartOptions;
  readonly #environment: Record<string, string>;

  private constructor(directory: string, temporal: TestWorkflowEnvironment, sandbox: PartProcess, sandboxOptions: PartOptions, { url, caFile }: { url: string; caFile: string }, requestTimeoutMs: number) {
    this.directory = directory;
    this.temporal = temporal;
    this.sandbox = sandbox;
    this.#sandboxOptions = sandboxOptions;
    this.standIn = new StandInControl({ url, caFile });
    this.#environment = {
      ...sandboxEnvironment({ url, caFile }),
      HOLDPOINT_PROFILE: 'demo',
      HOLDPOINT_STATE: directory,
      HOLDPOINT_ESTATE: join(directory, 'estate.yml'),
      HOLDPOINT_KEYS: join(directory, 'keys'),
      HOLDPOINT_REQUEST_TIMEOUT_MS: String(requestTimeoutMs),
      HOLDPOINT_APPROVAL_POLL_MS: '1000',
      TEMPORAL_ADDRESS: temporal.address,
      LOG_LEVEL: 'warn',
    };
    const transport = { caFile, requestTimeoutMs: 20_000 };
    const credential = createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: url }, transport);
    this.azureMl = createAzureMlClients({ credential, ...transport, resourceManagerEndpoint: url, blobEndpoint: `${url}/{account}` });
    this.azureDevOps = createAzureDevOpsClients({ credential, ...transport, devOpsUrl: `${url}/ado/${ORGANISATION}`, devOpsProject: PROJECT });
  }

  /** Starts Temporal and a seeded stand-in; worker and receiver come when the test asks for them. */
  static async start({ estate = {}, ui = false, requestTimeoutMs = 5_000 }: StackOptions = {}): Promise<Stack> {
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-stack-'));
    mkdirSync(join(directory, 'logs'));
    const stateDir = join(directory, 'sandbox');
    await copySeededState(stateDir);
    writeEstate(join(directory, 'estate.yml'), estate);
    await mintKeys(join(directory, 'keys'));

    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    const caFile = join(stateDir, 'certificates', 'ca.pem');
    const sandboxOptions = {
      file: 'sandbox/main.ts',
      environment: { HOLDPOINT_STATE: directory, SANDBOX_PORT: String(port) },
      logFile: join(directory, 'logs', 'sandbox.log'),
      healthUrl: `${url}/_sandbox/health`,
      caFile,
    };
    const [temporal, sandbox] = await Promise.all([startTemporal({ ui }), PartProcess.start(sandboxOptions)]);
    return new Stack(directory, temporal, sandbox, sandboxOptions, { url, caFile }, requestTimeoutMs);
  }

  get client(): Client {
    return this.temporal.client;
  }

  /** What every part runs with, for a command line beside them. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  /** The directory of the keys that decisions and the record are signed with. */
  get keysDirectory(): string {
    return join(this.directory, 'keys');
  }

  /** Starts the one worker; the former one must have ended. */
  async startWorker({ killAt, queues }: WorkerOptions = {}): Promise<PartProcess> {
    if (this.worker?.isRunning) throw new Error('a worker runs already');
    const port = await freePort();
    this.worker = PartProcess.launch({
      file: 'workers/main.ts',
      environment: { ...this.#environment, HOLDPOINT_WORKER_HEALTH_PORT: String(port), ...(killAt !== undefined && { HOLDPOINT_KILL_AT: killAt }), ...(queues && { HOLDPOINT_QUEUES: queues.join(',') }) },
      logFile: join(this.directory, 'logs', 'worker.log'),
      healthUrl: `http://127.0.0.1:${port}/readyz`,
    });
    if (killAt === undefined) await this.worker.healthy();
    return this.worker;
  }

  /** Starts the webhook receiver, user `demo` and password `demo`; answers the URL that service hooks go to. */
  async startReceiver(): Promise<string> {
    const port = await freePort();
    this.receiver = await PartProcess.start({
      file: 'starters/receiver/main.ts',
      environment: { ...this.#environment, HOLDPOINT_PORT: String(port) },
      logFile: join(this.directory, 'logs', 'receiver.log'),
      healthUrl: `http://127.0.0.1:${port}/readyz`,
    });
    return `http://127.0.0.1:${port}/webhooks/azure-devops`;
  }

  /** Kills the stand-in and starts it again on its state and port. */
  async restartSandbox(): Promise<void> {
    await this.sandbox.kill();
    this.sandbox = await PartProcess.start(this.#sandboxOptions);
  }

  /** Changes the estate file; runs read it anew at their next step that needs it. */
  writeEstate(estate: object): void {
    writeEstate(join(this.directory, 'estate.yml'), estate);
  }

  /** What a part has logged. */
  log(part: 'sandbox' | 'worker' | 'receiver'): string {
    return readFileSync(join(this.directory, 'logs', `${part}.log`), 'utf8');
  }

  /** Stops everything by its process id and removes the state. */
  async stop(): Promise<void> {
    for (const part of [this.receiver, this.worker]) if (part?.isRunning) await part.stop();
    await this.sandbox.stop();
    await this.temporal.teardown();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function writeEstate(file: string, changes: object): void {
  const demo = parse(readFileSync(fileURLToPath(new URL('../../estate/demo.yml', import.meta.url)), 'utf8')) as object;
  writeFileSync(file, stringify(overlay(demo, changes)));
}
