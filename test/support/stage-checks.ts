/**
 * Everything that a held stage needs, for one test file: a real Temporal server, the stand-in with an attached environment, the receiver and the workers of the product, with its real
 * clients.
 *
 * ```ts
 * const checks = await StageChecks.start();
 * after(() => checks.stop());
 * await checks.attach({ mode: 'enforce' });
 * const run = await checks.startRun();
 * await checks.gateOpen(run);
 * await checks.decide(run, 'approve', 'alice');
 * ```
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { parse, stringify } from 'yaml';
import { createAzureDevOpsClients } from '../../activities/azure-devops/clients.ts';
import { createClientSecretCredential } from '../../activities/http/credential.ts';
import type { PlatformSettings } from '../../activities/http/settings.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { openVault } from '../../activities/secrets/open-vault.ts';
import type { SecretVault } from '../../activities/secrets/vault.ts';
import { CLIENT_ID, CLIENT_SECRET, ORGANISATION, PROJECT, TENANT_ID } from '../../sandbox/core/tenancy.ts';
import type { LedgerEntry } from '../../sandbox/core/ledger.ts';
import type { StageRun } from '../../sandbox/azure-devops/checks/stage-runs.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { createSandbox, type Sandbox } from '../../sandbox/server.ts';
import { askJson } from '../../scripts/supervise/web.ts';
import { attachCheck, detachCheck, type Attached, type AttachOptions } from '../../starters/attach/azure-pipelines.ts';
import { decide } from '../../starters/decide.ts';
import { approvals } from '../../starters/receiver/approvals.ts';
import { stageApprovals } from '../../starters/receiver/checks/stage-approvals.ts';
import { createReceiverLogger } from '../../starters/receiver/logger.ts';
import { createReceiver } from '../../starters/receiver/server.ts';
import { createLazyClient } from '../../starters/temporal-connection.ts';
import { createActivities } from '../../workers/activity-sets.ts';
import { bundlePath } from '../../workers/bundle.ts';
import { readReceiverConfiguration } from '../../workers/configuration.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { ApprovePipelineStageResult } from '../../workflows/domain/stage-check.ts';
import { eventually } from './eventually.ts';
import { startTemporal, webUiAddress } from './temporal-server.ts';

export const credentials = { user: 'hooks', password: 'päss-word' };

export interface StageRunOrder {
  environment?: string;
  stage?: string;
  requestedFor?: string;
  pullRequestId?: number;
  tests?: { total: number; passed: number };
}

export interface StageChecksOptions {
  /** Queues whose workers a test runs elsewhere. */
  without?: readonly TaskQueue[];
  /** Temporal Web UI. */
  ui?: boolean;
  /** The receiver has the inbox, with the users of the demo. */
  inbox?: boolean;
}

export class StageChecks {
  readonly directory: string;
  readonly temporal: TestWorkflowEnvironment;
  readonly sandbox: Sandbox;
  readonly vault: SecretVault;
  readonly settings: PlatformSettings;
  readonly log: string[] = [];
  /** Where Azure DevOps reaches the receiver. */
  receiverUrl = '';
  #workers: Worker[] = [];
  #running: Promise<void>[] = [];
  #closing: (() => Promise<void>)[] = [];

  private constructor(directory: string, temporal: TestWorkflowEnvironment, sandbox: Sandbox) {
    this.directory = directory;
    this.temporal = temporal;
    this.sandbox = sandbox;
    this.vault = openVault(this.vaultSettings)!;
    const transport = { caFile: sandbox.caFile, requestTimeoutMs: 3_000 };
    const credential = createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: sandbox.url }, transport);
    this.settings = { ...transport, credential, resourceManagerEndpoint: sandbox.url, blobEndpoint: `${sandbox.url}/{account}`, devOpsUrl: `${sandbox.url}/ado/${ORGANISATION}`, devOpsProject: PROJECT };
  }

  static async start({ without = [], ui = false, inbox = false }: StageChecksOptions = {}): Promise<StageChecks> {
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-checks-'));
    const estate = parse(readFileSync(new URL('../../estate/demo.yml', import.meta.url), 'utf8')) as { azureDevOps: object };
    writeFileSync(join(directory, 'estate.yml'), stringify({ ...estate, azureDevOps: { ...estate.azureDevOps, stages: { watchEvery: '1s' } } }));
    await mintKeys(join(directory, 'keys'));
    const [temporal, sandbox] = await Promise.all([startTemporal({ ui }), createSandbox({ stateDir: join(directory, 'sandbox'), port: 0, seed: false })]);
    const checks = new StageChecks(directory, temporal, sandbox);
    checks.receiverUrl = await checks.listen(temporal.address, checks.vault, { inbox, uiUrl: ui ? webUiAddress(temporal) : undefined });
    await checks.#startWorkers(without);
    return checks;
  }

  /** What a process needs to open the same vault. */
  get vaultSettings() {
    return { HOLDPOINT_PROFILE: 'demo', HOLDPOINT_STATE: this.directory } as const;
  }

  /** What a worker process of the product runs with. */
  get environment(): Record<string, string> {
    return { ...sandboxEnvironment({ url: this.sandbox.url, caFile: this.sandbox.caFile }), ...this.vaultSettings, HOLDPOINT_ESTATE: join(this.directory, 'estate.yml'), TEMPORAL_ADDRESS: this.temporal.address, LOG_LEVEL: 'warn' };
  }

  /** A receiver on a free port; by default with the product's own vault, or with one that a test has made slow; with the product's own inbox, if wished. */
  async listen(temporalAddress: string, vault: SecretVault = this.vault, { inbox = false, uiUrl }: { inbox?: boolean; uiUrl?: string | undefined } = {}): Promise<string> {
    const client = createLazyClient({ temporalAddress });
    const receiver = await createReceiver({
      credentials,
      logger: createReceiverLogger('info', { write: (line) => void this.log.push(line) }),
      readPullRequest: async () => Promise.reject(new Error('no webhook comes in here')),
      releaseBranch: async () => 'refs/heads/main',
      startRelease: async () => Promise.reject(new Error('no webhook comes in here')),
      isTemporalReady: async () => true,
      checks: stageApprovals({ client, vault, organisationUrl: this.settings.devOpsUrl }),
      ...(inbox && (await approvals(readReceiverConfiguration({ ...this.environment, ...(uiUrl !== undefined && { TEMPORAL_UI_URL: uiUrl }) }), client))),
    });
    this.#closing.push(async () => {
      await receiver.close();
      await client.connection.close();
    });
    return await receiver.listen({ host: '127.0.0.1', port: 0 });
  }

  async #startWorkers(without: readonly TaskQueue[]): Promise<void> {
    const shared = { connection: this.temporal.nativeConnection, namespace: this.temporal.namespace ?? 'default', stickyQueueScheduleToStartTimeout: '1s', maxHeartbeatThrottleInterval: '1s' } as const;
    const inState = (name: string): string => join(this.directory, name);
    const own = { ...this.vaultSettings, estateFile: inState('estate.yml'), keysDirectory: inState('keys'), recordLocation: inState('record'), anchorsLocation: inState('anchors'), CHAT_WEBHOOK_URL: `${this.sandbox.url}/chat/webhook/stages`, HOLDPOINT_INBOX_URL: undefined, HOLDPOINT_BUILD: undefined };
    const queues = [TaskQueue.Runbooks, TaskQueue.Record, TaskQueue.Notifications, TaskQueue.AzureDevOps, TaskQueue.Estate].filter((queue) => !without.includes(queue));
    this.#workers = await Promise.all(queues.map((taskQueue) => Worker.create({
      ...shared,
      taskQueue,
      ...(taskQueue === TaskQueue.Runbooks ? { workflowBundle: { codePath: bundlePath } } : { activities: createActivities(taskQueue, this.settings, own) }),
    })));
    this.#running = this.#workers.map((worker) => worker.run());
  }

  get devOps() {
    return createAzureDevOpsClients(this.settings).rest;
  }

  /** Puts the check before `production`, as `holdpoint attach` does. */
  async attach(options: Partial<AttachOptions> = {}): Promise<Attached> {
    return await attachCheck(this.devOps, { project: PROJECT, environment: 'production', mode: 'enforce', form: 'callback', url: this.receiverUrl, timeoutMinutes: 43_200, credentials, ...options });
  }

  async detach(environment = 'production'): ReturnType<typeof detachCheck> {
    return await detachCheck(this.devOps, { project: PROJECT, environment });
  }

  /** A request to the stand-in's own API. */
  async control<T>(method: string, path: string, body?: unknown): Promise<T> {
    return await askJson<T>(`${this.sandbox.url}/_sandbox/${path}`, { method, body, caFile: this.sandbox.caFile, timeoutMs: 20_000 });
  }

  /** A pipeline run whose stage comes to the environment now. */
  async startRun(order: StageRunOrder = {}): Promise<StageRun> {
    return await this.control<StageRun>('POST', 'stage-runs', order);
  }

  async run({ buildId }: Pick<StageRun, 'buildId'>): Promise<StageRun & { log: string }> {
    return await this.control('GET', `stage-runs/${buildId}`);
  }

  async pullRequest(order: object = {}): Promise<number> {
    const order_ = { title: 'Tune the models', createdBy: 'dana@example.com', targetRefName: 'refs/heads/main', files: { 'config/plants/P001/C001.yml': `# ${Math.random()}` }, deliver: false, ...order };
    return (await this.control<{ pullRequestId: number }>('POST', 'pull-requests', order_)).pullRequestId;
  }

  async advance(hours: number): Promise<void> {
    await this.control('POST', 'clock', { advanceMs: hours * 3_600_000 });
  }

  /** Requests to the platforms whose path matches. */
  ledger(path: RegExp): LedgerEntry[] {
    return this.sandbox.context.ledger.since(0).filter((entry) => path.test(entry.path));
  }

  /** Workflow ids of a build's runs: one, unless something went wrong. */
  async workflowsOf({ buildId }: Pick<StageRun, 'buildId'>): Promise<string[]> {
    const found: string[] = [];
    for await (const { workflowId } of this.temporal.client.workflow.list({ query: "WorkflowType = 'approvePipelineStage'" })) if (workflowId.split(':')[2] === String(buildId)) found.push(workflowId);
    return found;
  }

  /** The run of the product that a build's stage waits for. */
  async handle(run: Pick<StageRun, 'buildId'>): Promise<WorkflowHandle> {
    let ids: string[] = [];
    await eventually(async () => {
      ids = await this.workflowsOf(run);
      assert.equal(ids.length, 1);
    });
    return this.temporal.client.workflow.getHandle(ids[0]!);
  }

  /** Waits until the stage's gate is open. */
  async gateOpen(run: Pick<StageRun, 'buildId'>): Promise<GateView> {
    const handle = await this.handle(run);
    let view: GateView | null = null;
    await eventually(async () => {
      view = await handle.query<GateView | null>('gate');
      assert.ok(view);
    });
    return view!;
  }

  async decide(run: Pick<StageRun, 'buildId'>, verdict: 'approve' | 'reject', by: string, comment?: string) {
    const { workflowId } = await this.handle(run);
    return await decide(this.temporal.client.workflow, { workflowId }, { gate: 'stage', verdict, by, ...(comment !== undefined && { comment }) });
  }

  async result(run: Pick<StageRun, 'buildId'>): Promise<ApprovePipelineStageResult> {
    return (await (await this.handle(run)).result()) as ApprovePipelineStageResult;
  }

  /** Waits until Azure DevOps has ended the stage. */
  async stageEnded(run: Pick<StageRun, 'buildId'>): Promise<StageRun & { log: string }> {
    await eventually(async () => assert.notEqual((await this.run(run)).result, null));
    return await this.run(run);
  }

  async stop(): Promise<void> {
    this.#workers.forEach((worker) => worker.shutdown());
    await Promise.all(this.#running);
    for (const close of this.#closing) await close();
    await this.sandbox.close();
    await this.temporal.teardown();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
