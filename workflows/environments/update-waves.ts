/** Writing a new environment wave by wave, each deployment under the lock of its target. */
import { ApplicationFailure } from '@temporalio/workflow';
import { pMapSettled } from 'p-map';
import { isCancelled } from '../blocks/cancellation.ts';
import type { FreezePassed } from '../blocks/freeze-wait.ts';
import { isPreempted } from '../blocks/resource-lock.ts';
import { now } from '../blocks/workflow-clock.ts';
import { changedSinceTest, type FleetMember } from '../domain/environment.ts';
import { FailureType } from '../domain/failures.ts';
import { UpdateEnvironmentPhase as Phase } from '../domain/phases.ts';
import { lockPriority } from '../domain/resource-lock.ts';
import type { Target } from '../domain/vocabulary.ts';
import { queueForLocks } from '../locks/lock-activities.ts';
import { isHeld, passHolds } from '../releases/pass-holds.ts';
import { readProductionDeployment } from '../releases/release-activities.ts';
import type { Touched } from './deployment-environment.ts';
import { handOverTaken, howFar, parallelWrites, showWave, waveName, type FleetInHand } from './fleet-in-hand.ts';
import type { HeldFleet } from './held-fleet.ts';
import type { WaveWrite } from './update-freeze.ts';

/** Why an update ends between two waves, with everything put back: a newer version came, or what was seen of those that have the new environment already. */
export type EndedEarly = { kind: 'superseded'; outcome: NonNullable<FreezePassed['superseded']> } | { kind: 'breached'; reason: string; wave: string };

/** Ends the update from within a wave. */
export class UpdateEnded extends Error {
  readonly why: EndedEarly;

  constructor(why: EndedEarly) {
    super(why.kind === 'superseded' ? why.outcome.reason : why.reason);
    this.why = why;
  }
}

export interface UpdateWavesOptions {
  fleet: FleetInHand;
  waveWrite: WaveWrite;
  held: HeldFleet;
  /** Asset ids of the models that the integration test scored with, by label. */
  tested: ReadonlyMap<string, string>;
}

export class UpdateWaves {
  readonly #fleet: FleetInHand;
  readonly #waveWrite: WaveWrite;
  readonly #held: HeldFleet;
  readonly #tested: ReadonlyMap<string, string>;

  constructor({ fleet, waveWrite, held, tested }: UpdateWavesOptions) {
    this.#fleet = fleet;
    this.#waveWrite = waveWrite;
    this.#held = held;
    this.#tested = tested;
  }

  /** What is locked by others for longer than a wave waits comes in a last wave, or is left out. @throws UpdateEnded when it has to be put back */
  async update(): Promise<void> {
    const { waves, account } = this.#fleet;
    const late: FleetMember[] = [];
    for (const [index, wave] of waves.entries()) late.push(...(await this.#updateWave(wave, waveName(this.#fleet, index))).keys());
    const locked = late.length === 0 ? [] : await this.#updateWave(late, `last wave, of ${late.length} that were locked`);
    for (const [{ label }, heldBy] of locked) account.leaveOut(label, `its lock was held by ${heldBy}`);
  }

  /** Answers those whose lock was not free in time, and who holds it; they are out of its queue again. */
  async #updateWave(wave: readonly FleetMember[], name: string): Promise<Map<FleetMember, string>> {
    const { locks, what, policy, lockWaitMs } = this.#fleet;
    const show = (more: string[] = []): void => showWave(this.#fleet, 'Updating', name, more);
    show();
    const targets = wave.map(({ target }) => target);
    const closesAt = await this.#passHolds(targets, name);
    show();
    const from = now().getTime();
    await locks.claim(targets, { what, priority: lockPriority('environment', policy.severity) }, queueForLocks);
    if (closesAt !== null && closesAt <= now().toISOString() && (await this.#isHeld(targets, name))) return await this.#updateAgain(wave, wave, name);
    const isWaiting = ({ target }: FleetMember): boolean => locks.isWaiting(target);
    const locked = wave.filter(isWaiting);
    await this.#updateEach(wave.filter((member) => !locked.includes(member)));
    if (locked.length > 0) {
      show(locked.map(({ label, target }) => `Waits for the lock of ${label}, held by ${locks.heldBy(target)}`));
      await locks.wait(locked.map(({ target }) => target), from + lockWaitMs - now().getTime());
    }
    const late = new Map(locked.filter(isWaiting).map((member) => [member, locks.heldBy(member.target)]));
    const rest = locked.filter((member) => !late.has(member));
    // What has begun to hold them while others had their locks is waited out without the locks.
    if (rest.length > 0 && (await this.#isHeld(rest.map(({ target }) => target), name))) return new Map([...late, ...(await this.#updateAgain(wave, rest, name))]);
    await this.#updateEach(rest);
    await this.#giveBack(wave);
    return late;
  }

  async #giveBack(wave: readonly FleetMember[]): Promise<void> {
    handOverTaken(this.#fleet, wave);
    await this.#fleet.locks.giveBack(wave.map(({ target }) => target));
  }

  /** Waits for as long as a stop or a freeze holds one of these, and looks afterwards at those that have the new environment already; says when the next freeze begins. */
  async #passHolds(targets: Target[], wave: string): Promise<string | null> {
    const { run, account } = this.#fleet;
    for (;;) {
      const updated = account.membersOf('updated');
      const { hasWaited, superseded, closesAt, over } = await passHolds(this.#waveWrite(targets, wave, updated));
      if (superseded) throw new UpdateEnded({ kind: 'superseded', outcome: superseded });
      if (over !== null) throw new UpdateEnded({ kind: 'breached', reason: over, wave });
      if (!hasWaited) return closesAt;
      run.enter(Phase.Deployment);
      if (updated.length === 0) return closesAt;
      const reason = await this.#held.look(updated, howFar(this.#fleet));
      if (reason !== null) throw new UpdateEnded({ kind: 'breached', reason, wave });
      // The look may have lasted: what has begun to hold them meanwhile is waited out, too.
    }
  }

  async #isHeld(targets: Target[], name: string): Promise<boolean> {
    return await isHeld(this.#waveWrite(targets, name, this.#fleet.account.membersOf('updated')));
  }

  /** Gives the locks of the whole wave back, and begins anew with the rest of it. */
  async #updateAgain(wave: readonly FleetMember[], rest: readonly FleetMember[], name: string): Promise<Map<FleetMember, string>> {
    await this.#giveBack(wave);
    const { takenOver } = this.#fleet.account;
    return await this.#updateWave(rest.filter(({ label }) => !takenOver.includes(label)), name);
  }

  /** Waits for all of them, also when one fails. */
  async #updateEach(members: readonly FleetMember[]): Promise<void> {
    const endings = await pMapSettled(members, (member) => this.#update(member), { concurrency: parallelWrites });
    const failed = endings.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Reads it and writes it, where it serves still what was tested. */
  async #update(member: FleetMember): Promise<void> {
    const { run, locks, policy, account, deployments } = this.#fleet;
    const { label, endpoint, deployment, target } = member;
    const lock = locks.token(target);
    try {
      if (!lock) throw ApplicationFailure.nonRetryable(`the lock of ${label} is not held`, FailureType.Preempted);
      const before = await readProductionDeployment({ workspace: policy.workspaces.production, endpoint, deployment });
      const { model } = before;
      if (model === null) return account.leaveOut(label, 'it went since its test: there was nothing to update');
      const changed = changedSinceTest(this.#tested.get(label), model);
      if (changed !== null) return account.leaveOut(label, changed);
      const touched: Touched = { member, before, verified: false };
      account.touched.set(label, touched);
      run.production = 'changed';
      await deployments.write(touched, model, lock);
      touched.verified = true;
    } catch (error) {
      // A cancellation of the whole run goes first.
      const by = isCancelled(error) ? null : (locks.takenBy(target) ?? (isPreempted(error) ? 'another run' : null));
      if (by === null) throw error;
      account.handOver(label, by);
    }
  }
}
