/** The hold points of one run. Handlers are registered once, in the run's first lines, so that no answer is early enough to be lost. */
import { ApplicationFailure, CancellationScope, condition, defineSignal, defineUpdate, setDefaultSignalHandler, setHandler, sleep } from '@temporalio/workflow';
import { clip, objection, readAnswer, standing, type Answer, type Decision, type GateTerms, type Standing, type Verdict } from '../domain/approval.ts';
import type { GateCard } from '../domain/card.ts';
import { clipCard, shortList } from '../domain/card-text.ts';
import { jsonDigest, shortDigest } from '../domain/digest.ts';
import { FailureType } from '../domain/failures.ts';
import { canonicalPerson, type GatePolicy, type Person } from '../domain/policy.ts';
import type { Run } from './run.ts';
import { now } from './workflow-clock.ts';

export const decideUpdate = defineUpdate<Standing, [unknown]>('decide');
export const approveSignal = defineSignal<[unknown?]>('approve');
export const rejectSignal = defineSignal<[unknown?]>('reject');

export interface GateRequest {
  /** Unique within the run; what an answer must name. */
  gate: string;
  card: GateCard;
  policy: GatePolicy;
  people: readonly Person[];
  /** Names or aliases of whoever asked; four-eyes excludes them. */
  requestedBy: readonly string[];
  /** What silence does, as the card says it. */
  silence: string;
}

/** A "no" and a silence are outcomes, not errors. `decisions` are those that counted. */
export type GateOutcome =
  | { state: 'approved'; by: string[]; decisions: Decision[] }
  | { state: 'rejected'; by: string; reason: string; decisions: Decision[] }
  | { state: 'expired'; decisions: Decision[] };

/** Tells people of a gate; must not throw and is not waited for, so that a failed channel never delays a gate. */
export type Announce = (step: string, text: string) => void;

interface OpenGate {
  request: GateRequest;
  terms: GateTerms;
  decisions: Decision[];
  expired: boolean;
}

export class Gates {
  #open: OpenGate | null = null;
  #closed = new Set<string>();
  /** Answers for gates that had not opened: shown when they open, never counted, for nobody had seen the evidence. */
  #early = new Map<string, Answer>();
  readonly #run: Run;
  readonly #announce: Announce;

  constructor(run: Run, announce: Announce) {
    this.#run = run;
    this.#announce = announce;
    setHandler(decideUpdate, (value) => this.#decide(value), {
      description: 'Decide the open gate: {"gate", "verdict": "approve" or "reject", "by", "comment", "evidence"}',
      validator: (value) => {
        const { reason } = this.#judge(value);
        if (reason !== undefined) throw ApplicationFailure.nonRetryable(`not counted: ${reason}`, FailureType.InputInvalid);
      },
    });
    setHandler(approveSignal, (value) => this.#consider(value, 'approve'), { description: 'Approve the open gate: {"gate", "by", "evidence", "comment"}, as the current details show it' });
    setHandler(rejectSignal, (value) => this.#consider(value, 'reject'), { description: 'Reject the open gate: {"gate", "by", "evidence", "comment": the reason}' });
    setDefaultSignalHandler((name) => run.answered({ by: null, counted: false, reason: `there is no signal "${clip(name, 40)}"; send "approve" or "reject"` }));
  }

  /** Waits until those whom the policy names have decided, or until the deadline. */
  async pass(request: GateRequest): Promise<GateOutcome> {
    const open = this.#openGate(request);
    const clocks = new CancellationScope();
    clocks.run(() => this.#runClocks(open)).catch(() => undefined); // ends by being cancelled below, or with the run
    try {
      await condition(() => open.expired || standing(request.policy, open.decisions).state !== 'open');
      return this.#outcome(open);
    } finally {
      clocks.cancel();
      this.#open = null;
      this.#closed.add(request.gate);
      this.#run.gateClosed();
    }
  }

  #openGate(request: GateRequest): OpenGate {
    const { gate, policy, people, requestedBy } = request;
    const card = clipCard(request.card);
    const evidenceDigest = jsonDigest({ gate, card, policy });
    const open: OpenGate = { request, terms: { gate, policy, people, requestedBy, evidenceDigest }, decisions: [], expired: false };
    this.#open = open;

    const asked = policy.fourEyes ? requestedBy.map((name) => canonicalPerson(people, name)) : [];
    const approvers = policy.approvers.filter((person) => !asked.includes(person));
    const deadline = new Date(now().getTime() + policy.deadlineMs).toISOString();
    this.#run.gateOpened(
      { id: gate, openedAt: now().toISOString(), deadline, quorum: policy.quorum, approvers },
      { card, gate, evidence: shortDigest(evidenceDigest), approvers: shortList(approvers), quorum: policy.quorum, approvedBy: [], silence: request.silence, deadline },
    );
    const early = this.#early.get(gate);
    if (early) this.#run.answered({ by: early.by ?? null, counted: false, reason: `it came before ${gate} opened, when nobody had seen the evidence; send it again` });
    this.#announce(`${gate} opened`, `${card.question} ${card.recommendation} Until ${deadline}: ${request.silence}`);
    return open;
  }

  /** One timer after the other: while a gate waits, its history holds only the next one. */
  async #runClocks(open: OpenGate): Promise<void> {
    const { gate, policy, card } = open.request;
    const deadline = now().getTime() + policy.deadlineMs; // fixed now: a worker that is away when the first timer fires must not move it
    await sleep(policy.remindAfterMs, { summary: `Remind the approvers of ${gate}` });
    this.#announce(`${gate} reminder`, `Still waiting: ${card.question}`);
    await sleep(Math.max(0, deadline - now().getTime()), { summary: `Deadline of ${gate}` });
    open.expired = true;
  }

  #outcome({ request, decisions }: OpenGate): GateOutcome {
    const { policy, gate } = request;
    const reached = standing(policy, decisions);
    if (reached.state !== 'open') return { ...reached, decisions };
    if (policy.onSilence === 'approve') return { state: 'approved', by: [], decisions };
    if (policy.onSilence === 'reject') return { state: 'rejected', by: 'nobody', reason: `nobody answered ${gate} in time`, decisions };
    return { state: 'expired', decisions };
  }

  /** The same rule for update and signal. */
  #judge(value: unknown, verdict?: Verdict): { answer: Answer; reason: string | undefined } {
    const { answer, malformed } = readAnswer(value, verdict);
    if (malformed !== undefined) return { answer, reason: malformed };
    if (answer.gate !== undefined && this.#closed.has(answer.gate) && answer.gate !== this.#open?.request.gate) return { answer, reason: `gate "${answer.gate}" is closed` };
    if (!this.#open) return { answer, reason: answer.gate === undefined ? 'no gate is open' : `gate "${clip(answer.gate, 40)}" is not open` };
    return { answer, reason: objection(answer, this.#open.terms, this.#open.decisions) };
  }

  #decide(value: unknown): Standing {
    const { answer, reason } = this.#judge(value);
    // The validator has run, but another answer may have been counted between the two.
    if (reason !== undefined) throw ApplicationFailure.nonRetryable(`not counted: ${reason}`, FailureType.InputInvalid);
    return this.#count(answer);
  }

  /** A signal cannot be refused: what does not count is shown with its reason. */
  #consider(value: unknown, verdict: Verdict): void {
    const { answer, reason } = this.#judge(value, verdict);
    if (reason === undefined) return void this.#count(answer);
    const isEarly = answer.gate !== undefined && answer.gate !== this.#open?.request.gate && !this.#closed.has(answer.gate);
    if (isEarly && this.#early.size < 10) this.#early.set(answer.gate!, answer);
    this.#run.answered({ by: answer.by ?? null, counted: false, reason: isEarly ? `${reason}; kept as a proposal` : reason });
  }

  #count(answer: Answer): Standing {
    const { terms, decisions } = this.#open!;
    const by = canonicalPerson(terms.people, answer.by!);
    decisions.push({ gate: terms.gate, verdict: answer.verdict!, by, level: terms.policy.identity, comment: answer.comment ?? '', evidence: shortDigest(terms.evidenceDigest), at: now().toISOString() });
    const comment = answer.comment === undefined ? '' : `: ${clip(answer.comment, 120)}`;
    this.#run.answered({ by, counted: true, reason: `${answer.verdict} of ${terms.gate} (identity ${terms.policy.identity})${comment}` });
    this.#run.gateProgressed(decisions.map((decision) => decision.by));
    return standing(terms.policy, decisions);
  }
}

