/** The update of many deployments' environment as a whole: its waves, what ends them early, putting back, and the exact account. */
import type { Run } from '../blocks/run.ts';
import type { EnvironmentDefinition, FleetMember } from '../domain/environment.ts';
import type { AskedAccount } from '../domain/environment-cards.ts';
import type { FleetChanges } from '../domain/fleet-changes.ts';
import { UpdateEnvironmentPhase as Phase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { FleetLocks } from '../locks/fleet-locks.ts';
import { DeploymentEnvironment } from './deployment-environment.ts';
import { keepReport } from './environment-activities.ts';
import { FleetAccount } from './fleet-account.ts';
import { howFar, listed, type FleetInHand } from './fleet-in-hand.ts';
import { putBackFleet } from './put-back-fleet.ts';
import { UpdateEnded, UpdateWaves, type EndedEarly, type UpdateWavesOptions } from './update-waves.ts';

export interface FleetUpdateOptions extends Omit<UpdateWavesOptions, 'fleet'> {
  run: Run;
  locks: FleetLocks;
  policy: TargetPolicy;
  environment: EnvironmentDefinition;
  /** Those that are to be updated, in order. */
  members: readonly FleetMember[];
  /** All others, and why. */
  leftOut: ReadonlyMap<string, string>;
  waveSize: number;
  /** How long a wave waits for locks that others hold. */
  lockWaitMs: number;
}

export class FleetUpdate {
  readonly #fleet: FleetInHand;
  readonly #waves: UpdateWaves;
  #table: FleetChanges['table'] = null;

  constructor({ run, locks, policy, environment, members, leftOut, waveSize, lockWaitMs, ...waves }: FleetUpdateOptions) {
    this.#fleet = {
      run, locks, policy, lockWaitMs,
      what: `environment ${environment.name} ${environment.version}`,
      deployments: new DeploymentEnvironment(run, policy, environment),
      account: new FleetAccount(members, leftOut),
      waves: Array.from({ length: Math.ceil(members.length / waveSize) }, (_, wave) => members.slice(wave * waveSize, (wave + 1) * waveSize)),
    };
    this.#waves = new UpdateWaves({ ...waves, fleet: this.#fleet });
  }

  /** Those that have the new environment, as far as the run knows. */
  get updated(): FleetMember[] {
    return this.#fleet.account.membersOf('updated');
  }

  /** Labels of those that were put back. */
  get restored(): string[] {
    return this.#fleet.account.membersOf('putBack').map(({ label }) => label);
  }

  /** Labels of those that were not updated, from the beginning or for what the waves found. */
  get leftOut(): string[] {
    const { account } = this.#fleet;
    return [...account.leftOut.keys(), ...account.takenOver];
  }

  /** Those that the waves have left out, with the reasons, to be said after something else; empty: none. */
  get leftOutMeanwhile(): string {
    const { leftOutMeanwhile: left } = this.#fleet.account;
    return left.length === 0 ? '' : `; not updated: ${listed(left)}`;
  }

  /** How far it is, for who is asked to judge it. */
  get howFar(): AskedAccount {
    return howFar(this.#fleet);
  }

  /** The exact account. */
  get changes(): FleetChanges {
    return { ...this.#fleet.account.counts, table: this.#table };
  }

  /**
   * Updates wave by wave, each deployment under its lock. A deployment that fails ends the update with its wave: until all are verified, a failure or a cancellation puts everything back, and
   * so does what ends it early while a wave is held. What is put back waits for nothing.
   */
  async updateAll(): Promise<(EndedEarly & { putBack: string }) | null> {
    const { run, what } = this.#fleet;
    const verified = run.compensations.register({ step: `${what} in production`, undo: () => this.rollBack() });
    try {
      await this.#waves.update();
    } catch (error) {
      if (!(error instanceof UpdateEnded)) throw error;
      verified(); // put back here, and once
      run.enter(Phase.Rollback);
      return { ...error.why, putBack: await this.rollBack() };
    }
    run.progress([]);
    await this.#keepTable(0);
    verified();
    return null;
  }

  /** Puts back, in the same waves and not cancellable, what this run has written; a change that somebody made meanwhile is left alone. @throws when not all could be put back, naming them */
  async rollBack(): Promise<string> {
    return await putBackFleet(this.#fleet, () => this.#keepTable(1));
  }

  async #keepTable(generation: number): Promise<void> {
    const { run, policy, account } = this.#fleet;
    const text = account.table;
    this.#table = await run.attempt('The table of the deployments could not be kept', () => keepReport({ key: run.key('deployments', generation), workspace: policy.workspaces.test, name: 'deployments.csv', text }));
  }
}
