/** What goes on while a gate is open: its clock, the estate's changes, the checklist's machines, and those who look after it without deciding. */
import { ApplicationFailure } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';
import { FailureType } from '../domain/failures.ts';
import { neverDue, type Tick } from '../domain/gate-clock.ts';
import type { AnswerDesk } from './answer-desk.ts';
import { answerSentence, askMachines, lookAgain } from './checklist.ts';
import { measureAgain, measureOf } from './evidence-again.ts';
import { runClock } from './gate-clock.ts';
import { gateEvent } from './gate-presentation.ts';
import type { GateServices } from './gate-request.ts';
import type { OpenGate } from './open-gate.ts';
import type { Run } from './run.ts';

/** What may be done to a gate without deciding it. `lapse` lets its deadline come now, where silence lets nothing through. */
const tendings = ['remeasure', 'remind', 'widen', 'lapse'] as const;
type Tending = (typeof tendings)[number];

export class Attendance {
  #tendings = 0;
  readonly #run: Run;
  readonly #services: GateServices;
  readonly #desk: AnswerDesk;

  constructor(run: Run, services: GateServices, desk: AnswerDesk) {
    this.#run = run;
    this.#services = services;
    this.#desk = desk;
  }

  async runClock(open: OpenGate): Promise<void> {
    await runClock(open, {
      // An estate that is broken just now must not end the gate: then the clock counts elapsed time.
      planClock: (clock, openedAt, approvers) => this.#run.attempt('Working hours could not be placed in time; the clock counts elapsed time', () => this.#services.planClock(clock, openedAt, approvers)),
      planned: (ticks) => {
        const deadline = ticks.at(-1)!.at;
        if (deadline !== open.deadline) {
          this.#run.deadlineMoved(deadline);
          this.#run.record.add({ kind: 'policyChanged', gate: open.gate, changes: [`it is decided until ${deadline}, by working hours`], estateDigest: open.estateDigest });
        }
        open.deadline = deadline;
        open.isPlanned = true;
        open.neverDue = neverDue(open.policy.clock, ticks);
        if (open.neverDue.length > 0) this.#run.refresh();
      },
      reload: () => this.reload(open),
      tick: (tick) => this.#tick(open, tick),
    });
  }

  async answerChecklist(open: OpenGate): Promise<void> {
    if ((await askMachines(open, 'all')).length > 0) this.#run.refresh();
  }

  /** @returns a sentence for each machine item whose answer is another one than before */
  async #lookAgain(open: OpenGate): Promise<string[]> {
    const before = open.ballot.checks;
    const answers = await lookAgain(open);
    if (answers.length > 0) this.#run.refresh();
    return answers.filter(({ item, ok }) => before.find((check) => check.item === item)?.ok !== ok).map(answerSentence);
  }

  /** @throws InputInvalid saying what is wrong with the request */
  readTending(value: unknown, open: OpenGate | null): { action: Tending; by: string; reason: string; open: OpenGate } {
    const { action, by, reason } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (!tendings.includes(action as Tending)) throw notDone(`"action" is none of ${tendings.join(', ')}`);
    if (typeof by !== 'string' || by === '') throw notDone('it does not say who asks ("by")');
    // What waits for its effect may be measured as well; everything else is for a gate that is not decided.
    if (!open || (open.isSettled && !(action === 'remeasure' && open.standing.state === 'approved' && !open.isConcluded))) throw notDone('no gate is open');
    if (action === 'remeasure' && measureOf(open) === null && !open.policy.checklist.some((item) => item.by === 'machine')) throw notDone('the evidence of this gate is not measured again');
    if (action === 'remind' && open.awaited.length === 0) throw notDone('nobody is waited for');
    if (action === 'widen' && open.newAmong(widest(open)).length === 0) throw notDone('there is nobody more who might decide');
    if (action === 'lapse' && open.policy.onSilence !== 'expire' && open.policy.onSilence !== 'reject') throw notDone(`silence would ${open.policy.onSilence} here; only a person or the deadline may do that`);
    return { action: action as Tending, by: clip(by, 60), reason: clip(typeof reason === 'string' ? reason : '', 200), open };
  }

  async tend(value: unknown, gate: OpenGate | null): Promise<{ changes: string[] }> {
    const { action, by, reason, open } = this.readTending(value, gate);
    this.#tendings += 1;
    const why = `${by}${reason === '' ? '' : `: ${reason}`}`;
    switch (action) {
      case 'remind':
        this.#services.tell(`${open.gate} tended ${this.#tendings}`, gateEvent(open, this.#run, 'reminded', `Still waiting (${why}): ${open.card.question}`, open.awaited));
        return { changes: [] };
      case 'widen':
        return { changes: this.#widen(open, widest(open), why) };
      case 'lapse':
        open.lapse = { by, reason: reason === '' ? 'no reason was given' : reason };
        open.expire();
        return { changes: [`silence decides now (${why})`] };
      case 'remeasure':
        return { changes: [...(await this.#lookAgain(open)), ...((await measureAgain(open))?.comparison.changes ?? [])] };
    }
  }

  /** Takes over what the estate says now. */
  async reload(open: OpenGate): Promise<void> {
    const reloaded = await this.#services.reloadPolicy(open.request);
    if (reloaded === null) return;
    const changes = open.adopt(reloaded);
    if (changes.length > 0) {
      this.#run.record.add({ kind: 'policyChanged', gate: open.gate, changes, estateDigest: reloaded.estateDigest });
      this.#run.answered({ by: 'the estate', counted: true, reason: `changed: ${changes.join('; ')}` });
    }
    this.#run.refresh();
  }

  #tick(open: OpenGate, tick: Tick): void {
    const { question } = open.card;
    this.#desk.keep(open);
    // Beside the clock, which must not wait for a platform that is away. Ends with the gate: its failure is its cancellation.
    askMachines(open, 'unanswered').then((answers) => { if (answers.length > 0) this.#run.refresh(); }, () => undefined);
    const tell = (kind: 'reminded' | 'escalated' | 'widened' | 'held', text: string, to: string[]) => this.#services.tell(`${open.gate} ${kind} ${tick.at}`, gateEvent(open, this.#run, kind, text, to));
    if (tick.kind === 'remind' && open.awaited.length > 0) tell('reminded', `Still waiting: ${question}`, open.awaited);
    if (tick.kind === 'escalate') {
      open.escalated = true;
      tell('escalated', `Nobody has decided yet: ${question} Until ${open.deadline}: ${open.request.silence}`, [tick.to]);
    }
    if (tick.kind === 'widen') this.#widen(open, tick.approvers, 'nobody has decided yet');
    if (tick.kind !== 'decide') return;
    if (open.policy.onSilence === 'hold') tell('held', `The deadline is past and the gate is held: ${question}`, open.awaited);
    else open.expire();
  }

  #widen(open: OpenGate, approvers: readonly string[], why: string): string[] {
    const added = open.widen(approvers);
    if (added.length === 0) return [];
    this.#run.record.add({ kind: 'policyChanged', gate: open.gate, changes: [`may decide now as well: ${added.join(', ')} (${why})`], estateDigest: open.estateDigest });
    this.#services.tell(`${open.gate} widened ${added.join()}`, gateEvent(open, this.#run, 'widened', `You may decide now as well: ${open.card.question}`, added));
    this.#run.refresh();
    return added;
  }
}

/** Everybody whom the clock would let decide as well by its end. */
function widest({ policy: { clock } }: OpenGate): string[] {
  return clock.widen.flatMap(({ approvers }) => approvers);
}

function notDone(reason: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`not done: ${reason}`, FailureType.InputInvalid);
}
