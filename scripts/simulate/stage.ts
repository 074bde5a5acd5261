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

const attempts = 4;

export class Stage {
  readonly environment: TestWorkflowEnvironment;
  readonly clock: SimulatedClock;
  readonly standIn: StandInControl;
  readonly configuration: WorkerConfiguration;
  readonly #undo: readonly (() => unknown)[];
  /** How far the stand-in's clock is ahead of this machine's. */
  #aheadMs = 0;

  private constructor(environment: TestWorkflowEnvironment, standIn: StandInControl, configuration: WorkerConfiguration, undo: readonly (() => unknown)[]) {
    this.environment = environment;
    this.clock = new SimulatedClock(environment);
    this.standIn = standIn;
    this.configuration = configuration;
    this.#undo = undo;
  }

  /** @throws EstateInvalid when the demo's estate with these changes is none */
  static async build(estate: object): Promise<Stage> {
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-simulation-'));
    const undo = [(): unknown => rmSync(directory, { recursive: true, force: true })];
    try {
      mkdirSync(join(directory, 'logs'));
      const estateFile = join(directory, 'estate.yml');
      writeEstate(estateFile, estate);
      await readEstate(estateFile);
      const stateDir = join(directory, 'sandbox');
      await Promise.all([copySeededState(stateDir), mintKeys(join(directory, 'keys'))]);
      const environment = await startPatiently();
      undo.push(() => environment.teardown());
      const port = await freePort();
      const address = { url: `https://127.0.0.1:${port}`, caFile: join(stateDir, 'certificates', 'ca.pem') };
      const sandbox = await PartProcess.start({ file: 'sandbox/main.ts', environment: { HOLDPOINT_STATE: directory, SANDBOX_PORT: String(port) }, logFile: join(directory, 'logs', 'sandbox.log'), healthUrl: `${address.url}/_sandbox/health`, caFile: address.caFile });
      undo.push(() => sandbox.kill()); // its state goes away with it
      const configuration = readWorkerConfiguration({ ...sandboxEnvironment(address), HOLDPOINT_PROFILE: 'demo', HOLDPOINT_STATE: directory, HOLDPOINT_ESTATE: estateFile, TEMPORAL_ADDRESS: environment.address });
      return new Stage(environment, new StandInControl(address), configuration, undo);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
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
    for (const step of [...this.#undo].reverse()) await step();
  }
}

/** The SDK waits five seconds for the Java server, which a busy machine may not keep. */
async function startPatiently(): Promise<TestWorkflowEnvironment> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startTimeSkipping();
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

function writeEstate(file: string, changes: object, base?: string): void {
  const before = parse(readFileSync(base ?? join(root, 'estate/demo.yml'), 'utf8')) as object;
  const prepared = base === undefined ? overlay(before, usual) : before;
  writeFileSync(file, stringify(overlay(overlay(prepared, changes), always)));
}
