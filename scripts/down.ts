/** `npm run down`: stops every part of this state directory and waits until it is gone. */
import { runScript, say } from './supervise/report.ts';
import { readSettings } from './supervise/settings.ts';
import { stopParts } from './supervise/stop-parts.ts';

await runScript(async () => {
  if (process.argv.length > 2) {
    say('Usage: npm run down   (the state directory is HOLDPOINT_STATE, .cache/state)');
    return 2;
  }
  const settings = readSettings();
  const stopped = await stopParts(settings);
  say(stopped.length > 0 ? `Stopped: ${stopped.join(', ')}.` : `Nothing is running in ${settings.stateDir}.`);
  return 0;
});
