/** The inbox as its tests see it: a real Temporal server, real runs of `releaseModel` that wait at gates of the test's own policy, real keys, and the receiver. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { FastifyInstance } from 'fastify';
import { openFolderStore } from '../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../activities/record/index.ts';
import { keyFiles, mintKeys } from '../../activities/record/key-ring.ts';
import { createDecisionSigner } from '../../starters/decision-signer.ts';
import { readGate } from '../../starters/gates/read-gate.ts';
import { temporalGates, type GatePort } from '../../starters/receiver/inbox/gate-port.ts';
import { openLocalUsers } from '../../starters/receiver/inbox/local-users.ts';
import type { InboxOptions } from '../../starters/receiver/inbox/plugin.ts';
import { SessionStore } from '../../starters/receiver/inbox/session-store.ts';
import { createReceiverLogger } from '../../starters/receiver/logger.ts';
import { createReceiver, type ReceiverOptions } from '../../starters/receiver/server.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { releaseModelId } from '../../workflows/domain/ids.ts';
import type { GatePolicy, Person } from '../../workflows/domain/policy.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { eventually } from '../support/eventually.ts';
import { releaseActivities, testInput, testPolicy, type ReleaseActivities } from '../support/release-activities.ts';
import { withReleaseWorkers } from '../support/release-worker.ts';
import { startTemporal } from '../support/temporal-server.ts';

export const people: Person[] = [
  { id: 'alice', aliases: ['U0ALICE', 'alice@example.com'], calendar: null },
  { id: 'bob', aliases: ['T01/U0BOB'], calendar: null },
  { id: 'carol', aliases: [], calendar: null },
  { id: 'dana', aliases: ['dana@example.com', 'U0DANA'], calendar: null },
  { id: 'erin', aliases: [], calendar: null },
];
const names = people.map(({ id }) => id);

/** What a circuit's Stage 1 gate is like, and how its figures are. */
export interface CircuitTerms {
  policy?: Partial<GatePolicy>;
  mae?: number;
}

export class InboxStage {
  readonly temporal: TestWorkflowEnvironment;
  readonly directory: string;
  readonly gates: GatePort;
  readonly log: string[] = [];
  /** Per circuit; changed by tests, read by each run when it measures or loads its policy. */
  readonly circuits = new Map<string, CircuitTerms>();
  /** Circuits of each change, by its pull request. */
  readonly #changes = new Map<number, string[]>();
  readonly #apps: FastifyInstance[] = [];
  #stopWorkers: () => void = () => undefined;
  #workers: Promise<unknown> = Promise.resolve();
  #versions = 0;

  private constructor(temporal: TestWorkflowEnvironment, directory: string) {
    this.temporal = temporal;
    this.directory = directory;
    this.gates = temporalGates(temporal.client, createDecisionSigner({ privateKeysFile: keyFiles(join(directory, 'keys'), 'decisions').privateKeys }));
  }

  static async start(): Promise<InboxStage> {
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-inbox-'));
    const [temporal] = await Promise.all([startTemporal(), mintKeys(join(directory, 'keys'))]);
    const stage = new InboxStage(temporal, directory);
    stage.startWorkers();
    return stage;
  }

  startWorkers(): void {
    const stopped = new Promise<void>((done) => (this.#stopWorkers = done));
    this.#workers = withReleaseWorkers(this.temporal, this.#activities(), () => stopped);
  }

  async stopWorkers(): Promise<void> {
    this.#stopWorkers();
    await this.#workers;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#apps.map((app) => app.close()));
    await this.stopWorkers();
    await this.temporal.teardown();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A receiver with the inbox, on a free port; answers its address. */
  async listen(inbox: Partial<InboxOptions> = {}, rest: Partial<ReceiverOptions> = {}, port = 0): Promise<string> {
    const nowhere = () => Promise.reject(new Error('no hook comes here'));
    const app = await createReceiver({
      credentials: { user: 'hooks', password: 'hooks' },
      logger: createReceiverLogger('info', { write: (line) => void this.log.push(line) }),
      readPullRequest: nowhere,
      releaseBranch: nowhere,
      startRelease: nowhere,
      isTemporalReady: async () => true,
      inbox: {
        gates: this.gates,
        people: async () => people,
        openId: null,
        localUsers: { check: await openLocalUsers(join(this.directory, 'users.json'), names), names },
        sessions: new SessionStore(':memory:', { idleMs: 3_600_000, absoluteMs: 36_000_000 }),
        origin: null,
        runUrl: (workflowId, runId) => `http://127.0.0.1:8233/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}`,
        ...inbox,
      },
      ...rest,
    });
    this.#apps.push(app);
    return await app.listen({ host: '127.0.0.1', port });
  }

  /** Starts a release that waits at Stage 1; answers its gate. */
  async openGate(circuit: string, terms: CircuitTerms = {}, { requestedBy = ['dana@example.com'] }: { requestedBy?: string[] } = {}): Promise<GateView> {
    this.circuits.set(circuit, terms);
    this.#versions += 1;
    const target = { plant: 'P001', circuit };
    const version = `42-${this.#versions.toString(16).padStart(8, '0')}`;
    const workflowId = releaseModelId(target, version);
    await this.temporal.client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId, args: [{ ...testInput, target, model: `P001-${circuit}`, version, requestedBy, trainingJob: `train-P001-${circuit}-0a1b2c3d4e5f60718293` }] });
    const view = await this.waiting(workflowId, 'stage1');
    await this.listed(workflowId);
    return view;
  }

  /** Starts a change of these circuits that is decided once for all of them; answers its gate. */
  async openChange(circuits: string[]): Promise<GateView> {
    const pullRequestId = 500 + this.#changes.size;
    this.#changes.set(pullRequestId, circuits);
    const workflowId = `releaseChange:b1a7:${pullRequestId}`;
    await this.temporal.client.workflow.start('releaseChange', { taskQueue: TaskQueue.Runbooks, workflowId, args: [{ repositoryId: 'b1a7', pullRequestId }] });
    return await this.waiting(workflowId, 'stage1');
  }

  /** The gate of a run, once it is open (in this generation). */
  async waiting(workflowId: string, gate: string, generation = 0): Promise<GateView> {
    let view: GateView | null = null;
    await eventually(async () => {
      view = await readGate(this.temporal.client, workflowId);
      if (view === null || view.gate !== gate || view.generation < generation) throw new Error(`${workflowId} does not wait at ${gate} ${generation}`);
    });
    return view!;
  }

  /** Waits until visibility knows the gate. */
  async listed(workflowId: string): Promise<void> {
    await eventually(async () => {
      const { gates } = await temporalGates(this.temporal.client, () => Promise.reject(new Error('nothing is signed here'))).list();
      if (!gates.some((gate) => gate.workflowId === workflowId)) throw new Error(`${workflowId} is not listed`);
    });
  }

  async gate(workflowId: string): Promise<GateView | null> {
    return await readGate(this.temporal.client, workflowId);
  }

  /** The figures of a circuit change, and the gate measures them again. */
  async remeasure(view: GateView, mae: number): Promise<GateView> {
    const circuit = view.target!.circuit;
    this.circuits.set(circuit, { ...this.circuits.get(circuit), mae });
    await this.temporal.client.workflow.getHandle(view.workflowId).executeUpdate('tendGate', { args: [{ action: 'remeasure', by: 'alice', reason: 'figures changed' }] });
    return await this.waiting(view.workflowId, view.gate, view.generation + 1);
  }

  #isOfChange(circuit: string): boolean {
    return [...this.#changes.values()].some((circuits) => circuits.includes(circuit));
  }

  #activities(): Partial<ReleaseActivities> {
    const record = createRecordActivities({ record: openFolderStore(join(this.directory, 'record')), anchors: openFolderStore(join(this.directory, 'anchors')), keysDirectory: join(this.directory, 'keys'), build: 'test' });
    return {
      loadPolicy: async ({ target }) => {
        const policy = testPolicy(target);
        return { ...policy, people, approvalPer: this.#isOfChange(target.circuit) ? 'change' : 'circuit', gates: { ...policy.gates, stage1: { ...policy.gates.stage1, bindEvidence: true, identity: 'authenticated', ...this.circuits.get(target.circuit)?.policy } } };
      },
      readChange: async (input) => ({
        ...(await releaseActivities().readChange(input)),
        circuits: this.#changes.get(input.pullRequestId)!.map((circuit) => ({ target: { plant: 'P001', circuit }, path: `config/plants/P001/${circuit}.yml`, config: { cutoffDate: '2015-06-30', hyperparameters: { learning_rate: 0.01 } }, digest: circuit.toLowerCase().padEnd(64, '0') })),
      }),
      readRunMetrics: async (input) => {
        const circuit = /C\d{3}/.exec(JSON.stringify(input))?.[0] ?? '';
        return { metrics: { candidate: { mae: this.circuits.get(circuit)?.mae ?? 1.9, rmse: 2.4, r2: 0.88 }, production: { mae: 2.1, rmse: 2.7, r2: 0.85 }, holdoutRows: 365 }, rows: 1000, droppedRows: 0 };
      },
      verifyAnswers: record.verifyAnswers,
      appendToRecord: record.appendToRecord,
    };
  }
}
