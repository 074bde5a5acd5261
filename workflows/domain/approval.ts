/** The rules of a hold point: who may answer what, and when the answers suffice. Pure, so that they are tested without a server. */
import { clip, type Answer } from './answer.ts';
import { shortDigest } from './digest.ts';
import type { CountedDecision } from './gate-view.ts';
import { canonicalPerson, type Delegation, type GatePolicy, type Person } from './policy.ts';
import { provesAtLeast } from './vocabulary.ts';

/** An approval or rejection that counts. */
export interface Decision extends CountedDecision {
  gate: string;
  /** The first 12 digits of the evidence digest. */
  evidence: string;
  via: string | null;
  /** ISO instant: takes effect no sooner. */
  effectiveAt: string | null;
  except: string[];
}

/** All that has been said at a gate since it opened. */
export interface Ballot {
  decisions: readonly Decision[];
  /** Made at this gate, by answers. */
  delegations: readonly Delegation[];
  deferrals: readonly { by: string; until: string }[];
  checks: readonly { item: string; by: string; ok: boolean; comment: string; at: string }[];
}

export const emptyBallot: Ballot = { decisions: [], delegations: [], deferrals: [], checks: [] };

/** What a gate needs to judge an answer. */
export interface GateTerms {
  gate: string;
  policy: GatePolicy;
  people: readonly Person[];
  /** Whoever asked for the change: author, and who started the run. Names or aliases. */
  requestedBy: readonly string[];
  /** Full digest of the evidence as shown. */
  evidenceDigest: string;
  /** It is approved, and its effect has not begun: whoever approved may still take it back. */
  isWaiting?: boolean;
}

export type Standing = { state: 'open'; missing: number; missingGroups: string[] } | { state: 'approved'; by: string[] } | { state: 'rejected'; by: string; reason: string };

/** Why an answer does not count at this gate, or undefined. The same rule refuses an update and explains a signal. `at`: the ISO instant of the answer. */
export function objection(answer: Answer, terms: GateTerms, ballot: Ballot, at: string): string | undefined {
  const { policy, people } = terms;
  if (!answer.gate) return `it names no gate; open is "${terms.gate}"`;
  if (answer.gate !== terms.gate) return `it names gate "${clip(answer.gate, 40)}"; open is "${terms.gate}"`;
  if (!answer.by) return 'it does not say who decides ("by")';
  const by = canonicalPerson(people, answer.by);
  switch (answer.verdict) {
    case 'approve':
      return unfit(answer, terms) ?? unanswered(policy, ballot) ?? (standing(policy, ballot).state === 'open' ? undefined : `${terms.gate} is decided already`) ?? withoutVoice(by, terms, ballot, at);
    case 'reject':
      if (!answer.comment) return 'a rejection needs a reason ("comment")';
      return unfit(answer, terms) ?? (standing(policy, ballot).state === 'rejected' ? `${terms.gate} is decided already` : undefined) ?? withoutVoice(by, terms, terms.isWaiting ? withoutApproval(by, ballot) : ballot, at);
    case 'withdraw':
      if (standing(policy, ballot).state === 'rejected' || (standing(policy, ballot).state === 'approved' && !terms.isWaiting)) return `${terms.gate} is decided already`;
      return ballot.decisions.some((decision) => decision.by === by) ? undefined : `${clip(by, 40)} has decided nothing that could be withdrawn`;
    case 'delegate':
      return againstDelegation(by, answer, terms, ballot, at);
    case 'defer':
      if (!answer.until || answer.until <= at) return 'it does not say until when, in the future ("until")';
      if (ballot.deferrals.some((deferral) => deferral.by === by && deferral.until === answer.until)) return `${by} has deferred it until then already`;
      return withoutVoice(by, terms, ballot, at);
    case 'check':
      return againstCheck(by, answer, terms, ballot, at);
    case 'bypass':
      if (!answer.comment) return 'breaking the glass needs a reason ("comment")';
      if (!answer.incident) return 'breaking the glass needs an incident ("incident")';
      return unfit(answer, terms) ?? (policy.breakGlass.includes(by) ? undefined : `${clip(by, 40)} may not break the glass here (${policy.breakGlass.join(', ') || 'nobody may'})`);
    default:
      return 'its verdict is neither "approve" nor "reject"';
  }
}

/** The last standing of each list of decisions: one answer asks for it several times, and lists are replaced, never changed. */
const standings = new WeakMap<Ballot['decisions'], { policy: GatePolicy; standing: Standing }>();

/** Where the gate stands. Depends on what was said, not on the order in which it was. */
export function standing(policy: GatePolicy, { decisions }: Pick<Ballot, 'decisions'>): Standing {
  const known = standings.get(decisions);
  if (known?.policy === policy) return known.standing;
  const found = count(policy, decisions);
  standings.set(decisions, { policy, standing: found });
  return found;
}

function count(policy: GatePolicy, decisions: Ballot['decisions']): Standing {
  const rejections = decisions.filter(({ verdict }) => verdict === 'reject');
  if (rejections.length >= (policy.rejection === 'any' ? 1 : policy.quorum)) return { state: 'rejected', by: rejections.map(({ by }) => by).join(', '), reason: rejections.map(({ comment }) => comment).join('; ') };
  const approvals = decisions.filter(({ verdict }) => verdict === 'approve');
  const missingGroups = policy.mandatoryGroups.filter((name) => {
    const members = policy.groups.find((group) => group.name === name)?.members ?? [];
    return !approvals.some(({ by, onBehalfOf }) => members.includes(onBehalfOf ?? by));
  });
  const missing = Math.max(0, policy.quorum - approvals.length);
  return missing === 0 && missingGroups.length === 0 ? { state: 'approved', by: approvals.map(({ by }) => by) } : { state: 'open', missing, missingGroups };
}

/** The decisions that still count once the policy has changed: of those who may decide, did not ask where four-eyes has come in, and have proven as much as is wanted now. */
export function stillCounting(decisions: readonly Decision[], terms: GateTerms): Decision[] {
  const { policy } = terms;
  const excluded = excludedPeople(terms);
  return decisions.filter(({ by, onBehalfOf, level }) => policy.approvers.includes(onBehalfOf ?? by) && !excluded.includes(by) && !excluded.includes(onBehalfOf ?? by) && provesAtLeast(level, policy.identity));
}

/** Everybody who may decide now: approvers, without whoever asked, and those who stand in for one of them. */
export function eligible({ policy, people, requestedBy }: Pick<GateTerms, 'policy' | 'people' | 'requestedBy'>, { delegations }: Pick<Ballot, 'delegations'>, at: string): string[] {
  const excluded = excludedPeople({ policy, people, requestedBy });
  const approvers = policy.approvers.filter((person) => !excluded.includes(person));
  const substitutes = [...policy.delegations, ...delegations].filter((delegation) => isActive(delegation, at) && approvers.includes(delegation.from) && !excluded.includes(delegation.to)).map(({ to }) => to);
  return [...new Set([...approvers, ...substitutes])];
}

/** Whose voice a person's answer is: the own one, or that of somebody absent; null if none. */
export function voiceOf(by: string, terms: GateTerms, ballot: Ballot, at: string): string | null {
  const { policy } = terms;
  const excluded = excludedPeople(terms);
  if (excluded.includes(by)) return null;
  if (policy.approvers.includes(by)) return by;
  const used = ballot.decisions.map((decision) => decision.onBehalfOf ?? decision.by);
  const delegations = [...policy.delegations, ...ballot.delegations].filter((delegation) => delegation.to === by && isActive(delegation, at));
  return delegations.map(({ from }) => from).find((from) => policy.approvers.includes(from) && !excluded.includes(from) && !used.includes(from)) ?? null;
}

/** Whoever approved may still say no until the effect begins. */
function withoutApproval(by: string, ballot: Ballot): Ballot {
  return { ...ballot, decisions: ballot.decisions.filter((decision) => decision.by !== by || decision.verdict !== 'approve') };
}

function withoutVoice(by: string, terms: GateTerms, ballot: Ballot, at: string): string | undefined {
  if (excludedPeople(terms).includes(by)) return `${by} asked for this change and may not decide it`;
  if (ballot.decisions.some((decision) => decision.by === by)) return `${by} has decided already`;
  const voice = voiceOf(by, terms, ballot, at);
  if (voice === null) return `${clip(by, 40)} is not among the approvers (${terms.policy.approvers.join(', ')})`;
  // Somebody who is back speaks for himself, as long as nothing has come of what the substitute said.
  const other = ballot.decisions.find((decision) => decision.onBehalfOf === voice);
  return other && standing(terms.policy, ballot).state !== 'open' ? `${other.by} has decided for ${voice} already` : undefined;
}

/** The decisions without those that a substitute made for `person`, who now speaks for himself: the substitute's goes to another absent one, or does not count any more. */
export function withoutSubstitute(person: string, terms: GateTerms, ballot: Ballot, at: string): Decision[] {
  const taken = ballot.decisions.find(({ onBehalfOf }) => onBehalfOf === person);
  if (!taken) return [...ballot.decisions];
  const others = ballot.decisions.filter((decision) => decision !== taken);
  const voice = voiceOf(taken.by, terms, { ...ballot, decisions: [...others, { ...taken, by: person, onBehalfOf: null }] }, at);
  return voice === null ? others : [...others, { ...taken, onBehalfOf: voice }];
}

/** Bound to the evidence that was shown. */
function unfit({ evidence }: Answer, { policy, evidenceDigest }: GateTerms): string | undefined {
  if (evidence === undefined) return policy.bindEvidence ? `it does not say on which evidence it was made ("evidence": "${shortDigest(evidenceDigest)}")` : undefined;
  return isShown(evidence, evidenceDigest) ? undefined : 'it was made on other evidence than is shown';
}

function unanswered({ checklist }: GatePolicy, { checks }: Ballot): string | undefined {
  const open = checklist.filter(({ id }) => !checks.some(({ item, ok }) => item === id && ok));
  return open.length === 0 ? undefined : `the checklist is not answered: ${open.map(({ id }) => id).slice(0, 5).join(', ')}`;
}

function againstDelegation(by: string, answer: Answer, terms: GateTerms, ballot: Ballot, at: string): string | undefined {
  const { policy, people } = terms;
  if (!answer.to) return 'it does not say to whom ("to")';
  if (answer.until !== undefined && answer.until <= at) return 'its "until" is past';
  if (standing(policy, ballot).state !== 'open') return `${terms.gate} is decided already`;
  const excluded = excludedPeople(terms);
  const to = canonicalPerson(people, answer.to);
  if (excluded.includes(by)) return `${by} asked for this change and may not decide it`;
  if (!policy.approvers.includes(by)) return `${clip(by, 40)} is not among the approvers (${policy.approvers.join(', ')})`;
  if (ballot.decisions.some((decision) => (decision.onBehalfOf ?? decision.by) === by)) return `${by} has decided already`;
  if (!people.some(({ id }) => id === to)) return `the estate does not know ${clip(to, 40)}`;
  if (excluded.includes(to)) return `${to} asked for this change and may not decide it`;
  if (policy.approvers.includes(to)) return `${to} is an approver, and one person counts once`;
  return ballot.delegations.some((delegation) => delegation.from === by && delegation.to === to && delegation.until === (answer.until ?? null)) ? `${by} has named ${to} already` : undefined;
}

function againstCheck(by: string, answer: Answer, terms: GateTerms, ballot: Ballot, at: string): string | undefined {
  const item = terms.policy.checklist.find(({ id }) => id === answer.item);
  if (!item) return `there is no item "${clip(answer.item ?? '', 40)}" on the checklist`;
  if (item.by === 'machine') return `${item.id} is answered by a machine`;
  if (ballot.checks.some((check) => check.item === item.id && check.ok)) return `${item.id} is answered already`;
  const people = item.people ?? eligible(terms, ballot, at);
  return people.includes(by) ? undefined : `${clip(by, 40)} is not among those who answer ${item.id} (${people.join(', ')})`;
}

function excludedPeople({ policy, people, requestedBy }: Pick<GateTerms, 'policy' | 'people' | 'requestedBy'>): string[] {
  return policy.fourEyes ? requestedBy.map((name) => canonicalPerson(people, name)) : [];
}

function isActive({ since, until }: Delegation, at: string): boolean {
  return (since === null || since <= at) && (until === null || at < until);
}

/** People paste the short digest; the whole one is as good. */
function isShown(evidence: string, digest: string): boolean {
  const given = evidence.toLowerCase();
  return given.length >= 12 && digest.startsWith(given);
}
