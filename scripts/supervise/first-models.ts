import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from './settings.ts';
import { PartFailed } from './start-part.ts';
import { askJson } from './web.ts';

/** Eight models, two at a time, each a few seconds of one core. */
const timeoutMs = 180_000;

/** At its first start the stand-in trains and deploys version 1 of every circuit's model, while the other parts start. Waits until that is done. */
export async function waitForFirstModels({ sandbox: { url, caFile } }: Settings, signal: AbortSignal): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await askJson<{ seeded: boolean }>(`${url}/_sandbox/health`, { caFile })).seeded) {
    signal.throwIfAborted();
    if (performance.now() > until) throw new PartFailed(`The stand-in has not trained its first models within ${timeoutMs / 1000} s; see its log.`);
    await sleep(100);
  }
}
