/** Whether the decisions on record are proven as the record says, and whether each gate was passed by those who decided. */
import { checkToken, verifiedClaims } from '../../activities/record/decision-token.ts';
import type { PublicKeys } from '../../activities/record/key-ring.ts';
import { readAnswer } from '../../workflows/domain/answer.ts';
import type { RecordedAnswer } from '../../workflows/domain/record.ts';
import { reviewedVia, reviewRunbook, unprovenReason } from '../../workflows/domain/review-proof.ts';
import { provesAtLeast } from '../../workflows/domain/vocabulary.ts';
import { joined, type Checked, type Finding } from './finding.ts';
import { runKey, type AuditedGate, type AuditedRun } from './recorded-run.ts';

/** Checks every counted decision of a run. `keys` null: the public keys of decisions are not there, which is said. `all`: the runs of the record, among them the reviews that decisions were made in. */
export async function checkDecisions(run: AuditedRun, keys: PublicKeys | null, all: readonly AuditedRun[]): Promise<Checked> {
  const checked = run.gates.flatMap((gate) => gate.answers.map((answer) => checkAnswer(run, gate, answer, keys, all)));
  return joined([...(await Promise.all(checked)), ...run.gates.map((gate) => checkApproval(run, gate))]);
}

async function checkAnswer(run: AuditedRun, { gate }: AuditedGate, answer: RecordedAnswer, keys: PublicKeys | null, all: readonly AuditedRun[]): Promise<Checked> {
  const { signature, level, verdict, by, at, evidence } = answer;
  if (level !== 'authenticated') return { findings: [], notes: [] };
  const where = `${run.workflowId} ${gate}: ${verdict} of ${by} at ${at}`;
  const found = (what: string): Checked => ({ findings: [{ about: 'decision', where, what }], notes: [] });
  if (signature === undefined) return found('it is recorded as authenticated and has no signature');
  if (keys === null) return { findings: [], notes: [`The signature of ${where} was not checked: the public keys of decisions are not here.`] };
  if (answer.via?.startsWith(reviewedVia)) {
    const unproven = await checkReviewed(run, gate, answer, keys, all);
    return unproven === null ? { findings: [], notes: [] } : found(unproven);
  }
  const { claims, problem } = await checkToken(signature, run, keys);
  if (claims === null) return found(problem);
  const { answer: signed } = readAnswer(claims.answer);
  const differing = [
    ...(claims.sub === by ? [] : [`it is signed by ${claims.sub}`]),
    ...(signed.gate === undefined || signed.gate === gate ? [] : [`it is signed for gate ${signed.gate}`]),
    ...(signed.verdict === verdict ? [] : [`what is signed is "${signed.verdict ?? 'nothing'}"`]),
    ...(signed.evidence === undefined || evidence?.startsWith(signed.evidence) ? [] : [`it is signed on the evidence ${signed.evidence}, not on ${evidence?.slice(0, 12)}`]),
    ...((signed.comment ?? '') === (answer.comment ?? '') ? [] : ['it is signed with another comment']),
  ];
  return differing.length === 0 ? { findings: [], notes: [] } : found(differing.join('; '));
}

/** What a review gave on is proven by the signature together with the record of the review. */
async function checkReviewed({ workflowId, runId }: AuditedRun, gate: string, { signature = '', verdict = '', by, evidence = '', comment = '' }: RecordedAnswer, keys: PublicKeys, all: readonly AuditedRun[]): Promise<string | null> {
  const claims = await verifiedClaims(signature, keys);
  if (typeof claims === 'string') return claims;
  if (claims.sub !== by) return `it is signed by ${claims.sub}`;
  const review = all.find((other) => other.workflowId === claims.workflowId && other.runId === claims.runId && other.runbook === reviewRunbook);
  return unprovenReason({ ...claims, answer: readAnswer(claims.answer).answer }, { workflowId, runId, gate, verdict, evidence, comment }, review?.entries ?? []);
}

/** Whoever is said to have let a gate pass must have decided so, with the proof that its policy asked for. */
function checkApproval(run: AuditedRun, { gate, generation, opened, closed, answers }: AuditedGate): Checked {
  if (closed?.state !== 'approved' || closed.bypass !== null || opened === null) return { findings: [], notes: [] };
  const findings: Finding[] = [];
  const where = `${runKey(run)} ${gate}${generation === 0 ? '' : ` (opening ${generation + 1})`}`;
  const approvals = answers.filter(({ verdict, level }) => verdict === 'approve' && level !== undefined && provesAtLeast(level, opened.policy.identity));
  const named = closed.by.filter((person) => !approvals.some(({ by, onBehalfOf }) => by === person || onBehalfOf === person));
  if (named.length > 0) findings.push({ about: 'decision', where, what: `it was passed in the name of ${named.join(', ')}, of whom the record has no approval that was proven enough` });
  if (closed.by.length > 0 && new Set(closed.by).size < opened.policy.quorum) findings.push({ about: 'decision', where, what: `it was passed by ${closed.by.length}, and its policy asks for ${opened.policy.quorum}` });
  const own = opened.policy.fourEyes ? closed.by.filter((person) => opened.requestedBy.includes(person)) : [];
  if (own.length > 0) findings.push({ about: 'decision', where, what: `it was passed by ${own.join(', ')}, who asked for the change` });
  return { findings, notes: [] };
}
