/** Updating the environment of many deployments in waves, and putting them back in the same waves; each deployment under the lock of its target. */
import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import { pMapSettled } from 'p-map';
import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import type { FreezePassed } from '../blocks/freeze-wait.ts';
import { isPreempted } from '../blocks/resource-lock.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { EnvironmentDefinition, FleetMember } from '../domain/environment.ts';
import { FailureType } from '../domain/failures.ts';
import type { FleetChanges } from '../domain/fleet-changes.ts';
import { UpdateEnvironmentPhase as Phase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { lockPriority } from '../domain/resource-lock.ts';
import type { Target } from '../domain/vocabulary.ts';
import type { FleetLocks } from '../locks/fleet-locks.ts';
import { queueForLocks, queueForLocksSoon } from '../locks/lock-activities.ts';
import { isHeld, passHolds, type Write } from '../releases/pass-holds.ts';
import { readProductionDeployment } from '../releases/release-activities.ts';
import { DeploymentEnvironment, type Touched } from './deployment-environment.ts';
import { keepReport } from './environment-activities.ts';
import { FleetAccount } from './fleet-account.ts';

/** Writes of one wave at the same time. */
const parallelWrites = 5;

export interface FleetUpdateOptions {
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
  /** A wave as what may hold it sees it. */
  waveWrite: (targets: Target[], wave: string, updated: number) => Write;
}

type Superseded = NonNullable<FreezePassed['superseded']>;

/** Ends the update from within a wave. */
class NewerVersion extends Error {
  readonly outcome: Superseded;

  constructor(outcome: Superseded) {
    super(outcome.reason);
    this.outcome = outcome;
  }
}

export class FleetUpdate {
  readonly #run: Run;
  readonly #locks: FleetLocks;
  readonly #policy: TargetPolicy;
  readonly #what: string;
  readonly #deployments: DeploymentEnvironment;
  readonly #waves: FleetMember[][];
  readonly #lockWaitMs: number;
  readonly #waveWrite: FleetUpdateOptions['waveWrite'];
  readonly #account: FleetAccount;
  #table: FleetChanges['table'] = null;

  constructor({ run, locks, policy, environment, members, leftOut, waveSize, lockWaitMs, waveWrite }: FleetUpdateOptions) {
    this.#run = run;
    this.#locks = locks;
    this.#policy = policy;
    this.#what = `environment ${environment.name} ${environment.version}`;
    this.#deployments = new DeploymentEnvironment(run, policy, environment);
    this.#account = new FleetAccount(members, leftOut);
    this.#waves = Array.from({ length: Math.ceil(members.length / waveSize) }, (_, wave) => members.slice(wave * waveSize, (wave + 1) * waveSize));
    this.#lockWaitMs = lockWaitMs;
    this.#waveWrite = waveWrite;
  }

  /** Those that have the new environment, as far as the run knows. */
  get updated(): FleetMember[] {
    return this.#account.membersOf('updated');
  }

  /** Labels of those that were put back. */
  get restored(): string[] {
    return this.#account.membersOf('putBack').map(({ label }) => label);
  }

  /** Labels of those that were not updated, from the beginning or because their lock was not to be had. */
  get leftOut(): string[] {
    return [...this.#account.leftOut.keys(), ...this.#account.takenOver];
  }

  /** The exact account. */
  get changes(): FleetChanges {
    return { ...this.#account.counts, table: this.#table };
  }

  /**
   * Updates wave by wave, each deployment under its lock; what is locked by others for longer than a wave waits comes in a last wave, or is left out. A deployment that fails ends the update
   * with its wave: until all are verified, a failure or a cancellation puts everything back, and so does a newer version that comes while a stop or a freeze holds a wave. What is put back waits for nothing.
   */
  async updateAll(): Promise<Superseded | null> {
    const verified = this.#run.compensations.register({ step: `${this.#what} in production`, undo: () => this.rollBack() });
    try {
      await this.#updateWaves();
    } catch (error) {
      if (!(error instanceof NewerVersion)) throw error;
      this.#run.enter(Phase.Rollback);
      await this.rollBack();
      verified();
      return error.outcome;
    }
    this.#run.progress([]);
    await this.#keepTable(0);
    verified();
    return null;
  }

  async #updateWaves(): Promise<void> {
    const late: FleetMember[] = [];
    for (const [index, wave] of this.#waves.entries()) late.push(...(await this.#updateWave(wave, `wave ${index + 1} of ${this.#waves.length}`)).keys());
    const locked = late.length === 0 ? [] : await this.#updateWave(late, `last wave, of ${late.length} that were locked`);
    for (const [{ label }, heldBy] of locked) this.#account.leftOut.set(label, `its lock was held by ${heldBy}`);
  }

  /** Puts back, in the same waves and not cancellable, what this run has written; a change that somebody made meanwhile is left alone. @throws when not all could be put back, naming them */
  async rollBack(): Promise<string> {
    return await CancellationScope.nonCancellable(async () => {
      this.#handOverTaken(this.#waves.flat()); // of a wave that did not come to its end
      for (const [index, wave] of this.#waves.entries()) {
        const touched = wave.flatMap(({ label }) => this.#account.touched.get(label) ?? []);
        if (touched.length > 0) await this.#restoreWave(touched, `wave ${index + 1} of ${this.#waves.length}`);
      }
      this.#run.progress([]);
      const { kept, restored, takenWritten } = this.#account;
      if (kept.size + takenWritten.length === 0) this.#run.production = 'unchanged';
      await this.#keepTable(1);
      if (kept.size > 0) throw new Error(`put back ${restored.size}, but not ${listed([...kept].map(([label, why]) => `${label} (${why})`))}`);
      return `put back ${restored.size} deployments${takenWritten.length === 0 ? '' : `; left alone: ${listed(takenWritten)}`}`;
    });
  }

  /** Answers those whose lock was not free in time, and who holds it; they are out of its queue again. */
  async #updateWave(wave: readonly FleetMember[], name: string): Promise<Map<FleetMember, string>> {
    const show = (more: string[] = []): void => this.#show('Updating', name, more);
    show();
    const targets = wave.map(({ target }) => target);
    const closesAt = await this.#passHolds(targets, name);
    show();
    const from = now().getTime();
    await this.#locks.claim(targets, { what: this.#what, priority: lockPriority('environment', this.#policy.severity) }, queueForLocks);
    if (closesAt !== null && closesAt <= now().toISOString() && (await this.#isHeld(targets, name))) return await this.#updateAgain(wave, wave, name);
    const isWaiting = ({ target }: FleetMember): boolean => this.#locks.isWaiting(target);
    const locked = wave.filter(isWaiting);
    await this.#updateEach(wave.filter((member) => !locked.includes(member)));
    if (locked.length > 0) {
      show(locked.map(({ label, target }) => `Waits for the lock of ${label}, held by ${this.#locks.heldBy(target)}`));
      await this.#locks.wait(locked.map(({ target }) => target), from + this.#lockWaitMs - now().getTime());
    }
    const late = new Map(locked.filter(isWaiting).map((member) => [member, this.#locks.heldBy(member.target)]));
    const rest = locked.filter((member) => !late.has(member));
    // What has begun to hold them while others had their locks is waited out without the locks.
    if (rest.length > 0 && (await this.#isHeld(rest.map(({ target }) => target), name))) return new Map([...late, ...(await this.#updateAgain(wave, rest, name))]);
    await this.#updateEach(rest);
    await this.#giveBack(wave);
    return late;
  }

  /** Also of circuits whose new environment was read back, those that a rollback took while the wave held them are its own: it may have read the definition before that. */
  async #giveBack(wave: readonly FleetMember[]): Promise<void> {
    this.#handOverTaken(wave);
    await this.#locks.giveBack(wave.map(({ target }) => target));
  }

  #handOverTaken(wave: readonly FleetMember[]): void {
    for (const { label, target } of wave) {
      const by = this.#locks.takenBy(target);
      if (by !== null) this.#account.handOver(label, by);
    }
  }

  /** Waits for as long as a stop or a freeze holds one of these; says when the next freeze begins. */
  async #passHolds(targets: Target[], name: string): Promise<string | null> {
    const { hasWaited, superseded, closesAt } = await passHolds(this.#waveWrite(targets, name, this.updated.length));
    if (superseded) throw new NewerVersion(superseded);
    if (hasWaited) this.#run.enter(Phase.Deployment);
    return closesAt;
  }

  async #isHeld(targets: Target[], name: string): Promise<boolean> {
    return await isHeld(this.#waveWrite(targets, name, this.updated.length));
  }

  /** Gives the locks of the whole wave back, and begins anew with the rest of it. */
  async #updateAgain(wave: readonly FleetMember[], rest: readonly FleetMember[], name: string): Promise<Map<FleetMember, string>> {
    await this.#giveBack(wave);
    const { takenOver } = this.#account;
    return await this.#updateWave(rest.filter(({ label }) => !takenOver.includes(label)), name);
  }

  /** Waits for all of them, also when one fails. */
  async #updateEach(members: readonly FleetMember[]): Promise<void> {
    const endings = await pMapSettled(members, (member) => this.#update(member), { concurrency: parallelWrites });
    const failed = endings.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  async #update(member: FleetMember): Promise<void> {
    const { label, endpoint, deployment, target } = member;
    const lock = this.#locks.token(target);
    try {
      if (!lock) throw ApplicationFailure.nonRetryable(`the lock of ${label} is not held`, FailureType.Preempted);
      const before = await readProductionDeployment({ workspace: this.#policy.workspaces.production, endpoint, deployment });
      if (before.model === null) {
        this.#account.leftOut.set(label, 'it went since its test: there was nothing to update');
        return;
      }
      const touched: Touched = { member, before, verified: false };
      this.#account.touched.set(label, touched);
      this.#run.production = 'changed';
      await this.#deployments.write(touched, before.model, lock);
      touched.verified = true;
    } catch (error) {
      // A cancellation of the whole run goes first.
      const by = isCancelled(error) ? null : (this.#locks.takenBy(target) ?? (isPreempted(error) ? 'another run' : null));
      if (by === null) throw error;
      this.#account.handOver(label, by);
    }
  }

  async #restoreWave(wave: readonly Touched[], name: string): Promise<void> {
    this.#show('Putting back', name);
    const targets = wave.map(({ member }) => member.target);
    const claim = { what: `rollback of ${this.#what}`, priority: lockPriority('rollback', this.#policy.severity) };
    // Production goes first: locks that do not answer do not stop it, a lock that another run holds does.
    const isClaimed = (await this.#run.attempt('The locks of a wave did not answer; it is put back without them', async () => {
      await this.#locks.claim(targets, claim, queueForLocksSoon);
      return true;
    })) ?? false;
    if (isClaimed) await this.#locks.wait(targets, this.#lockWaitMs);
    const endings = await pMapSettled(wave, async (touched) => {
      const { target } = touched.member;
      if (isClaimed && this.#locks.token(target) === undefined) return `its lock is held by ${this.#locks.heldBy(target)}`;
      const { changedBy, wasWritten } = await this.#deployments.restore(touched, this.#locks.token(target));
      if (changedBy === null && wasWritten) this.#account.restored.add(touched.member.label);
      if (changedBy === null && !wasWritten) this.#account.touched.delete(touched.member.label);
      return changedBy === null ? null : `changed by ${changedBy} meanwhile; nothing was overwritten`;
    }, { concurrency: parallelWrites });
    for (const [index, ending] of endings.entries()) {
      const { label, target } = wave[index]!.member;
      const by = isClaimed && ending.status === 'rejected' ? this.#locks.takenBy(target) : null;
      const why = ending.status === 'fulfilled' ? ending.value : by === null ? rootMessage(ending.reason) : `taken over by ${by}`;
      if (why !== null) this.#account.kept.set(label, why);
    }
    if (isClaimed) await this.#run.attempt('The locks of a wave could not be given back yet', () => this.#locks.giveBack(targets));
  }

  async #keepTable(generation: number): Promise<void> {
    const text = this.#account.table;
    this.#table = await this.#run.attempt('The table of the deployments could not be kept', () => keepReport({ key: this.#run.key('deployments', generation), workspace: this.#policy.workspaces.test, name: 'deployments.csv', text }));
  }

  #show(doing: string, wave: string, more: readonly string[] = []): void {
    const { updated } = this;
    this.#run.progress([`${doing}: ${wave}`, ...(updated.length > 0 ? [`${updated.length} have the new environment`] : []), ...more]);
  }
}

/** At most ten: the sentence is for people. */
function listed(labels: readonly string[]): string {
  return `${labels.slice(0, 10).join('; ')}${labels.length > 10 ? ` and ${labels.length - 10} more` : ''}`;
}
