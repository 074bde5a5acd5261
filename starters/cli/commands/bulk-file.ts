/** `decide --file`: decisions from a file, checked as a whole before anything is sent. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { WorkflowNotFoundError } from '@temporalio/common';
import pMap from 'p-map';
import { concurrency, type BulkResult } from '../../bulk/decide-all.ts';
import { complaints, DecisionsFileError, parseDecisions, type FileDecision } from '../../bulk/decisions-file.ts';
import { wasDecidedBefore } from '../../bulk/earlier-decision.ts';
import { planDecision, type PlannedDecision } from '../../bulk/planned-decision.ts';
import { GateSilent, readGate } from '../../gates/read-gate.ts';
import { CommandError, ExitCode } from '../exit.ts';
import type { DecideCommandOptions } from '../command-options.ts';
import { withTemporal, type Session } from '../session.ts';
import { deciderOf } from '../sign-in/decider.ts';
import { carryOut } from './bulk-report.ts';

/** `unseen`: nobody would have seen the evidence that the decision is bound to. */
type Looked = { planned: PlannedDecision } | { settled: BulkResult } | { complaint: string; unseen?: true; silent?: true };

const unseenAdvice = 'Nothing was sent. Print the preview with --dry-run --json, read it, and give it as the file: it carries the evidence that it shows.';

export async function decideFile(options: DecideCommandOptions): Promise<void> {
  const { file } = options;
  const decider = deciderOf(options.as);
  const decisions = parsed(await read(file), file === '-' ? 'standard input' : file);
  await withTemporal(async (session) => {
    const looked = await pMap(decisions, (decision) => look(session, decision, decider.by, options), { concurrency });
    const wrong = looked.flatMap((each) => ('complaint' in each ? [each.complaint] : []));
    const isSilenceOnly = looked.every((each) => !('complaint' in each) || each.silent);
    if (wrong.length > 0) throw new CommandError(isSilenceOnly ? ExitCode.TimedOut : ExitCode.Refused, complaints(wrong).message, looked.some((each) => 'unseen' in each) ? unseenAdvice : 'Nothing was sent.');
    const planned = looked.flatMap((each) => ('planned' in each ? [each.planned] : []));
    const settled = looked.flatMap((each) => ('settled' in each ? [each.settled] : []));
    await carryOut(session, planned, settled, { ...options, decider, what: `Send ${planned.length} ${planned.length === 1 ? 'decision' : 'decisions'} as ${decider.by}?` });
  });
}

function parsed(content: string, file: string): FileDecision[] {
  try {
    return parseDecisions(content, file);
  } catch (error) {
    throw error instanceof DecisionsFileError ? new CommandError(ExitCode.Usage, error.message, 'Nothing was sent.') : error;
  }
}

async function read(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new CommandError(ExitCode.Usage, `${file} cannot be read`, 'Give the path of a YAML or JSON file, or - for standard input.');
  }
}

/** What the run shows now. A decision on other evidence than that is a complaint, for nobody who wrote the file has seen it; so is one without, where the gate binds evidence and nobody is asked. */
async function look({ client }: Session, { where, run, gate, verdict, comment, evidence }: FileDecision, by: string, { yes, dryRun }: Pick<DecideCommandOptions, 'yes' | 'dryRun'>): Promise<Looked> {
  try {
    const view = await readGate(client, run);
    if (view === null || view.gate !== gate) {
      const base = { workflowId: run, runId: view?.runId ?? '', gate, verdict, state: null, missing: 0 };
      const before = await wasDecidedBefore(client, run, { gate, verdict, by });
      return { settled: before ? { ...base, result: 'already', reason: `${by} has said so before; nothing was changed` } : { ...base, result: 'refused', reason: view === null ? 'no gate is open' : `gate "${gate}" is not open; open is "${view.gate}"` } };
    }
    if (evidence !== undefined && !view.evidence.startsWith(evidence.toLowerCase().slice(0, 12))) return { complaint: `${where}: evidence: ${run} shows ${view.evidence} now; look at it again with \`show\`` };
    if (evidence === undefined && yes && !dryRun && view.policy.bindEvidence) return { complaint: `${where}: evidence: is missing: ${gate} of ${run} binds it, and with --yes nobody sees what it is now`, unseen: true };
    return { planned: planDecision(view, { verdict, by, comment }) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { complaint: `${where}: run: there is no run ${run}` };
    if (error instanceof GateSilent) return { complaint: `${where}: run: ${error.message}`, silent: true };
    throw error;
  }
}
