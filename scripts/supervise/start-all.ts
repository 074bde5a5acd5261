import { waitForFirstModels } from './first-models.ts';
import { parts, type PartName } from './parts.ts';
import { startPart } from './start-part.ts';
import { scheduleRegularRuns } from './schedules.ts';
import { stopParts } from './stop-parts.ts';
import { prepareState, type Settings } from './settings.ts';
import { subscribeReceiver } from './subscriptions.ts';
import { startTemporal } from './temporal.ts';

export type Stoppable = PartName | 'temporal';

export interface StartOptions {
  signal: AbortSignal;
  /** Told about each part that is healthy: how long it took, and whether it ran before. */
  onHealthy: (part: Stoppable, seconds: number, reused: boolean) => void;
}

/**
 * Starts every part that does not run, those that need nothing of each other side by side, and waits until all are healthy.
 * If one fails or `signal` aborts, those started here are stopped again.
 * @returns the parts started here, which it is therefore the caller's business to stop
 */
export async function startAll(settings: Settings, { signal, onHealthy }: StartOptions): Promise<Stoppable[]> {
  const startedHere = new Set<Stoppable>();
  const abandon = new AbortController();
  const either = AbortSignal.any([signal, abandon.signal]);
  const timed = async (name: Stoppable, start: (onStarted: () => void) => Promise<void>): Promise<void> => {
    const began = performance.now();
    await start(() => startedHere.add(name));
    onHealthy(name, (performance.now() - began) / 1000, !startedHere.has(name));
  };
  const { sandbox, worker, receiver } = parts(settings);
  const sideBySide = async (...work: Promise<void>[]): Promise<void> => {
    try {
      await Promise.all(work);
    } catch (error) {
      abandon.abort(error);
      await Promise.allSettled(work);
      throw error;
    }
  };
  try {
    await prepareState(settings);
    await sideBySide(
      timed('temporal', (onStarted) => startTemporal(settings, either, onStarted)),
      timed('sandbox', (onStarted) => startPart(sandbox, settings, either, onStarted)),
    );
    await sideBySide(
      timed('worker', (onStarted) => startPart(worker, settings, either, onStarted)),
      timed('receiver', (onStarted) => startPart(receiver, settings, either, onStarted)),
    );
    await subscribeReceiver(settings);
    await scheduleRegularRuns(settings);
    await waitForFirstModels(settings, signal);
    return [...startedHere];
  } catch (error) {
    await stopParts(settings, [...startedHere]);
    throw error;
  }
}
