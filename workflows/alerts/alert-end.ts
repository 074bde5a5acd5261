/** When an alert is over: its own end, and that of all alerts that joined the run it had started. */
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { alertResolvedSignal } from '../blocks/alert-resolved.ts';

/** Another alert's run joins what this one started, or has ended: by its workflow id. */
export const alertJoinedSignal = defineSignal<[string]>('alertJoined');
export const alertLeftSignal = defineSignal<[string]>('alertLeft');

export class AlertEnd {
  #resolved = false;
  readonly #joined = new Set<string>();
  /** Left, perhaps before their joining was told. */
  readonly #left = new Set<string>();

  constructor() {
    setHandler(alertResolvedSignal, () => void (this.#resolved = true), { description: 'The alert has ended: what it started is closed, as its route in the estate says' });
    setHandler(alertJoinedSignal, (run) => void this.#joined.add(run), { description: 'Sent by another alert of the same target' });
    setHandler(alertLeftSignal, (run) => void this.#left.add(run), { description: 'Sent by another alert of the same target, at its end' });
  }

  /** Whether the alert itself has ended. */
  get isResolved(): boolean {
    return this.#resolved;
  }

  /** How many others have joined, ended or not. */
  get others(): number {
    return this.#joined.size;
  }

  /** Whether it and all that joined have ended. */
  get isOver(): boolean {
    return this.#resolved && [...this.#joined].every((run) => this.#left.has(run));
  }

  /** Waits until that is so, for so long at most; false where it is not. */
  async wait(boundMs: number): Promise<boolean> {
    return await condition(() => this.isOver, boundMs);
  }
}
