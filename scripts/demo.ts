/** `npm run demo`: the first release from a merged pull request to production, told in the terminal. */
import { parseArgs } from 'node:util';
import picocolors from 'picocolors';
import { connectClient } from '../workers/temporal-client.ts';
import type { RunStatus } from '../workflows/domain/run-status.ts';
import { followChange } from './demo/change.ts';
import { heading, phaseTable, tell } from './demo/narration.ts';
import { armClient } from './demo/platform-clients.ts';
import { productionTags } from './demo/production-tags.ts';
import { completePullRequest } from './demo/pull-request.ts';
import { followRelease } from './demo/release.ts';
import { interruption } from './supervise/interruption.ts';
import { runScript, say, sayAddresses, sayHealthy } from './supervise/report.ts';
import { readSettings, type Settings } from './supervise/settings.ts';
import { startAll } from './supervise/start-all.ts';
import { stopParts } from './supervise/stop-parts.ts';

const usage = `Usage: npm run demo [-- --auto]
  --auto   approve as alice and bob instead of waiting for you`;

await runScript(async () => {
  const auto = readAuto();
  if (typeof auto === 'number') return auto;
  const signal = interruption();
  const settings = readSettings();
  const startedHere = await startAll(settings, { signal, onHealthy: sayHealthy });
  sayAddresses(settings);
  try {
    return await release(settings, auto, signal);
  } finally {
    say('\nStopping what the demo started …');
    const stopped = await stopParts(settings, startedHere);
    say(stopped.length > 0 ? `Stopped: ${stopped.join(', ')}.` : 'Everything was running before and goes on; npm run down stops it.');
  }
});

/** Whether to approve, or the exit status of a command line that asks for nothing else. */
function readAuto(): boolean | number {
  try {
    const flag = { type: 'boolean', default: false } as const;
    const { values } = parseArgs({ options: { auto: flag, help: { ...flag, short: 'h' } } });
    if (!values.help) return values.auto;
    tell(usage);
    return 0;
  } catch (error) {
    say(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
}

/** From the pull request to the end of its releases; the exit status. */
async function release(settings: Settings, auto: boolean, signal: AbortSignal): Promise<number> {
  const client = await connectClient({ temporalAddress: settings.temporal.address });
  try {
    const arm = armClient(settings);
    const pullRequest = await completePullRequest(settings);
    heading(`Pull request ${pullRequest.pullRequestId} is completed: ${pullRequest.title} (${pullRequest.path})`);
    tell('  Azure DevOps tells the receiver by its service hooks.');
    const change = await followChange(pullRequest, { client, arm, settings, signal });
    const runs: RunStatus[] = [change.status];
    for (const circuit of change.result.circuits) {
      if (circuit.state === 'failed') tell(picocolors.red(`${circuit.target.plant}/${circuit.target.circuit} failed: ${circuit.reason}`));
      if (circuit.state !== 'released') continue;
      const ended = await followRelease(circuit.workflowId, { client, settings, signal, auto });
      runs.push(ended);
      heading(`${ended.outcome}: ${circuit.workflowId}`);
      tell('The tags of the production deployment, as the platform tells them:');
      for (const [name, value] of Object.entries(await productionTags(arm, circuit.target))) tell(`  ${name.padEnd(18)} ${value}`);
    }
    heading('Time per phase');
    tell(phaseTable(runs));
    return runs.length > 1 && runs.every(({ outcome }) => outcome === 'succeeded') ? 0 : 1;
  } finally {
    await client.connection.close();
  }
}
