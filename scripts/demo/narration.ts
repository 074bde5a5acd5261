import Table from 'cli-table3';
import picocolors from 'picocolors';
import type { PhaseTime, RunStatus } from '../../workflows/domain/run-status.ts';
import type { Settings } from '../supervise/settings.ts';

/** The variables that `npm run holdpoint` in another terminal needs as well, when they are not the usual ones. */
const passedOn = ['HOLDPOINT_STATE', 'TEMPORAL_ADDRESS', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'];

/** Says something to the audience, on standard output: it is the demo's result. */
export function tell(text = ''): void {
  console.log(text);
}

export function heading(text: string): void {
  tell(`\n${picocolors.bold(picocolors.cyan(`── ${text}`))}`);
}

/** Text of several lines, behind a bar. */
export function quote(text: string): void {
  tell(text.trimEnd().split('\n').map((line) => `${picocolors.dim('│')} ${line.replaceAll('**', '')}`).join('\n'));
}

/** Where Temporal Web UI shows the run and its card. */
export function webAddress({ temporal }: Settings, { workflowId, runId }: Pick<RunStatus, 'workflowId' | 'runId'>): string {
  return `${temporal.ui}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/user-metadata`;
}

/** The command that answers a gate, ready to paste into another terminal. */
export function approveCommand(workflowId: string, gate: string, person: string): string {
  const variables = passedOn.filter((name) => process.env[name]).map((name) => `${name}=${process.env[name]} `);
  return `${variables.join('')}npm run holdpoint -- approve ${workflowId} --gate ${gate} --as ${person}`;
}

/** Time per phase, in seconds. */
export function phaseTable(runs: readonly Pick<RunStatus, 'runbook' | 'phases'>[]): string {
  const table = new Table({ head: ['runbook', 'phase', 'seconds'], colAligns: ['left', 'left', 'right'], style: { head: [], border: [] }, chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } });
  for (const { runbook, phases } of runs) for (const phase of phases) table.push([runbook, phase.name, secondsOf(phase)]);
  return table.toString();
}

function secondsOf({ startedAt, endedAt }: PhaseTime): string {
  return endedAt === null ? '' : ((Date.parse(endedAt) - Date.parse(startedAt)) / 1000).toFixed(1);
}
