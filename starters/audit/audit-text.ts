/** The audit as a report for people: who decided what, on which evidence, how far that is proven, and what came of it. */
import { clip } from '../../workflows/domain/answer.ts';
import { shortDigest } from '../../workflows/domain/digest.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { RecordedAnswer } from '../../workflows/domain/record.ts';
import { colour, instant, table } from '../cli/output.ts';
import type { Audit } from './audit.ts';
import type { ProductionChange } from './production-changes.ts';
import type { AuditedGate, AuditedRun } from './recorded-run.ts';

export function auditText({ runs, changes, period, findings, notes, record, verified }: Audit): string {
  return [
    ...(period === null ? runs.map(runText) : [periodText(period, changes, runs)]),
    section('Findings', findings.length === 0 ? [colour.green('none')] : findings.map(({ about, where, what }) => `${colour.red(about)}  ${where}\n  ${what}`)),
    ...(notes.length === 0 ? [] : [section('Notes', [...new Set(notes)])]),
    `Record: ${record.location}, ${record.blocks} blocks${record.head === null ? '' : `, head ${shortDigest(record.head)}`}, ${record.anchors} anchors. ${verified ? `Verified: every block's signature, chain and numbering, the anchors, ${verified.decisions} decisions${verified.history ? ', and the history as far as it exists' : ''}.` : 'The blocks, their chain and the anchors were checked; --verify checks decisions and history too.'}`,
  ].join('\n\n');
}

function periodText({ from, to, environment }: NonNullable<Audit['period']>, changes: readonly ProductionChange[], runs: readonly AuditedRun[]): string {
  const rows = changes.map(({ at, resource, version, run, decidedBy, what, shownBy }) => [instant(at), resource, version ?? '', run === null ? colour.red('no run') : run.split('/')[0]!, decidedBy.join(', '), what, shownBy.join(' and ')]);
  return [
    colour.bold(`Changes of ${environment} from ${instant(from)} to ${instant(to)}`),
    rows.length === 0 ? 'None, neither on record nor on the platform.' : table(['when', 'deployment', 'version', 'run', 'let pass by', 'what', 'shown by'], rows),
    `${runs.length} ${runs.length === 1 ? 'run has' : 'runs have'} entries in this time; \`holdpoint audit <run>\` tells all of one.`,
  ].join('\n\n');
}

function runText(run: AuditedRun): string {
  const { workflowId, runId, runbook, target, firstEntryAt, lastEntryAt, closed, builds, effects, gates } = run;
  const what = target === null ? runbook : `${runbook} of ${targetLabel(target)}, version ${target.version}`;
  return [
    `${colour.bold(workflowId)}\n${what}; run ${runId}\nOn record from ${instant(firstEntryAt)} to ${instant(lastEntryAt)}, written by ${builds.join(', ')}\n${closed === null ? colour.yellow('No end is on record.') : `Ended ${closed.outcome}: ${closed.reason}`}`,
    ...gates.map(gateText),
    ...run.approvedElsewhere.map(({ gate, workflowId: where, by, approvedAt }) => `Gate ${gate} was passed by ${where} at ${instant(approvedAt)}, approved by ${by.join(', ') || 'nobody: silence approves by policy'}.`),
    section('Effects', effects.length === 0 ? ['none on record'] : [table(['when', 'step', 'what', 'where', 'before', 'after'], effects.map(({ at, step, what: done, resource, before, after }) => [instant(at), step, done, resource, before ?? '', after ?? '']))]),
    ...(run.findings.length === 0 ? [] : [section('Noted by the run', run.findings.map(({ at, what: noted, detail }) => `${instant(at)}  ${noted}: ${detail}`))]),
  ].join('\n\n');
}

function gateText({ gate, generation, opened, closed, changes, answers, uncounted }: AuditedGate): string {
  const name = `Gate ${gate}${generation === 0 ? '' : `, opening ${generation + 1}`}`;
  const lines = [
    ...(opened === null ? [] : [
      `${opened.card.question} ${opened.card.recommendation}`,
      `Opened ${instant(opened.at)}, until ${instant(opened.deadline)}; asked by ${opened.requestedBy.join(', ') || 'nobody'}`,
      `Policy: ${opened.policy.quorum} of ${opened.policy.approvers.join(', ')}${opened.policy.fourEyes ? ', none of whom asked for it' : ''}; identity ${opened.policy.identity} or more; digest ${shortDigest(opened.policyDigest)}, estate ${shortDigest(opened.estateDigest)}`,
      `Evidence ${shortDigest(opened.evidenceDigest)}: ${opened.items.map((item) => `${item.name} ${shortDigest(item.digest)} of ${instant(item.measuredAt)}`).join('; ') || 'no items'}`,
      ...opened.changes.map((change) => `Changed since it was open before: ${change}`),
    ]),
    ...changes.flatMap(({ at, changes: what }) => what.map((change) => `${instant(at)}  policy: ${change}`)),
    ...(answers.length === 0 ? [] : [table(['when', 'who', 'said', 'identity', 'by way of', 'evidence', 'comment'], answers.map(answerRow))]),
    ...(uncounted.length === 0 ? [] : [`${uncounted.length} ${uncounted.length === 1 ? 'answer' : 'answers'} did not count${uncounted[0]?.reason === undefined ? '' : `; the first because ${uncounted[0].reason}`}`]),
    closed === null ? colour.yellow('No end of it is on record.') : `${instant(closed.at)}  ${outcomeOf(closed)}`,
  ];
  return section(name, lines);
}

function answerRow({ at, by, onBehalfOf, verdict, level, via, channel, evidence, comment }: RecordedAnswer): string[] {
  return [instant(at), `${by}${onBehalfOf === null || onBehalfOf === undefined || onBehalfOf === by ? '' : ` for ${onBehalfOf}`}`, verdict ?? '', level ?? '', via ?? (channel === 'decide' ? 'update' : 'signal'), evidence === undefined ? '' : shortDigest(evidence), clip(comment ?? '', 80)];
}

function outcomeOf({ state, by, except, checks, reason, remeasured, bypass, effectiveAt }: NonNullable<AuditedGate['closed']>): string {
  const who = by.length > 0 ? ` by ${by.join(', ')}` : '';
  const why = reason === '' ? '' : `: ${reason}`;
  const evidence = remeasured.length === 0 || state === 'reopened' ? '' : `; measured again before the effect: ${remeasured.join('; ')}`;
  const glass = bypass === null ? '' : `; the glass was broken by ${bypass.by} for ${bypass.incident}: ${bypass.reason}`;
  const without = except.length === 0 ? '' : `; without ${except.join(', ')}`;
  const checklist = checks.length === 0 ? '' : `; checklist: ${checks.map(({ item, by: whose, ok }) => `${item} ${ok ? 'yes' : 'no'} (${whose})`).join(', ')}`;
  return `${colour.bold(state)}${who}${without}${why}${checklist}${evidence}${glass}${effectiveAt === null ? '' : `; with effect from ${instant(effectiveAt)}`}`;
}

function section(title: string, lines: readonly string[]): string {
  return `${colour.bold(title)}\n${lines.join('\n')}`;
}
