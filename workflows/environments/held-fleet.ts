/** Those that have the new environment already while an emergency stop or a freeze holds the others: they serve, perhaps for days, and are watched as they will be at the end. */
import type { Gates } from '../blocks/gates.ts';
import type { MonitoringWindow } from '../blocks/monitoring-window.ts';
import type { Run } from '../blocks/run.ts';
import type { AskedAccount } from '../domain/environment-cards.ts';
import type { FleetMember } from '../domain/environment.ts';
import { UpdateEnvironmentPhase as Phase } from '../domain/phases.ts';
import { rollbackGate, type AskedUpdate } from './environment-gates.ts';
import { describeRates, watchFleet } from './watch-fleet.ts';

/** One watch after the other, so that each is held against the rates of its own time: a few events a day. In milliseconds. */
const oneWatchMs = 86_400_000;

export interface HeldFleetOptions {
  run: Run;
  gates: Gates;
  monitoring: MonitoringWindow;
  asked: AskedUpdate;
  /** ISO instant at which the first of them was about to be written. */
  since: string;
}

export class HeldFleet {
  readonly #options: HeldFleetOptions;

  constructor(options: HeldFleetOptions) {
    this.#options = options;
  }

  /** Watches them until it is cancelled, and answers what speaks against the new environment. Null: nobody could watch any more, which the look after the wait will say. */
  async watch(updated: readonly FleetMember[]): Promise<string | null> {
    const { run, monitoring, asked: { policy }, since } = this.#options;
    for (;;) {
      const verdict = await monitoring.watch(() => watchFleet(policy, updated, since, oneWatchMs));
      if (verdict.kind === 'healthy') continue;
      if (verdict.kind !== 'inconclusive') return describeRates(verdict);
      run.note(`Not watched any more while it is held: ${verdict.reason}`);
      return null;
    }
  }

  /** Looks once, before the next wave is written. Where nobody can, a person judges, as at the end of the update, and silence lets the waves go on. Answers why all are to be put back; null: they stay. */
  async look(updated: readonly FleetMember[], account: AskedAccount): Promise<string | null> {
    const { run, gates, monitoring, asked, since } = this.#options;
    const verdict = await monitoring.watch(() => watchFleet(asked.policy, updated, since, 0));
    if (verdict.kind === 'healthy') return null;
    const reason = describeRates(verdict);
    if (verdict.kind !== 'inconclusive') return reason;
    run.enter(Phase.Rollback);
    const decision = await gates.pass(rollbackGate(asked, account, reason));
    if (decision.state === 'approved') return reason;
    run.note(`Kept although ${reason}`);
    run.enter(Phase.Deployment);
    return null;
  }
}
