/** What goes on while a gate is open: its clock, the estate's changes, the checklist's machines, and those who look after it without deciding. */
import { ApplicationFailure } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';
import { FailureType } from '../domain/failures.ts';
import { neverDue, type Tick } from '../domain/gate-clock.ts';
import { answerSentence, askMachines } from './checklist.ts';
import { compareAgain, measureOf, reopenWith } from './evidence-again.ts';
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

  constructor(run: Run, services: GateServices) {
    this.#run = run;
    this.#services = services;
  }

  async runClock(open: OpenGate): Promise<void> {
    await runClock(open, {
      // An estate that is broken just now must not end the gate: then the clock counts elapsed time.
      planClock: (clock, openedAt, approvers) => this.#run.attempt('Working hours could not be placed in time; the clock counts elapsed time', () => this.#services.planClock(clock, openedAt, approvers)),
      planned: (ticks) => {
        const deadline = ticks.at(-1)!.at;
        if (deadline !== open.deadline) this.#run.deadlineMoved(deadline);
        open.deadline = deadline;
        open.neverDue = neverDue(open.policy.clock, ticks);
        if (open.neverDue.length > 0) this.#run.gateChanged();
      },
      reload: () => this.#reload(open),
      tick: (tick) => this.#tick(open, tick),
    });
  }

  async answerChecklist(open: OpenGate): Promise<void> {
    await this.#askMachines(open, 'all');
  }

  async #askMachines(open: OpenGate, which: 'all' | 'unanswered'): Promise<string[]> {
    const before = open.ballot.checks;
    const answers = await askMachines(open, which);
    if (answers.length > 0) this.#run.gateChanged();
    return answers.filter(({ item, ok }) => before.find((check) => check.item === item)?.ok !== ok).map(answerSentence);
  }

  /** @throws InputInvalid saying what is wrong with the request */
  readTending(value: unknown, open: OpenGate | null): { action: Tending; by: string; reason: string; open: OpenGate } {
    const { action, by, reason } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    if (!tendings.includes(action as Tending)) throw notDone(`"action" is none of ${tendings.join(', ')}`);
    if (typeof by !== 'string' || by === '') throw notDone('it does not say who asks ("by")');
    if (!open || open.isSettled) throw notDone('no gate is open');
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
        return { changes: this.#widen(open, open.policy.clock.widen.flatMap(({ approvers }) => approvers), why) };
      case 'lapse':
        open.lapse = { by, reason: reason === '' ? 'no reason was given' : reason };
        open.expired = true;
        return { changes: [`silence decides now (${why})`] };
      case 'remeasure': {
        const answered = await this.#askMachines(open, 'all');
        const measure = measureOf(open);
        if (measure === null) return { changes: answered };
        const again = await compareAgain(open, measure);
        if (again.comparison.state === 'changed' && !open.isSettled) await reopenWith(open, measure, again);
        return { changes: [...answered, ...again.comparison.changes] };
      }
    }
  }

  async #reload(open: OpenGate): Promise<void> {
    const reloaded = await this.#services.reloadPolicy(open.gate);
    if (reloaded === null) return;
    const changes = open.adopt(reloaded);
    if (changes.length > 0) {
      this.#run.record.add({ kind: 'policyChanged', gate: open.gate, changes, estateDigest: reloaded.estateDigest });
      this.#run.answered({ by: 'the estate', counted: true, reason: `changed: ${changes.join('; ')}` });
    }
    this.#run.gateChanged();
  }

  #tick(open: OpenGate, tick: Tick): void {
    const { question } = open.card;
    // Beside the clock, which must not wait for a platform that is away. Ends with the gate: its failure is its cancellation.
    this.#askMachines(open, 'unanswered').catch(() => undefined);
    const tell = (kind: 'reminded' | 'escalated' | 'widened' | 'held', text: string, to: string[]) => this.#services.tell(`${open.gate} ${kind} ${tick.at}`, gateEvent(open, this.#run, kind, text, to));
    if (tick.kind === 'remind' && open.awaited.length > 0) tell('reminded', `Still waiting: ${question}`, open.awaited);
    if (tick.kind === 'escalate') {
      open.escalated = true;
      tell('escalated', `Nobody has decided yet: ${question} Until ${open.deadline}: ${open.request.silence}`, [tick.to]);
    }
    if (tick.kind === 'widen') this.#widen(open, tick.approvers, 'nobody has decided yet');
    if (tick.kind !== 'decide') return;
    if (open.policy.onSilence === 'hold') tell('held', `The deadline is past and the gate is held: ${question}`, open.awaited);
    else open.expired = true;
  }

  #widen(open: OpenGate, approvers: readonly string[], why: string): string[] {
    const added = open.widen(approvers);
    if (added.length === 0) return [];
    this.#run.record.add({ kind: 'policyChanged', gate: open.gate, changes: [`may decide now as well: ${added.join(', ')} (${why})`], estateDigest: open.request.estateDigest });
    this.#services.tell(`${open.gate} widened ${added.join()}`, gateEvent(open, this.#run, 'widened', `You may decide now as well: ${open.card.question}`, added));
    this.#run.gateChanged();
    return added;
  }
}

function notDone(reason: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`not done: ${reason}`, FailureType.InputInvalid);
}
