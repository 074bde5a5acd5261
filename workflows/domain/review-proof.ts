/**
 * How a decision over a group proves the decision at each member's gate. A person signs one answer, at the review's gate; the evidence digest in it covers the list of members, each with
 * the digest that its own gate showed. So whoever has the opening of the review's gate on record can tell what the signature says about one member. Pure, for verification and audit alike.
 */
import type { Answer } from './answer.ts';
import { jsonDigest } from './digest.ts';
import type { EvidenceItem } from './evidence.ts';
import type { RecordEntry } from './record.ts';

/** The runbook whose gates list members: no other one's signature decides anything but its own gate. */
export const reviewRunbook = 'reviewPendingReleases';

/** How the record names the way of a decision that a review gave on: this, and the review's workflow id. */
export const reviewedVia = 'review ';

/** A gate that was decided with others. */
export interface ReviewedGate {
  workflowId: string;
  /** First run id. */
  runId: string;
  gate: string;
}

/** What is claimed of a member: the answer that its gate got. */
export interface ReviewedDecision extends ReviewedGate {
  verdict: string;
  /** Digest of what the gate shows, short or whole. */
  evidence: string;
  comment: string;
}

/** What was signed in the review. */
export interface SignedDecision {
  /** Canonical id of the person. */
  sub: string;
  workflowId: string;
  answer: Omit<Answer, 'signature'>;
}

const longestComment = 2_000;
const shortDigits = 12;

/** A member among the review's evidence: by its label, which an exception names, and with the digest that its own gate shows. */
export function memberItem(label: string, gate: ReviewedGate, evidence: string, measuredAt: string): EvidenceItem {
  return { name: `${label}${suffixOf(gate)}`, digest: evidence, measuredAt };
}

/** The comment with which a decision of the review goes on to a member's gate. */
export function reviewComment(comment: string, reviewId: string): string {
  const source = `(decided in ${reviewId})`;
  const said = comment.slice(0, longestComment - source.length - 1).toWellFormed().trim();
  return said === '' ? source : `${said} ${source}`;
}

/**
 * Why a signed decision of a review does not prove the decision at a member's gate; null: it does. `entries`: what the record has of the review's gates.
 *
 * The gate must be closed on record by the signer's own word, so that an approval which was withdrawn, or which nobody joined, is worth nothing elsewhere.
 */
export function unprovenReason({ sub, workflowId, answer: signed }: SignedDecision, member: ReviewedDecision, entries: readonly RecordEntry[]): string | null {
  if (signed.verdict !== member.verdict) return `what was signed in the review is "${signed.verdict ?? 'nothing'}"`;
  const evidence = signed.evidence?.toLowerCase() ?? '';
  if (evidence.length < shortDigits) return 'it was signed in the review without saying on which evidence';
  const openings = entries.filter((entry) => entry.kind === 'gateOpened' && entry.gate === signed.gate && entry.evidenceDigest.startsWith(evidence)) as Extract<RecordEntry, { kind: 'gateOpened' }>[];
  const [opening] = openings;
  if (!opening) return 'the record has no opening of the review with the evidence that was signed';
  // A short digest can be met by chance, or by work: then nobody knows which of the two was seen.
  if (openings.some(({ evidenceDigest }) => evidenceDigest !== opening.evidenceDigest)) return 'the record has two openings of the review that the signature fits';
  const { gate, generation, card, items, policy, evidenceDigest } = opening;
  if (jsonDigest({ gate, generation, card, items, policy }) !== evidenceDigest) return 'what the record says that the review showed has another digest';
  const state = member.verdict === 'approve' ? 'approved' : 'rejected';
  const closings = entries.filter((entry) => entry.kind === 'gateClosed' && entry.gate === gate && entry.generation === generation && entry.state === state && entry.by.flatMap((names) => names.split(', ')).includes(sub)) as Extract<RecordEntry, { kind: 'gateClosed' }>[];
  if (closings.length === 0) return `by the record, the review was not ${state} by ${sub}`;
  const shown = items.filter(({ name }) => name.endsWith(suffixOf(member)));
  if (shown.length !== 1) return 'the review did not show this gate';
  const label = shown[0]!.name.slice(0, -suffixOf(member).length);
  if (shown[0]!.digest.length < shortDigits || !member.evidence.toLowerCase().startsWith(shown[0]!.digest)) return 'the review showed other evidence of this gate';
  if (signed.except?.includes(label)) return `${sub} left ${label} out`;
  if (closings.some(({ except }) => except.includes(label))) return `${label} was left out by somebody else who decided`;
  return member.comment === reviewComment(signed.comment ?? '', workflowId) ? null : 'the comment is not the one that was signed in the review';
}

/** The first run id is the server's own, so that no other run's item ends like this. */
function suffixOf({ workflowId, runId, gate }: ReviewedGate): string {
  return ` of ${workflowId}, run ${runId}, at ${gate}`;
}
