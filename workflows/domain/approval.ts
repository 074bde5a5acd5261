/** The rules of a hold point: who may answer what, and when the answers suffice. Pure, so that they are tested without a server. */
import { shortDigest } from './digest.ts';
import { canonicalPerson, type GatePolicy, type Person } from './policy.ts';

export type Verdict = 'approve' | 'reject';

/** An answer as it arrives; every field may be missing or wrong, for a person typed it. */
export interface Answer {
  gate?: string;
  verdict?: Verdict;
  by?: string;
  comment?: string;
  evidence?: string;
}

/** An answer that counts. `level` is how far the identity is proven. */
export interface Decision {
  gate: string;
  verdict: Verdict;
  by: string;
  level: GatePolicy['identity'];
  comment: string;
  evidence: string;
  at: string;
}

/** What a gate needs to judge an answer. */
export interface GateTerms {
  gate: string;
  policy: GatePolicy;
  people: readonly Person[];
  /** Whoever asked for the change: author, and who started the run. Names or aliases. */
  requestedBy: readonly string[];
  /** Full digest of the evidence as shown. */
  evidenceDigest: string;
}

export type Standing = { state: 'open'; missing: number } | { state: 'approved'; by: string[] } | { state: 'rejected'; by: string; reason: string };

/** Control characters: they would steer a terminal that shows the answer. */
const controls = /[\u0000-\u001f\u007f-\u009f]+/g;

const answerFields = ['gate', 'verdict', 'by', 'comment', 'evidence'] as const;

/** Reads any JSON value as an answer; a value that is none comes back with the reason. `reason` is accepted for `comment`. */
export function readAnswer(value: unknown, verdict?: Verdict): { answer: Answer; malformed?: string } {
  const fallback: Answer = verdict === undefined ? {} : { verdict };
  if (value === undefined || value === null) return { answer: fallback, malformed: 'it is empty; send one JSON object' };
  if (typeof value !== 'object' || Array.isArray(value)) return { answer: fallback, malformed: `it is ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}; send one JSON object` };
  const raw = value as Record<string, unknown>;
  if (raw['undecodable'] !== undefined) return { answer: fallback, malformed: `it could not be decoded (${clip(typeof raw['undecodable'] === 'string' ? raw['undecodable'] : 'no reason given', 120)}); send it with encoding json/plain` };
  const answer: Record<string, unknown> = { ...fallback };
  for (const field of answerFields) {
    const given = raw[field] ?? (field === 'comment' ? raw['reason'] : undefined);
    if (given === undefined || given === null || (field === 'verdict' && verdict !== undefined)) continue;
    if (typeof given !== 'string') return { answer, malformed: `its "${field}" is not a text` };
    const text = given.replace(controls, ' ').trim();
    if (text !== '') answer[field] = text;
  }
  return { answer };
}

/** Why an answer does not count at this gate, or undefined. The same rule refuses an update and explains a signal. */
export function objection(answer: Answer, terms: GateTerms, counted: readonly Decision[]): string | undefined {
  const { policy, people } = terms;
  if (!answer.gate) return `it names no gate; open is "${terms.gate}"`;
  if (answer.gate !== terms.gate) return `it names gate "${clip(answer.gate, 40)}"; open is "${terms.gate}"`;
  if (!answer.by) return 'it does not say who decides ("by")';
  if (answer.verdict !== 'approve' && answer.verdict !== 'reject') return 'its verdict is neither "approve" nor "reject"';
  if (answer.verdict === 'reject' && !answer.comment) return 'a rejection needs a reason ("comment")';
  if (standing(policy, counted).state !== 'open') return `${terms.gate} is decided already`;
  if (answer.evidence === undefined && policy.bindEvidence) return `it does not say on which evidence it was made ("evidence": "${shortDigest(terms.evidenceDigest)}")`;
  if (answer.evidence !== undefined && !isShown(answer.evidence, terms.evidenceDigest)) return 'it was made on other evidence than is shown';
  const by = canonicalPerson(people, answer.by);
  if (!policy.approvers.includes(by)) return `${clip(by, 40)} is not among the approvers (${policy.approvers.join(', ')})`;
  if (policy.fourEyes && terms.requestedBy.some((name) => canonicalPerson(people, name) === by)) return `${by} asked for this change and may not decide it`;
  if (counted.some((decision) => decision.by === by)) return `${by} has decided already`;
  return undefined;
}

/** Any rejection rejects; approval takes the quorum. */
export function standing(policy: GatePolicy, counted: readonly Decision[]): Standing {
  const rejection = counted.find(({ verdict }) => verdict === 'reject');
  if (rejection) return { state: 'rejected', by: rejection.by, reason: rejection.comment };
  const by = counted.map((decision) => decision.by);
  return by.length >= policy.quorum ? { state: 'approved', by } : { state: 'open', missing: policy.quorum - by.length };
}

/** Cuts what somebody typed to a length that a card can show, on one line and without characters that would leave their place in the markdown. */
export function clip(text: string, length: number): string {
  const oneLine = text.replace(controls, ' ').replace(/\s+/g, ' ').replace(/[`|<>[\]{}*#\\]/g, '').trim();
  return (oneLine.length > length ? `${oneLine.slice(0, length - 1)}…` : oneLine).toWellFormed(); // a cut must not leave half a character
}

/** People paste the short digest; the whole one is as good. */
function isShown(evidence: string, digest: string): boolean {
  const given = evidence.toLowerCase();
  return given.length >= 12 && digest.startsWith(given);
}
