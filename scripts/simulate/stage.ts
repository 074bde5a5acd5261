/** Where a story is played: the real workers on the time-skipping server, and the stand-in in a process of its own, all in a directory that goes away with them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { parse, stringify } from 'yaml';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { freePort } from '../../test/scripts/free-port.ts';
import { PartProcess } from '../../test/support/part-process.ts';
import { copySeededState } from '../../test/support/seeded-state.ts';
import { StandInControl } from '../../test/support/stand-in-control.ts';
import { startTimeSkipping } from '../../test/support/time-skipping.ts';
import { readWorkerConfiguration, type WorkerConfiguration } from '../../workers/configuration.ts';
import { root } from '../supervise/settings.ts';
import { overlay } from './overlay.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** What the time-skipping server cannot do: it has no list of runs, so a release cannot look for older ones of its target. */
const always = { supersede: 'keep' };
/** A job is looked at every minute of the simulated time: every second would cost a real look each. */
const usual = { training: { pollEvery: '1m' }, inference: { pollEvery: '1m' } };

export class Stage {
  readonly environment: TestWorkflowEnvironment;
  readonly clock: SimulatedClock;
  readonly standIn: StandInControl;
  readonly configuration: WorkerConfiguration;
  readonly #directory: string;
  readonly #sandbox: PartProcess;
  /** How far the stand-in's clock is ahead of this machine's. */
  #aheadMs = 0;

  private constructor(directory: string, environment: TestWorkflowEnvironment, sandbox: PartProcess, standIn: StandInControl, configuration: WorkerConfiguration) {
    this.#directory = directory;
    this.#sandbox = sandbox;
    this.environment = environment;
    this.clock = new SimulatedClock(environment);
    this.standIn = standIn;
    this.configuration = configuration;
  }

  /** @throws EstateInvalid when the demo's estate with these changes is none */
  static async build(estate: object): Promise<Stage> {
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-simulation-'));
    mkdirSync(join(directory, 'logs'));
    const estateFile = join(directory, 'estate.yml');
    writeEstate(estateFile, estate);
    try {
      await readEstate(estateFile);
    } catch (error) {
      rmSync(directory, { recursive: true });
      throw error;
    }
    const stateDir = join(directory, 'sandbox');
    await Promise.all([copySeededState(stateDir), mintKeys(join(directory, 'keys'))]);
    const port = await freePort();
    const address = { url: `https://127.0.0.1:${port}`, caFile: join(stateDir, 'certificates', 'ca.pem') };
    const [environment, sandbox] = await Promise.all([
      startTimeSkipping(),
      PartProcess.start({ file: 'sandbox/main.ts', environment: { HOLDPOINT_STATE: directory, SANDBOX_PORT: String(port) }, logFile: join(directory, 'logs', 'sandbox.log'), healthUrl: `${address.url}/_sandbox/health`, caFile: address.caFile }),
    ]);
    const configuration = readWorkerConfiguration({ ...sandboxEnvironment(address), HOLDPOINT_PROFILE: 'demo', HOLDPOINT_STATE: directory, HOLDPOINT_ESTATE: estateFile, TEMPORAL_ADDRESS: environment.address });
    return new Stage(directory, environment, sandbox, new StandInControl(address), configuration);
  }

  /** Brings the stand-in's clock to the simulated time; afterwards every job that is due has ended. */
  async synchronize(): Promise<number> {
    const nowMs = await this.clock.nowMs();
    const advanceMs = Math.max(0, nowMs - Date.now() - this.#aheadMs);
    this.#aheadMs += advanceMs;
    await this.standIn.advance(advanceMs, true);
    return nowMs;
  }

  /** Changes the estate that the runs read from now on. */
  changeEstate(changes: object): void {
    writeEstate(this.configuration.estateFile, changes, this.configuration.estateFile);
  }

  async close(): Promise<void> {
    await this.environment.teardown();
    await this.#sandbox.kill(); // its state goes away with it
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function writeEstate(file: string, changes: object, base?: string): void {
  const before = parse(readFileSync(base ?? join(root, 'estate/demo.yml'), 'utf8')) as object;
  const prepared = base === undefined ? overlay(before, usual) : before;
  writeFileSync(file, stringify(overlay(overlay(prepared, changes), always)));
}
