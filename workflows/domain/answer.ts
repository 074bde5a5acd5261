/** An answer as people and programs send it: read from any JSON, judged elsewhere. */

export const verdicts = ['approve', 'reject', 'withdraw', 'delegate', 'defer', 'check', 'bypass'] as const;

/**
 * What an answer says. `approve`, `reject`: the decision. `withdraw`: takes the own decision back before the quorum. `delegate`: `to` decides instead, until `until`. `defer`: no
 * reminder to me before `until`. `check`: answers the checklist's `item`. `bypass`: break-glass, with `comment` and `incident`.
 */
export type Verdict = (typeof verdicts)[number];

/** The opening of a review's gate at which the signed decision was made: it proves the decision here as far as the record of that review does. */
export interface ReviewReference {
  workflowId: string;
  /** First run id. */
  runId: string;
  gate: string;
  generation: number;
}

/** Every field may be missing or wrong, for a person typed it. */
export interface Answer {
  gate?: string;
  verdict?: Verdict;
  by?: string;
  comment?: string;
  evidence?: string;
  /** Of a delegation: who decides instead. */
  to?: string;
  /** ISO instant: end of a delegation, or of a deferral. */
  until?: string;
  /** ISO instant: an approval takes effect no sooner. */
  effectiveAt?: string;
  /** Parts of the change that an approval leaves out, such as `P001/C003`. */
  except?: string[];
  /** Id of the checklist's item. */
  item?: string;
  /** The incident that a bypass is for. */
  incident?: string;
  /** Compact JWS over all other fields, with workflow, run and time: see `identity.ts`. */
  signature?: string;
  /** Where a review gives the decision on: `signature` is then over the answer at the review's gate, see `review-proof.ts`. */
  review?: ReviewReference;
}

/** Control characters: they would steer a terminal that shows the answer. */
const controls = /[\u0000-\u001f\u007f-\u009f]+/g;

const textFields = ['gate', 'verdict', 'by', 'comment', 'evidence', 'to', 'until', 'effectiveAt', 'item', 'incident', 'signature'] as const;

/** Longer texts would end up, several together, in payloads that Temporal does not take. */
function longest(field: (typeof textFields)[number]): number {
  return field === 'comment' ? 2_000 : field === 'signature' ? 16_000 : 300;
}

/** Reads any JSON value as an answer; a value that is none comes back with the reason. `reason` is accepted for `comment`. */
export function readAnswer(value: unknown, verdict?: Verdict): { answer: Answer; malformed?: string } {
  const fallback: Answer = verdict === undefined ? {} : { verdict };
  if (value === undefined || value === null) return { answer: fallback, malformed: 'it is empty; send one JSON object' };
  if (typeof value !== 'object' || Array.isArray(value)) return { answer: fallback, malformed: `it is ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}; send one JSON object` };
  const raw = value as Record<string, unknown>;
  if (raw['undecodable'] !== undefined) return { answer: fallback, malformed: `it could not be decoded (${clip(typeof raw['undecodable'] === 'string' ? raw['undecodable'] : 'no reason given', 120)}); send it with encoding json/plain` };
  const answer: Record<string, unknown> = { ...fallback };
  for (const field of textFields) {
    const given = raw[field] ?? (field === 'comment' ? raw['reason'] : undefined);
    if (given === undefined || given === null || (field === 'verdict' && verdict !== undefined)) continue;
    if (typeof given !== 'string') return { answer, malformed: `its "${field}" is not a text` };
    const text = given.replace(controls, ' ').trim();
    if (text.length > longest(field)) return { answer, malformed: `its "${field}" has more than ${longest(field)} characters` };
    if (text !== '') answer[field] = text;
  }
  if (raw['except'] !== undefined && raw['except'] !== null) {
    if (!Array.isArray(raw['except']) || !raw['except'].every((part) => typeof part === 'string')) return { answer, malformed: 'its "except" is not a list of texts' };
    if (raw['except'].length > 200 || raw['except'].some((part) => part.length > 100)) return { answer, malformed: 'its "except" is too long' };
    if (raw['except'].length > 0) answer['except'] = raw['except'].map((part) => part.replace(controls, ' ').trim());
  }
  if (raw['review'] !== undefined && raw['review'] !== null) {
    const review = readReference(raw['review']);
    if (review === null) return { answer, malformed: 'its "review" does not name the gate of a review' };
    answer['review'] = review;
  }
  for (const field of ['until', 'effectiveAt'] as const) {
    if (answer[field] === undefined) continue;
    const instant = Date.parse(answer[field] as string);
    if (Number.isNaN(instant)) return { answer, malformed: `its "${field}" is not an instant such as 2026-11-24T09:00:00Z` };
    answer[field] = new Date(instant).toISOString();
  }
  return { answer };
}

function readReference(value: unknown): ReviewReference | null {
  const { workflowId, runId, gate, generation } = (typeof value === 'object' ? value : {}) as Record<string, unknown>;
  const isName = (text: unknown): text is string => typeof text === 'string' && text !== '' && text.length <= longest('gate');
  return isName(workflowId) && isName(runId) && isName(gate) && Number.isInteger(generation) ? { workflowId, runId, gate, generation: generation as number } : null;
}

/** Cuts what somebody typed to a length that a card can show, on one line and without characters that would leave their place in the markdown. */
export function clip(text: string, length: number): string {
  const oneLine = text.replace(controls, ' ').replace(/\s+/g, ' ').replace(/[`|<>[\]{}*#\\]/g, '').trim();
  return (oneLine.length > length ? `${oneLine.slice(0, length - 1)}…` : oneLine).toWellFormed(); // a cut must not leave half a character
}
