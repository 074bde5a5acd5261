/** Where one story is played: a namespace of the time-skipping server, and a stand-in in this process, whose state goes away with it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { parse, stringify } from 'yaml';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { createSandbox, type Sandbox } from '../../sandbox/server.ts';
import { copySeededState } from '../../test/support/seeded-state.ts';
import { StandInControl } from '../../test/support/stand-in-control.ts';
import { readWorkerConfiguration, type WorkerConfiguration } from '../../workers/configuration.ts';
import { root } from '../supervise/settings.ts';
import { overlay } from './overlay.ts';
import type { SimulatedClock } from './simulated-clock.ts';
import type { Theatre } from './theatre.ts';

/** Most stories have one release of a circuit: none looks for older ones, unless the story says so. Jobs, reviews and next jobs are looked at in minutes of the simulated time: each look is a real one. What may arrive late is waited for in real time. */
const usual = { supersede: 'keep', settle: '1s', training: { pollEvery: '1m' }, inference: { pollEvery: '1m' }, changes: { pollEvery: '5m' }, recovery: { pollEvery: '5m' } };

export class Stage {
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly clock: SimulatedClock;
  readonly sandbox: Sandbox;
  readonly standIn: StandInControl;
  /** What the parts of the product run with. */
  readonly environment: Readonly<Record<string, string>>;
  readonly configuration: WorkerConfiguration;
  readonly #directory: string;

  private constructor({ environment, clock }: Theatre, client: Client, directory: string, sandbox: Sandbox, variables: Readonly<Record<string, string>>) {
    this.client = client;
    this.connection = environment.nativeConnection;
    this.clock = clock;
    this.sandbox = sandbox;
    this.standIn = new StandInControl(sandbox);
    this.environment = variables;
    this.configuration = readWorkerConfiguration(variables);
    this.#directory = directory;
  }

  /** @throws EstateInvalid when the demo's estate with these changes is none */
  static async build(theatre: Theatre, estate: object): Promise<Stage> {
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-simulation-'));
    try {
      const estateFile = join(directory, 'estate.yml');
      writeEstate(estateFile, estate);
      await readEstate(estateFile);
      const stateDir = join(directory, 'sandbox');
      mkdirSync(stateDir);
      await Promise.all([copySeededState(stateDir), mintKeys(join(directory, 'keys'))]);
      const sandbox = await createSandbox({ stateDir, port: 0, seed: false });
      return new Stage(theatre, theatre.freshClient(), directory, sandbox, { ...sandboxEnvironment(sandbox), HOLDPOINT_PROFILE: 'demo', HOLDPOINT_STATE: directory, HOLDPOINT_ESTATE: estateFile, TEMPORAL_ADDRESS: theatre.environment.address });
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Brings the stand-in's clock to the simulated time; afterwards every job that is due has ended. */
  async synchronize(): Promise<number> {
    const nowMs = await this.clock.nowMs();
    await this.pass(nowMs - this.sandbox.context.clock.nowMs());
    return nowMs;
  }

  /** Lets the stand-in's clock run on, as `synchronize` does. */
  async pass(ms: number): Promise<void> {
    const { clock, jobs } = this.sandbox.context;
    if (ms > 0) clock.advance(Math.round(ms));
    await jobs.settled();
  }

  /** Changes the estate that the runs read from now on. */
  changeEstate(changes: object): void {
    writeEstate(this.configuration.estateFile, changes, this.configuration.estateFile);
  }

  async close(): Promise<void> {
    await this.sandbox.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function writeEstate(file: string, changes: object, base?: string): void {
  const before = parse(readFileSync(base ?? join(root, 'estate/demo.yml'), 'utf8')) as object;
  const prepared = base === undefined ? overlay(before, usual) : before;
  writeFileSync(file, stringify(overlay(prepared, changes)));
}
