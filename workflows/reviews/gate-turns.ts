import type { GateOutcome, GateRequest } from '../blocks/gate-request.ts';
import type { Gates } from '../blocks/gates.ts';

/** A run has one gate open at a time: whoever asks while another question is open waits for its turn. */
export class GateTurns {
  #last: Promise<unknown> = Promise.resolve();
  readonly #gates: Gates;

  constructor(gates: Gates) {
    this.#gates = gates;
  }

  async pass<E>(request: GateRequest<E>): Promise<GateOutcome<E>> {
    const ask = () => this.#gates.pass(request);
    const turn = this.#last.then(ask, ask);
    this.#last = turn.catch(() => undefined);
    return await turn;
  }
}
