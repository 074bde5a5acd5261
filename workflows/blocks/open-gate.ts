/** One gate while it is open: what is asked, what has been answered, and where it stands. Holds no timer and calls no activity. */
import { eligible, emptyBallot, objection, standing, stillCounting, voiceOf, withoutSubstitute, type Ballot, type Decision, type GateTerms, type Standing } from '../domain/approval.ts';
import { clip, type Answer, type Verdict } from '../domain/answer.ts';
import type { GateCard } from '../domain/card.ts';
import { clipCard } from '../domain/card-text.ts';
import { jsonDigest, shortDigest } from '../domain/digest.ts';
import type { Measured, Remeasured } from '../domain/evidence.ts';
import type { GateView } from '../domain/gate-view.ts';
import { canonicalPerson, type GatePolicy, type Person } from '../domain/policy.ts';
import { adoptPolicy } from '../domain/policy-change.ts';
import { provesAtLeast, type IdentityLevel } from '../domain/vocabulary.ts';
import type { MeasuredAgain } from './evidence-again.ts';
import type { Bypass, GateRequest, ReloadedPolicy } from './gate-request.ts';
import { now } from './workflow-clock.ts';

/** Who is behind an answer, as far as it is proven. */
export interface Identity {
  level: IdentityLevel;
  by: string | null;
  via: string | null;
  /** Why no more is proven. */
  problem: string | null;
}

export const unproven: Identity = { level: 'claimed', by: null, via: null, problem: null };

/** Openings after which the evidence is not measured again: a person has seen it change twice and decides on what is shown. */
export const lastGeneration = 2;

export class OpenGate<E = unknown> {
  readonly request: GateRequest<E>;
  measured: Measured<E>;
  /** What measuring again, before the effect, has found. */
  confirmed: string[] = [];
  readonly generation: number;
  /** The generation in which it was asked first: how often the answer was overtaken since counts from there. */
  readonly #first: number;
  readonly card: GateCard;
  readonly changes: readonly string[];
  readonly openedAt = now().toISOString();
  readonly evidenceDigest: string;
  policy: GatePolicy;
  people: readonly Person[];
  /** Digest of the estate's slice that policy and people are from. */
  estateDigest: string;
  ballot: Ballot;
  deadline: string;
  /** What of its clock cannot come before the deadline. */
  neverDue: string[] = [];
  effectiveAt: string | null = null;
  proposals: GateView['proposals'] = [];
  /** When silence began to decide. */
  expiredAt: string | null = null;
  /** It is settled, and its effect has not begun: a "no" still stops it. */
  isWaiting = false;
  /** Somebody was told because nobody had decided. */
  escalated = false;
  /** Why its silence was let decide before its deadline, and who asked for that. */
  lapse: { by: string; reason: string } | null = null;
  bypass: Bypass | null = null;
  superseded: { by: string; reason: string } | null = null;
  /** Whether its deadline is known: working hours are placed in time only once it is open. */
  isPlanned = false;
  /** What is wrong with the run's history, once it is too long. */
  crowd: string | null = null;
  /** Nothing that anybody says now changes the outcome. */
  isConcluded = false;
  /** The evidence is no longer what was shown: the gate opens again with what was measured. */
  reopening: { measured: Measured<E>; changes: string[] } | null = null;
  /** The measurement that is under way: whoever else wants one waits for it, for a test inference is made once. */
  measuring: Promise<MeasuredAgain<E> | null> | null = null;
  readonly #widened: string[];
  /** As they were named, and as whom the estate knew them then: an alias that is taken out of it meanwhile lets nobody decide the own change. */
  readonly #requesters: readonly string[];

  /** @param before the same gate when it was open last: what the estate has said since, who was let decide as well, and who stands in for whom stay. */
  constructor(request: GateRequest<E>, measured: Measured<E>, generation: number, changes: readonly string[], before: OpenGate<E> | null = null) {
    this.request = request;
    this.measured = measured;
    this.generation = generation;
    this.#first = before === null ? generation : before.#first;
    this.changes = changes;
    this.policy = before?.policy ?? request.policy;
    this.people = before?.people ?? request.people;
    this.estateDigest = before?.estateDigest ?? request.estateDigest;
    this.ballot = before === null ? emptyBallot : { ...emptyBallot, delegations: before.ballot.delegations, deferrals: before.ballot.deferrals };
    this.#widened = before === null ? [] : [...before.#widened];
    this.#requesters = before !== null ? before.#requesters : [...new Set(request.requestedBy.flatMap((name) => [name, canonicalPerson(request.people, name)]))];
    this.card = clipCard(request.card(measured.evidence));
    this.evidenceDigest = jsonDigest({ gate: request.gate, generation, card: this.card, items: measured.items, policy: this.policy });
    this.deadline = new Date(Date.parse(this.openedAt) + this.policy.clock.decide.afterMs).toISOString();
  }

  get gate(): string {
    return this.request.gate;
  }

  /** Nobody's further answer is needed. */
  get isSettled(): boolean {
    return this.expired || this.bypass !== null || this.superseded !== null || this.reopening !== null || this.standing.state !== 'open';
  }

  get expired(): boolean {
    return this.expiredAt !== null;
  }

  /** Silence decides from now on. */
  expire(): void {
    this.expiredAt ??= now().toISOString();
  }

  /** Whether an answer that came at this ISO instant may still change what the gate comes to. */
  takes(verdict: Verdict | undefined, receivedAt: string): boolean {
    if (this.isConcluded) return false;
    if (!this.isSettled || verdict === 'reject' || (this.isWaiting && (verdict === 'withdraw' || verdict === 'bypass'))) return true;
    const isOnlyExpired = this.bypass === null && this.superseded === null && this.reopening === null && this.standing.state === 'open';
    return isOnlyExpired && receivedAt < this.expiredAt!; // it came in time; whose it is was found out later
  }

  get standing(): Standing {
    return standing(this.policy, this.ballot);
  }

  get isLast(): boolean {
    return this.generation - this.#first >= lastGeneration;
  }

  get terms(): GateTerms {
    return { gate: this.gate, policy: this.policy, people: this.people, requestedBy: this.#requesters, evidenceDigest: this.evidenceDigest, isWaiting: this.isWaiting };
  }

  get eligible(): string[] {
    return eligible(this.terms, this.ballot, now().toISOString());
  }

  /** Whom a reminder is for: those who may decide, have not, and did not ask to be left alone until later. */
  get awaited(): string[] {
    const at = now().toISOString();
    const deferred = this.ballot.deferrals.filter(({ until }) => until > at).map(({ by }) => by);
    const decided = this.ballot.decisions.flatMap(({ by, onBehalfOf }) => [by, onBehalfOf]);
    return this.eligible.filter((person) => !deferred.includes(person) && !decided.includes(person));
  }

  /** Why an answer of this identity does not count, or undefined. */
  objection(answer: Answer, identity: Identity): string | undefined {
    const { problem, level, by } = identity;
    const objected = objection(by === null ? answer : { ...answer, by }, this.terms, this.ballot, now().toISOString());
    if (objected !== undefined) return objected;
    const strangers = answer.except?.filter((part) => !(this.request.parts ?? []).includes(part)) ?? [];
    if (strangers.length > 0) return `it leaves out ${clip(strangers.join(', '), 60)}, which is no part of this (${this.request.parts?.join(', ') ?? 'it has none'})`;
    if (by !== null && answer.by !== undefined && canonicalPerson(this.people, answer.by) !== by) return `it says "${answer.by}", but is ${by}'s`;
    if (answer.signature !== undefined && problem !== null && this.policy.identity === 'claimed') return `its signature proves nothing (${problem})`; // never taken for less in silence
    if (provesAtLeast(level, this.policy.identity)) return undefined;
    return `identity is only ${level}${problem === null ? '' : ` (${problem})`}, and this gate wants ${this.policy.identity}: kept as a proposal until its author confirms it`;
  }

  /** Whether nothing but the proof of who answers is missing. */
  lacksProof(answer: Answer, identity: Identity): boolean {
    return this.objection(answer, identity) !== undefined && this.objection(answer, { ...identity, level: this.policy.identity }) === undefined;
  }

  /** The evidence was measured again and is what was shown, but for what the policy tolerates. */
  confirm(measured: Measured<E>, { changes }: Remeasured): void {
    this.measured = measured;
    this.confirmed = changes.length === 0 ? ['unchanged'] : changes;
  }

  /** Takes an answer to which there is no objection. */
  take(answer: Answer, { level, by: proven, via }: Identity): void {
    const at = now().toISOString();
    const by = proven ?? canonicalPerson(this.people, answer.by!);
    const comment = answer.comment ?? '';
    const { decisions, delegations, deferrals, checks } = this.ballot;
    this.proposals = this.proposals.filter((proposal) => canonicalPerson(this.people, proposal.by) !== by);
    switch (answer.verdict) {
      case 'approve':
      case 'reject': {
        const others = { ...this.ballot, decisions: decisions.filter((other) => other.by !== by) }; // a "no" takes the place of the own approval
        const voice = voiceOf(by, this.terms, others, at);
        const decision: Decision = { gate: this.gate, verdict: answer.verdict, by, onBehalfOf: voice === by ? null : voice, level, comment, evidence: shortDigest(this.evidenceDigest), at, via, effectiveAt: answer.effectiveAt ?? null, except: answer.except ?? [] };
        this.ballot = { ...this.ballot, decisions: [...(voice === by ? withoutSubstitute(by, this.terms, others, at) : others.decisions), decision] };
        return;
      }
      case 'withdraw':
        this.ballot = { ...this.ballot, decisions: decisions.filter((decision) => decision.by !== by) };
        return;
      case 'delegate':
        this.ballot = { ...this.ballot, delegations: [...delegations.filter(({ from }) => from !== by), { from: by, to: canonicalPerson(this.people, answer.to!), since: at, until: answer.until ?? null }] };
        return;
      case 'defer':
        this.ballot = { ...this.ballot, deferrals: [...deferrals.filter((deferral) => deferral.by !== by), { by, until: answer.until! }] };
        return;
      case 'check':
        this.ballot = { ...this.ballot, checks: [...checks.filter(({ item }) => item !== answer.item), { item: answer.item!, by, ok: true, comment, at }] };
        return;
      case 'bypass':
        this.bypass = { by, reason: comment, incident: answer.incident! };
    }
  }

  /** A machine's answer to an item of the checklist. */
  checked(item: string, ok: boolean, comment: string): void {
    this.ballot = { ...this.ballot, checks: [...this.ballot.checks.filter((check) => check.item !== item), { item, by: 'machine', ok, comment, at: now().toISOString() }] };
  }

  /** An answer that would count if more were proven, or if it named the evidence; one for each person. False if the same is kept already. */
  propose(by: string, verdict: string, reason: string): boolean {
    if (this.proposals.some((proposal) => proposal.by === by && proposal.verdict === verdict)) return false;
    this.proposals = [...this.proposals.filter((proposal) => proposal.by !== by), { by, verdict, reason, at: now().toISOString() }].slice(-10);
    return true;
  }

  /** Of those whom the clock would let decide as well, the ones who may not yet; nobody whom the estate does not know any more. */
  newAmong(approvers: readonly string[]): string[] {
    return [...new Set(approvers)].filter((person) => !this.policy.approvers.includes(person) && this.people.some(({ id }) => id === person));
  }

  /** More people may decide from now on; says who is new. */
  widen(approvers: readonly string[]): string[] {
    const added = this.newAmong(approvers);
    this.#widened.push(...added);
    this.policy = { ...this.policy, approvers: [...this.policy.approvers, ...added] };
    return added;
  }

  /** Takes over what the estate says now, as far as a gate that waits may. Approvals of people who left, or who by a stricter policy may not or have proven too little, do not count any more. */
  adopt(reloaded: ReloadedPolicy): string[] {
    const fresh = { ...reloaded.policy, approvers: [...reloaded.policy.approvers, ...this.#widened.filter((person) => !reloaded.policy.approvers.includes(person) && reloaded.people.some(({ id }) => id === person))] };
    const { policy, changes } = adoptPolicy(this.policy, fresh);
    this.policy = policy;
    this.people = reloaded.people;
    this.estateDigest = reloaded.estateDigest;
    const decisions = stillCounting(this.ballot.decisions, this.terms);
    const lost = this.ballot.decisions.filter((decision) => !decisions.includes(decision));
    this.ballot = { ...this.ballot, decisions };
    return [...changes, ...lost.map(({ by, verdict }) => `the ${verdict === 'approve' ? 'approval' : 'rejection'} of ${by} no longer counts`)];
  }
}
