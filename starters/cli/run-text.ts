/** A run as a page for people: where it stands, what it asks or how it ended, and what to do next. */
import type { CompensationReport } from '../../workflows/domain/compensation.ts';
import type { ReleaseChangeResult, ReleaseModelResult } from '../../workflows/domain/release.ts';
import { openingInWords } from '../../workflows/domain/freeze.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { RunDetails } from './run-details.ts';
import { cardEvidence, cardText } from './card-text.ts';
import { nextSteps } from './next-steps.ts';
import { colour, duration, instant, table } from './output.ts';

export interface RunPage {
  run: RunDetails;
  /** Why it failed; null for any other end. */
  failure: string | null;
  /** Markdown of the open gate. */
  card: string | null;
  summary: string | null;
  startedAt: Date;
  closedAt: Date | null;
  /** Temporal Web UI. */
  link: string;
}

export function runText(page: RunPage): string {
  const { run, card } = page;
  const next = nextSteps(run, card === null ? null : cardEvidence(card));
  return [heading(page), phasesTable(page), card === null ? gateFacts(run) : cardText(card), lastAnswer(run), ending(page), `${colour.bold('Next')}\n${indent(next)}`].filter((part) => part !== '').join('\n\n');
}

function heading({ run, summary, startedAt, closedAt, link }: RunPage): string {
  const took = duration((closedAt ?? new Date()).getTime() - startedAt.getTime());
  const state = [run.outcome === null ? run.status : `${run.outcome} (${run.status})`, ...(closedAt === null && run.phase !== null ? [run.phase] : [])].join(', ');
  const facts: [string, string][] = [
    ['status', colour.bold(state)],
    ...(run.target === null ? [] : [['target', `${targetLabel(run.target)} version ${run.target.version}`] as [string, string]]),
    ...(run.target === null || run.production === null ? [] : [['production', run.production] as [string, string]]),
    ...(run.frozen === undefined ? [] : [['frozen', `until ${openingInWords(run.frozen.until)}: ${run.frozen.by.join(', ')}`] as [string, string]]),
    ['started', closedAt === null ? `${instant(startedAt)}, ${took} ago` : `${instant(startedAt)}, ended ${instant(closedAt)} after ${took}`],
    ['run', run.runId],
    ['Web UI', link],
  ];
  return [colour.bold(run.workflowId), ...(summary === null ? [] : [summary]), ...facts.map(([name, value]) => `  ${name.padEnd(10)}  ${value}`)].join('\n');
}

function phasesTable({ run: { phases }, closedAt }: RunPage): string {
  if (phases.length === 0) return '';
  const rows = phases.map(({ name, startedAt, endedAt }) => {
    // A run that was cut off ended none of its phases itself.
    const end = endedAt === null ? (closedAt?.getTime() ?? Date.now()) : Date.parse(endedAt);
    return [name, instant(startedAt), `${duration(end - Date.parse(startedAt))}${endedAt === null && closedAt === null ? ' so far' : ''}`];
  });
  return table(['phase', 'since', 'took'], rows);
}

/** What is known of a gate whose card could not be read. */
function gateFacts({ gate }: RunDetails): string {
  if (gate === null) return '';
  return `${colour.yellow(`Gate ${gate.id}`)} since ${instant(gate.openedAt)}, until ${instant(gate.deadline)}: ${gate.quorum} of ${gate.approvers.join(', ')}`;
}

function lastAnswer({ lastAnswer: answer, gate }: RunDetails): string {
  // An open gate's card begins with it.
  if (answer === null || gate !== null) return '';
  return `${colour.bold('Last answer')}\n  ${answer.by ?? 'unnamed'}: ${answer.counted ? 'counted' : 'not counted'}, ${answer.reason}`;
}

function ending({ run, failure, closedAt }: RunPage): string {
  if (closedAt === null) return '';
  const result = (run.result ?? {}) as Partial<ReleaseModelResult & ReleaseChangeResult>;
  const lines = [
    result.reason ?? failure ?? 'it left no result',
    ...(result.workItem ? [`work item ${result.workItem.id}: ${result.workItem.url}`] : []),
    ...(result.circuits ?? []).map((circuit) => `${targetLabel(circuit.target)} ${circuit.version ?? ''}: ${circuit.state}${'reason' in circuit ? `, ${circuit.reason}` : 'workflowId' in circuit ? `, ${circuit.workflowId}` : 'by' in circuit ? `, by ${circuit.by}` : ''}`),
    ...(result.refused ?? []).map(({ path, line, reason }) => `refused ${line === null ? path : `${path}:${line}`}: ${reason}`),
    ...(result.notes ?? []),
    ...(result.compensations ?? []).map((report: CompensationReport) => `undo of ${report.step}: ${report.state}, ${report.detail}`),
  ];
  return `${colour.bold('How it ended')}\n${indent(lines.join('\n'))}`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
