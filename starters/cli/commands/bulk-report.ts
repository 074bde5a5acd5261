/** Preview, consent, sending and report: what all bulk decisions share. */
import { createInterface } from 'node:readline/promises';
import { clip } from '../../../workflows/domain/answer.ts';
import { decideAll, type BulkResult } from '../../bulk/decide-all.ts';
import { leftOutText, type LeftOut } from '../../bulk/left-out.ts';
import { isAttributed, isDecidedBy, type PlannedDecision } from '../../bulk/planned-decision.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { colour, duration, note, print, printJson, progress, table } from '../output.ts';
import type { BulkOptions } from '../command-options.ts';
import type { Session } from '../session.ts';
import { levelOf, proposalAdvice, type Decider } from '../sign-in/decider.ts';
import { signAnswers } from '../sign-in/receiver-calls.ts';

/** Seconds for each decision: where hundreds are made at once, what they set off takes the same workers. */
const defaultTimeout = 120;

interface CarryOutOptions extends BulkOptions {
  decider: Decider;
  /** Gates that were meant too, but have to be named. */
  leftOut?: readonly LeftOut[];
  /** Runs that did not say what they wait for: something may have been left undecided, so the command does not end well. */
  silent?: readonly string[];
  /** The question of consent. */
  what: string;
}

/** Shows what would be decided, asks whether it shall be, and decides. `settled`: what needs no sending, for the report. Ends with the exit code for the worst result. */
export async function carryOut(session: Session, planned: readonly PlannedDecision[], settled: readonly BulkResult[], { what, decider, leftOut = [], silent = [], yes, dryRun, json, timeout = defaultTimeout }: CarryOutOptions): Promise<void> {
  const preview = planned.map(previewed);
  if (!json) print(planned.length === 0 ? 'Nothing waits for such a decision.' : previewTable(planned));
  if (!json && leftOut.length > 0) print(`\n${leftOutText(leftOut)}`);
  if (dryRun || planned.length === 0) {
    if (json) printJson({ preview, leftOut, silent, results: settled });
    else if (settled.length > 0) print(`\n${resultTable(settled)}`);
    return finish(settled, silent);
  }
  if (!yes) await consent(what);
  const began = performance.now();
  const sent = progress('sent');
  const results = [...settled, ...(await decideAll(session.client, await signed(planned, decider), { timeoutMs: timeout * 1000, onResult: () => sent(planned.length) }))];
  if (json) printJson({ preview, leftOut, silent, results });
  else print(`\n${resultTable(results)}\n\n${summary(results, decider)}`);
  note(`${planned.length} ${planned.length === 1 ? 'decision' : 'decisions'} in ${duration(performance.now() - began)}.`);
  finish(results, silent);
}

/** The same with the receiver's signatures, for whoever is signed in. What is known to change nothing needs none; nor does a gate that believes nobody but Temporal's server. */
async function signed(planned: readonly PlannedDecision[], { signIn }: Decider): Promise<readonly PlannedDecision[]> {
  if (signIn === null) return planned;
  const wanted = planned.filter(({ view, answer }) => !isAttributed(view) && !isDecidedBy(view, answer.by, answer.verdict));
  const answers = await signAnswers(signIn, wanted.map(({ view: { workflowId, runId }, answer }) => ({ workflowId, runId, answer })));
  const signatures = new Map(wanted.map((decision, index) => [decision, answers[index]!]));
  // As the receiver has read it: a run compares it field by field with what was signed.
  return planned.map((decision) => ({ ...decision, answer: { ...decision.answer, ...signatures.get(decision), verdict: decision.answer.verdict } }));
}

/** An entry of the preview, for scripts; `decide --file` takes it for the decision that it is. */
function previewed({ view, answer, remark }: PlannedDecision): object {
  const { workflowId, runId, target, gate, card, evidence, openedAt, deadline } = view;
  return { workflowId, runId, target, gate, verdict: answer.verdict, ...(answer.comment !== undefined && { comment: answer.comment }), question: card.question, recommendation: card.recommendation, evidence, openedAt, deadline, remark };
}

function previewTable(planned: readonly PlannedDecision[]): string {
  const hasRemarks = planned.some(({ remark }) => remark !== null);
  const hasBoth = new Set(planned.map(({ answer }) => answer.verdict)).size > 1;
  const rows = planned.map(({ view, answer, remark }) => [
    view.workflowId, colour.yellow(view.gate), ...(hasBoth ? [answer.verdict] : []), clip(view.card.question, 60), clip(view.card.recommendation, 60), view.evidence,
    duration(Date.now() - Date.parse(view.openedAt)), ...(hasRemarks ? [remark ?? ''] : []),
  ]);
  return table(['run', 'gate', ...(hasBoth ? ['verdict'] : []), 'question', 'recommendation', 'evidence', 'age', ...(hasRemarks ? ['remark'] : [])], rows);
}

function resultTable(results: readonly BulkResult[]): string {
  const tint = { counted: colour.green, already: colour.dim, proposed: colour.yellow, refused: colour.red, unanswered: colour.red };
  return table(['run', 'gate', 'verdict', 'result', ''], results.map(({ workflowId, gate, verdict, result, state, missing, reason }) => [workflowId, gate, verdict, tint[result](result), reason || standing(state, missing)]));
}

function standing(state: BulkResult['state'], missing: number): string {
  if (state !== 'open') return state ?? '';
  return missing === 0 ? 'stays open' : `stays open: ${missing} more ${missing === 1 ? 'approval is' : 'approvals are'} missing`;
}

function summary(results: readonly BulkResult[], decider: Decider): string {
  const kinds = ['counted', 'already', 'proposed', 'refused', 'unanswered'] as const;
  const words = { counted: 'counted', already: 'were decided so before', proposed: 'are kept as proposals only', refused: 'were refused', unanswered: 'were taken by nobody' };
  const counts = kinds.map((kind) => [results.filter(({ result }) => result === kind).length, words[kind]] as const).filter(([count]) => count > 0);
  const changed = results.some(({ result }) => result === 'counted' || result === 'proposed');
  const signals = results.filter(({ channel }) => channel === 'signal').length;
  const levels = [...(signals < results.length ? [levelOf(decider)] : []), ...(signals > 0 ? [`Sent as signals: ${signals}, which count if Temporal's server says that the token they came with is ${decider.by}'s.`] : [])].join(' ');
  return `${counts.map(([count, word]) => `${count} ${word}`).join(', ')}.${changed ? '' : ' Nothing was changed.'} ${levels}${decider.signIn === null && results.some(({ result }) => result === 'proposed') ? `\n${proposalAdvice}` : ''}`;
}

function finish(results: readonly BulkResult[], silent: readonly string[]): void {
  const has = (kind: BulkResult['result']): boolean => results.some(({ result }) => result === kind);
  if (has('unanswered') || silent.length > 0) process.exitCode = ExitCode.TimedOut;
  else if (has('refused') || has('proposed')) process.exitCode = ExitCode.Refused;
}

async function consent(what: string): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) throw new CommandError(ExitCode.Usage, 'Nothing was sent: nobody is there to confirm it', 'Repeat it with --yes once the preview is what you want, or with --dry-run to see the preview alone.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const reply = await terminal.question(`${what} [y/N] `);
    if (!/^y(es)?$/i.test(reply.trim())) throw new CommandError(ExitCode.Refused, 'Nothing was sent');
  } finally {
    terminal.close();
  }
}
