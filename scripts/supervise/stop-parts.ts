import { ProcessRegister } from './process-register.ts';
import { stopProcess } from './processes.ts';
import type { Settings } from './settings.ts';
import { stopTemporal } from './temporal.ts';

export const everyPart = ['receiver', 'worker', 'sandbox', 'temporal'] as const;

/**
 * Stops the named parts of this state directory and waits until they are gone; Temporal last, so that the worker can hand back its tasks.
 * @returns those that ran, each with how it ended
 */
export async function stopParts(settings: Settings, names: readonly (typeof everyPart)[number][] = everyPart): Promise<string[]> {
  const register = new ProcessRegister(settings.stateDir);
  const running = Object.entries(register.running()).filter(([part]) => (names as readonly string[]).includes(part));
  const stopped = await Promise.all(
    running.map(async ([part, process]) => {
      const ending = await stopProcess(process);
      register.remove(part, process);
      return ending === 'killed' ? `${part} (killed: it did not end by itself)` : part;
    }),
  );
  if (names.includes('temporal') && (await stopTemporal(settings))) stopped.push('temporal');
  return stopped;
}
