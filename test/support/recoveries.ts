/**
 * Everything that a recovery needs, for one test file: a real Temporal server, a seeded stand-in in this process, and the workers of the product with its real clients.
 *
 * ```ts
 * const recoveries = await Recoveries.start();
 * after(() => recoveries.stop());
 * const jobName = await recoveries.failedJob('C001', { dataUri });
 * const handle = await recoveries.recover('C001', jobName);
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
import { createAzureDevOpsClients, type AzureDevOpsClients } from '../../activities/azure-devops/clients.ts';
import { createAzureMlClients, type AzureMlClients } from '../../activities/azure-ml/clients.ts';
import { deploymentUrl, readBatchDeployment } from '../../activities/azure-ml/batch-deployment.ts';
import { createClientSecretCredential } from '../../activities/http/credential.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { scoringConditionSchema, ScoringConditions } from '../../sandbox/batch-scoring/scoring-conditions.ts';
import { CLIENT_ID, CLIENT_SECRET, machineLearningId, ORGANISATION, PROD_WORKSPACE, PROJECT, TENANT_ID } from '../../sandbox/core/tenancy.ts';
import { createSandbox, type Sandbox } from '../../sandbox/server.ts';
import { overlay } from '../../scripts/simulate/overlay.ts';
import { askJson } from '../../scripts/supervise/web.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import { recoverBatchJob } from '../../starters/runbooks.ts';
import { createActivities } from '../../workers/activity-sets.ts';
import { bundlePath } from '../../workers/bundle.ts';
import type { RecoverBatchJobResult } from '../../workflows/domain/batch-recovery.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import { circuitDeployment } from '../activities/support/circuits.ts';
import { eventually } from './eventually.ts';
import { copySeededState } from './seeded-state.ts';
import { startTemporal } from './temporal-server.ts';

export const weather = 'azureml://datastores/workspaceblobstore/paths/data/weather.csv';

export class Recoveries {
  readonly temporal: TestWorkflowEnvironment;
  readonly sandbox: Sandbox;
  readonly azureMl: AzureMlClients;
  readonly azureDevOps: AzureDevOpsClients;
  readonly #directory: string;
  #workers: Worker[] = [];
  #running: Promise<void>[] = [];

  private constructor(directory: string, temporal: TestWorkflowEnvironment, sandbox: Sandbox, azureMl: AzureMlClients, azureDevOps: AzureDevOpsClients) {
    this.#directory = directory;
    this.temporal = temporal;
    this.sandbox = sandbox;
    this.azureMl = azureMl;
    this.azureDevOps = azureDevOps;
  }

  /** `recovery`: fields of the estate's block that differ from quick polls and a wait of 30 s. */
  static async start(recovery: object = {}): Promise<Recoveries> {
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-recoveries-'));
    const demo = parse(readFileSync(new URL('../../estate/demo.yml', import.meta.url), 'utf8')) as object;
    const estateFile = join(directory, 'estate.yml');
    writeFileSync(estateFile, stringify(overlay(demo, { settle: '1s', recovery: { pollEvery: '1s', nextJobWithin: '30s', ...recovery } })));
    await mintKeys(join(directory, 'keys'));
    await copySeededState(join(directory, 'sandbox'));
    const [temporal, sandbox] = await Promise.all([startTemporal(), createSandbox({ stateDir: join(directory, 'sandbox'), port: 0, seed: false })]);

    const transport = { caFile: sandbox.caFile, requestTimeoutMs: 3_000 };
    const credential = createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: sandbox.url }, transport);
    const settings = { ...transport, credential, resourceManagerEndpoint: sandbox.url, blobEndpoint: `${sandbox.url}/{account}`, devOpsUrl: `${sandbox.url}/ado/${ORGANISATION}`, devOpsProject: PROJECT };
    const recoveries = new Recoveries(directory, temporal, sandbox, createAzureMlClients(settings), createAzureDevOpsClients(settings));
    const configuration = { estateFile, CHAT_WEBHOOK_URL: undefined, keysDirectory: join(directory, 'keys'), recordLocation: join(directory, 'record'), anchorsLocation: join(directory, 'anchors'), HOLDPOINT_BUILD: 'test' };
    const shared = { connection: temporal.nativeConnection, namespace: temporal.namespace ?? 'default', stickyQueueScheduleToStartTimeout: '1s', maxHeartbeatThrottleInterval: '1s' } as const;
    recoveries.#workers = await Promise.all([
      Worker.create({ ...shared, taskQueue: TaskQueue.Runbooks, workflowBundle: { codePath: bundlePath } }),
      ...Object.values(TaskQueue).filter((queue) => queue !== TaskQueue.Runbooks).map((taskQueue) => Worker.create({ ...shared, taskQueue, activities: createActivities(taskQueue, settings, configuration, temporal.client) })),
    ]);
    recoveries.#running = recoveries.#workers.map((worker) => worker.run());
    return recoveries;
  }

  async stop(): Promise<void> {
    this.#workers.forEach((worker) => worker.shutdown());
    await Promise.all(this.#running);
    await this.sandbox.close();
    await this.temporal.teardown();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** What ails scoring of a circuit of P001 from now on; nothing any more without an order. */
  ails(circuit: string, order?: { memoryMb?: number; rowMb?: number; rowMs?: number; times?: number }): void {
    const conditions = new ScoringConditions(this.sandbox.context.store);
    conditions.clear();
    if (order) conditions.add(scoringConditionSchema.parse({ match: `deployment-circuit-${circuit}$`, ...order }));
  }

  /** Starts a job as the team's schedule does. */
  async scheduledJob(circuit: string, order: { dataUri?: string; outputUri?: string } = {}): Promise<string> {
    const url = `${this.sandbox.url}/_sandbox/batch-jobs`;
    return (await askJson<{ jobName: string }>(url, { method: 'POST', body: { plant: 'P001', circuit, ...order }, caFile: this.sandbox.caFile, timeoutMs: 20_000 })).jobName;
  }

  statusOf(jobName: string): string {
    return this.sandbox.context.jobs.runs.get(PROD_WORKSPACE, jobName)?.status ?? 'none';
  }

  /** A scheduled job that has failed. */
  async failedJob(circuit: string, order: { dataUri?: string; outputUri?: string } = {}): Promise<string> {
    const jobName = await this.scheduledJob(circuit, order);
    await eventually(() => assert.equal(this.statusOf(jobName), 'Failed'));
    return jobName;
  }

  async recover(circuit: string, jobName: string): Promise<WorkflowHandle> {
    const { workflowId } = await startRunbook(this.temporal.client, recoverBatchJob, { target: { plant: 'P001', circuit }, jobName }, { startedBy: 'alice' });
    return this.temporal.client.workflow.getHandle(workflowId);
  }

  async phase(handle: WorkflowHandle, phase: string): Promise<void> {
    await eventually(async () => assert.equal((await handle.query<{ phase: string }>('status')).phase, phase), { timeoutMs: 60_000 });
  }

  async gate(handle: WorkflowHandle): Promise<GateView> {
    return await eventually(async () => {
      const open = await handle.query<GateView | null>('gate');
      assert.ok(open);
      return open;
    }, { timeoutMs: 60_000 });
  }

  async result(handle: WorkflowHandle): Promise<RecoverBatchJobResult> {
    return (await handle.result()) as RecoverBatchJobResult;
  }

  async deployment(circuit: string): Promise<DeploymentSnapshot> {
    return await readBatchDeployment({ arm: this.azureMl.arm }, circuitDeployment(circuit).ref);
  }

  /** A person changes a deployment's properties past the product. */
  async changeByHand(circuit: string, properties: Record<string, unknown>): Promise<void> {
    const { ref } = circuitDeployment(circuit);
    const { definition } = await this.deployment(circuit);
    await this.azureMl.arm.send({ method: 'PUT', ...deploymentUrl(ref), body: { ...definition, properties: { ...(definition!['properties'] as object), ...properties } } });
    await eventually(async () => assert.equal((await this.deployment(circuit)).provisioningState, 'Succeeded'));
  }

  /** Retries, or other invocations through the API, of a plant's production endpoint. */
  invocations(plant: string): number {
    return this.sandbox.context.ledger.since(0).filter(({ method, path }) => method === 'POST' && path === `/scoring/${PROD_WORKSPACE}/batch-endpoint-plant-${plant}/jobs`).length;
  }

  /** Full writes of a circuit's deployment that really changed it. */
  writes(circuit: string): number {
    const id = machineLearningId(`workspaces/${PROD_WORKSPACE}/batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-${circuit}`);
    return this.sandbox.context.ledger.since(0).filter(({ method, path, changed }) => method === 'PUT' && changed && path.toLowerCase() === id.toLowerCase()).length;
  }
}
