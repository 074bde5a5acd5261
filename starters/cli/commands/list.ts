import type { WorkflowExecutionInfo } from '@temporalio/client';
import pMap from 'p-map';
import { SilentRuns } from '../../gates/silent-runs.ts';
import { runbooks } from '../../runbooks.ts';
import { within } from '../../temporal-connection.ts';
import { targetLabel } from '../../../workflows/domain/ids.ts';
import { holdpoint } from '../../command-line.ts';
import { ExitCode } from '../exit.ts';
import { colour, duration, note, print, printJson, progress, table } from '../output.ts';
import type { ListCommandOptions } from '../command-options.ts';
import { hasRunbookWorker, readStatus, silenceAdvice } from '../run-query.ts';
import { confirmedBy, summaryOf, type RunSummary } from '../run-summary.ts';
import { withTemporal, type Session } from '../session.ts';

/** Most queries under way at the same time: each may make a worker replay a history. */
const concurrency = 16;
/** Milliseconds for all pages of the list. */
const listMs = 60_000;

/** Workflows that nobody starts by hand, and that somebody may have to look at: stages that wait for their check, reviews of a broken glass or a rollback, hooks that led to no change, what a schedule started for each circuit. */
const serving = ['approvePipelineStage', 'reviewBypass', 'keepUnresolvedHook', 'startForTargets'];

/**
 * Lists the runs of all runbooks, open and closed. One visibility query finds them; whether a gate is open is asked of each open run. Visibility is eventually consistent: a run
 * started a moment ago may be missing. When open runs do not answer, they are listed as visibility has them, and the exit code says that the list is not confirmed.
 */
export async function list({ waiting, json }: ListCommandOptions): Promise<void> {
  await withTemporal(async (session) => {
    const found = await findRuns(session, waiting === true);
    const runs = (await confirmGates(session, found)).filter((run) => !waiting || run.gate !== null);
    if (json) return printJson(runs);
    if (runs.length === 0) return print(waiting ? 'Nothing waits for an answer.' : `No runs yet. \`${holdpoint} runbooks\` shows what can be started.`);
    print(waiting ? waitingTable(runs) : runsTable(runs));
    if (waiting) note(`\`${holdpoint} show <run>\` shows what is asked; \`${holdpoint} approve <run> --gate <gate> --as <person>\` answers.`);
  });
}

async function findRuns({ client }: Session, openOnly: boolean): Promise<RunSummary[]> {
  const types = [...runbooks.map(({ name }) => name), ...serving].map((name) => `'${name}'`).join(', ');
  const query = `WorkflowType IN (${types})${openOnly ? " AND ExecutionStatus = 'Running'" : ''}`;
  const found: WorkflowExecutionInfo[] = [];
  await within(client, listMs, async () => {
    for await (const info of client.workflow.list({ query, pageSize: 500 })) found.push(info);
  });
  return found.sort((left, right) => right.startTime.getTime() - left.startTime.getTime()).map(summaryOf);
}

async function confirmGates(session: Session, runs: RunSummary[]): Promise<RunSummary[]> {
  const asked = new SilentRuns(() => hasRunbookWorker(session).catch(() => true));
  const open = runs.filter(({ status }) => status === 'Running').length;
  const told = progress('open runs asked');
  let answered = 0;
  const confirmed = await pMap(runs, async (run) => {
    if (run.status !== 'Running' || !(await asked.isWorthAsking())) return run;
    const status = await readStatus(session, run);
    told(open);
    if (!status.ok) {
      asked.stayedSilent();
      return run;
    }
    asked.answered();
    answered += 1;
    return confirmedBy(status.value, run);
  }, { concurrency });
  if (answered < open) {
    note(`${open - answered} of ${open} open runs did not answer, so it is not known whether they wait for somebody. ${await silenceAdvice(session)}`);
    process.exitCode = ExitCode.TimedOut;
  }
  return confirmed;
}

function runsTable(runs: RunSummary[]): string {
  return table(['run', 'target', 'status', 'phase', 'gate'], runs.map((run) => [run.workflowId, targetOf(run), statusOf(run), run.phase ?? '', run.gate === null ? '' : colour.yellow(run.gate.id)]));
}

function waitingTable(runs: RunSummary[]): string {
  return table(['run', 'gate', 'who may answer', 'time left'], runs.map(({ workflowId, gate }) => [workflowId, colour.yellow(gate!.id), `${gate!.quorum} of ${gate!.approvers.join(', ')}`, duration(Date.parse(gate!.deadline) - Date.now())]));
}

function targetOf({ target }: RunSummary): string {
  return target === null ? '' : `${targetLabel(target)} ${target.version}`;
}

/** The outcome says more than Temporal's own word, where there is one. */
function statusOf({ status, outcome }: RunSummary): string {
  if (status === 'Running') return colour.cyan(status);
  if (outcome === 'succeeded') return colour.green(outcome);
  return outcome === null || outcome === 'failed' ? colour.red(outcome ?? status) : outcome;
}
