/** What Temporal Web UI shows of a run: the card of its open gate, else its phase with what there is to say. */
import { setCurrentDetails } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';
import { cardBytes, renderOpenCard, renderProgress, type OpenCard } from '../domain/card.ts';
import type { GateStatus, LastAnswer } from '../domain/run-status.ts';

/** An open gate as the run shows it: asked when somebody looks, not when something changes. */
export interface GateFace {
  status: () => GateStatus;
  card: () => Omit<OpenCard, 'lastAnswer'>;
}

export class RunDisplay {
  gate: GateFace | null = null;
  lastAnswer: LastAnswer | null = null;
  /** What the runbook shows in place of phase and notes, or below an open gate where there is room. */
  face: (() => string) | null = null;
  #notes: string[] = [];
  #progress: string[] = [];
  #isStale = false;
  /** One for all times: the SDK notes a stack for each promise that workflow code makes. */
  readonly #soon = Promise.resolve();
  readonly #phase: () => string;

  constructor(phase: () => string) {
    this.#phase = phase;
  }

  note(text: string): void {
    if (this.#notes.length < 5) this.#notes.push(clip(text, 200));
  }

  progress(lines: readonly string[]): void {
    this.#progress = lines.slice(0, 8).map((line) => clip(line, 200));
  }

  /** The run is over: how, above what was noted. */
  conclude(sentence: string): void {
    this.gate = null;
    this.#progress = [];
    this.#notes = [sentence, ...this.#notes];
    this.#render(); // nothing runs after the close
  }

  /** Rendered once for all that changes in the same moment: many answers may come together, and nobody sees what lies between them. */
  show(): void {
    if (!this.#isStale) void this.#soon.then(() => this.#renderOnce());
    this.#isStale = true;
  }

  #renderOnce(): void {
    if (this.#isStale) this.#render();
  }

  #render(): void {
    this.#isStale = false;
    const { lastAnswer } = this;
    const own = this.face === null ? [] : [this.face()];
    const card = this.gate ? renderOpenCard({ ...this.gate.card(), lastAnswer }) : renderProgress(this.#phase(), [...own, ...this.#progress, ...this.#notes], lastAnswer);
    setCurrentDetails(this.gate ? withRoom(card, own) : card);
  }
}

/** The card, and below it what still fits. */
function withRoom(card: string, further: readonly string[]): string {
  const whole = [card, ...further].join('\n\n---\n\n');
  return new TextEncoder().encode(whole).length <= cardBytes ? whole : card;
}
