/** Putting the environment of many deployments back, in the waves in which it was written; each deployment under the lock of its target. */
import { CancellationScope } from '@temporalio/workflow';
import { pMapSettled } from 'p-map';
import { rootMessage } from '../blocks/compensations.ts';
import { lockPriority } from '../domain/resource-lock.ts';
import { queueForLocksSoon } from '../locks/lock-activities.ts';
import type { Touched } from './deployment-environment.ts';
import { handOverTaken, listed, parallelWrites, showWave, waveName, type FleetInHand } from './fleet-in-hand.ts';

/**
 * Puts back, not cancellable, what this run has written; a change that somebody made meanwhile is left alone. `keep` is called when all is done that can be.
 *
 * @throws when not all could be put back, naming them
 */
export async function putBackFleet(fleet: FleetInHand, keep: () => Promise<void>): Promise<string> {
  const { run, account, waves } = fleet;
  return await CancellationScope.nonCancellable(async () => {
    handOverTaken(fleet, waves.flat()); // of a wave that did not come to its end
    for (const [index, wave] of waves.entries()) {
      const touched = wave.flatMap(({ label }) => account.touched.get(label) ?? []);
      if (touched.length > 0) await putBackWave(fleet, touched, waveName(fleet, index));
    }
    run.progress([]);
    const { kept, restored, takenWritten } = account;
    if (kept.size + takenWritten.length === 0) run.production = 'unchanged';
    await keep();
    if (kept.size > 0) throw new Error(`put back ${restored.size}, but not ${listed([...kept].map(([label, why]) => `${label} (${why})`))}`);
    return `put back ${restored.size} deployments${takenWritten.length === 0 ? '' : `; left alone: ${listed(takenWritten)}`}`;
  });
}

async function putBackWave(fleet: FleetInHand, wave: readonly Touched[], name: string): Promise<void> {
  const { run, locks, policy, account } = fleet;
  showWave(fleet, 'Putting back', name);
  const targets = wave.map(({ member }) => member.target);
  const claim = { what: `rollback of ${fleet.what}`, priority: lockPriority('rollback', policy.severity) };
  // Production goes first: locks that do not answer do not stop it, a lock that another run holds does.
  const isClaimed = (await run.attempt('The locks of a wave did not answer; it is put back without them', async () => {
    await locks.claim(targets, claim, queueForLocksSoon);
    return true;
  })) ?? false;
  if (isClaimed) await locks.wait(targets, fleet.lockWaitMs);
  const endings = await pMapSettled(wave, (touched) => putBackOne(fleet, touched, isClaimed), { concurrency: parallelWrites });
  for (const [index, ending] of endings.entries()) {
    const { label, target } = wave[index]!.member;
    const by = isClaimed && ending.status === 'rejected' ? locks.takenBy(target) : null;
    const why = ending.status === 'fulfilled' ? ending.value : by === null ? rootMessage(ending.reason) : `taken over by ${by}`;
    if (why !== null) account.kept.set(label, why);
  }
  if (isClaimed) await run.attempt('The locks of a wave could not be given back yet', () => locks.giveBack(targets));
}

/** Answers why it is left as it is; null: it is as it was. */
async function putBackOne({ locks, deployments, account }: FleetInHand, touched: Touched, isClaimed: boolean): Promise<string | null> {
  const { label, target } = touched.member;
  if (isClaimed && locks.token(target) === undefined) return `its lock is held by ${locks.heldBy(target)}`;
  const { changedBy, wasWritten } = await deployments.restore(touched, locks.token(target));
  if (changedBy !== null) return `changed by ${changedBy} meanwhile; nothing was overwritten`;
  if (wasWritten) account.restored.add(label);
  else account.touched.delete(label);
  return null;
}
