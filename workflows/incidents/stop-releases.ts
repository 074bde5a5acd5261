import { allHandlersFinished, condition, defineQuery, defineSignal, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { now } from '../blocks/workflow-clock.ts';
import { addHold, liftHold, readHold, stopCard, type StopHold, type StopScope } from '../domain/emergency-stop.ts';

export const holdSignal = defineSignal<[unknown?]>('hold');
export const liftSignal = defineSignal<[unknown?]>('lift');
export const holdsQuery = defineQuery<StopHold[]>('holds');

/** The emergency stop of one scope: lives for as long as somebody holds its releases back, and is started by the first hold. Holding twice and lifting twice change nothing. */
export async function stopReleases(scope: StopScope): Promise<{ lifted: number }> {
  let holds: StopHold[] = [];
  let lifted = 0;
  const become = (next: StopHold[]): void => {
    lifted += holds.length > next.length ? 1 : 0;
    holds = next;
    setCurrentDetails(stopCard(scope, holds));
  };
  setHandler(holdSignal, (value) => {
    const hold = readHold(value);
    if (hold) become(addHold(holds, { ...hold, since: hold.since === '' ? now().toISOString() : hold.since }));
  }, { description: 'Hold the releases back: {"by", "reason"}' });
  setHandler(liftSignal, (value) => {
    const { by } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (typeof by === 'string') become(liftHold(holds, by));
  }, { description: 'Take a hold back: {"by": whose it is}' });
  setHandler(holdsQuery, () => holds, { description: 'Who holds the releases back, and why' });

  // Started by hand it waits for its first hold. A hold that comes as it ends is given back by Temporal, and the task is done anew with it.
  await condition(() => lifted > 0 && holds.length === 0 && allHandlersFinished());
  return { lifted };
}
