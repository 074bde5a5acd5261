/** `npm run up`: Temporal, the stand-in, the worker and the receiver, for the demo's estate. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { emptyState } from './supervise/empty-state.ts';
import { followLogs } from './supervise/follow-logs.ts';
import { aborted, interruption } from './supervise/interruption.ts';
import { parts } from './supervise/parts.ts';
import { ProcessRegister } from './supervise/process-register.ts';
import { runScript, say, sayAddresses, sayHealthy } from './supervise/report.ts';
import { addresses, readSettings, type Settings } from './supervise/settings.ts';
import { startAll, type Stoppable } from './supervise/start-all.ts';
import { stopParts } from './supervise/stop-parts.ts';

const usage = `Usage: npm run up [-- --detach] [--json] [--fresh]
  --detach   go on in the background; npm run down stops it
  --json     print the addresses as one line of JSON
  --fresh    stop what runs and empty the state directory first

Environment: HOLDPOINT_STATE (.cache/state), TEMPORAL_PORT (7233), TEMPORAL_UI_PORT (8233), HOLDPOINT_PORT (8480),
HOLDPOINT_WORKER_HEALTH_PORT (8481), SANDBOX_PORT (8443), TEMPORAL_CLI.`;

await runScript(async () => {
  const options = readOptions();
  if (typeof options === 'number') return options;
  const signal = interruption();
  const settings = readSettings();
  if (options.fresh) {
    const stopped = await stopParts(settings);
    emptyState(settings);
    say(`The state directory is empty${stopped.length > 0 ? `; stopped before: ${stopped.join(', ')}` : ''}.`);
  }
  const began = performance.now();
  const startedHere = await startAll(settings, { signal, onHealthy: sayHealthy });
  say(`All parts are healthy after ${((performance.now() - began) / 1000).toFixed(1)} s.`);
  sayAddresses(settings);
  if (options.json) console.log(JSON.stringify(addresses(settings)));
  if (options.detach) {
    say('They go on in the background; npm run down stops them.');
    return 0;
  }
  await stayInForeground(settings, startedHere, signal);
  return 0;
});

/** The options, or the exit status of a command line that asks for nothing else. */
function readOptions(): { detach: boolean; json: boolean; fresh: boolean } | number {
  try {
    const flag = { type: 'boolean', default: false } as const;
    const { values } = parseArgs({ options: { detach: flag, json: flag, fresh: flag, help: { ...flag, short: 'h' } } });
    if (!values.help) return values;
    console.log(usage);
    return 0;
  } catch (error) {
    say(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
}

async function stayInForeground(settings: Settings, startedHere: Stoppable[], signal: AbortSignal): Promise<void> {
  say(`Ctrl-C stops ${startedHere.length > 0 ? startedHere.join(', ') : 'showing the logs; npm run down stops the parts'}.\n`);
  const logs = Object.fromEntries(Object.values(parts(settings)).map(({ name, logFile }) => [name, logFile]));
  const endLogs = followLogs(logs, (line) => console.log(line));
  await Promise.race([aborted(signal), tellDeaths(settings, signal)]);
  say('\nStopping …');
  const stopped = await stopParts(settings, startedHere);
  endLogs();
  say(stopped.length > 0 ? `Stopped: ${stopped.join(', ')}.` : 'Nothing of what was started here is left to stop.');
}

/**
 * A part that ends is told, and not started again: whoever tries what a crash does decides when. Resolves when all have ended,
 * which is what `npm run down` in another terminal brings about.
 */
async function tellDeaths(settings: Settings, signal: AbortSignal): Promise<void> {
  const register = new ProcessRegister(settings.stateDir);
  let known = Object.keys(register.running());
  while (known.length > 0 && !signal.aborted) {
    await sleep(500);
    const now = Object.keys(register.running());
    for (const part of known.filter((name) => !now.includes(name))) say(`The ${part} has ended. HOLDPOINT_PROFILE=demo npm run ${part} starts it again.`);
    known = now;
  }
}
