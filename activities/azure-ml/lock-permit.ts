/** Azure ML knows no ETag for deployments: a write asks the target's lock immediately before, so that a run which was pre-empted meanwhile writes nothing more. */
import { FailureType } from '../../workflows/domain/failures.ts';
import { vendorFailure } from '../http/classify.ts';
import type { Permit } from './deployment-write.ts';

/** Which lock a run holds, and since which epoch. */
export interface LockEpoch {
  id: string;
  epoch: number;
}

/** The lock's epoch and holder at this moment. */
export type ReadLock = (id: string) => Promise<{ epoch: number; holder: { workflowId: string } | null }>;

/** @throws Preempted (not retried) when the lock's epoch has risen; Unavailable when the lock cannot be read: nobody writes without knowing */
export function underLock(readLock: ReadLock | undefined, lock: LockEpoch | undefined, what: string): Permit {
  return async () => {
    if (!lock) return;
    if (!readLock) throw vendorFailure(FailureType.Unavailable, `${what}: this worker has no Temporal client to read ${lock.id} with`);
    const { epoch, holder } = await readLock(lock.id);
    if (epoch !== lock.epoch) throw vendorFailure(FailureType.Preempted, `${what}: ${lock.id} has passed from epoch ${lock.epoch} to ${epoch}, held by ${holder?.workflowId ?? 'nobody'}; nothing was written`);
  };
}
