/** What a P0 or P1 does to the releases of what it affects: they are paused for as long as it is that grave and not resolved, and at its minute the rollback of the last change is offered. */
import { condition, sleep } from '@temporalio/workflow';
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { isCancelled } from '../blocks/cancellation.ts';
import { scopeLabel } from '../domain/emergency-stop.ts';
import { targetLabel } from '../domain/ids.ts';
import { isGrave, type CoordinateIncidentInput, type CoordinateIncidentResult } from '../domain/incident.ts';
import type { AffectedCircuits } from './affected-circuits.ts';
import { holdReleases, liftHold } from './incident-activities.ts';
import type { IncidentDesk } from './incident-desk.ts';
import { lastChangeGate } from './last-change-gate.ts';
import { startRollback } from './start-rollback.ts';

/** Between two tries to pause that have failed for good. */
const pauseAgainAfter = '1m';

export class GraveMeasures {
  /** The rollback that somebody wanted. */
  rollback: CoordinateIncidentResult['rollback'] = null;
  readonly #run: Run;
  readonly #gates: Gates;
  readonly #desk: IncidentDesk;
  readonly #input: CoordinateIncidentInput;
  readonly #affected: AffectedCircuits | null;
  #offering = false;
  /** Takes the undo of the pause back. */
  #unpaused: () => void = () => undefined;

  /** `affected` null: what is named is none of the estate's circuits, so there is nothing to pause or to roll back, which the run says as soon as it is grave. */
  constructor(run: Run, gates: Gates, desk: IncidentDesk, input: CoordinateIncidentInput, affected: AffectedCircuits | null) {
    this.#run = run;
    this.#gates = gates;
    this.#desk = desk;
    this.#input = input;
    this.#affected = affected;
    desk.isPausable = affected !== null;
  }

  /** Goes on beside the runbook: follows the severity. Ends with the run's cancellation. */
  keep(): void {
    this.#follow().catch(() => undefined); // cancelled: what is held is lifted by its compensation
  }

  /** Asks in the background; the incident goes on. */
  offerRollback(): void {
    if (this.#offering || this.rollback !== null) return;
    this.#offering = true;
    void this.#offer().catch((error: unknown) => {
      if (!isCancelled(error)) this.#desk.note(`the rollback could not be offered: ${error instanceof Error ? error.message : String(error)}`);
    }).finally(() => (this.#offering = false));
  }

  /** After the resolution: waits until releases may go on, and the offer is withdrawn. */
  async ended(): Promise<void> {
    await condition(() => !this.#desk.paused && !this.#offering);
  }

  #isWanted(): boolean {
    const { severity, resolved } = this.#desk.state;
    return this.#affected !== null && isGrave(severity) && resolved === null;
  }

  async #follow(): Promise<void> {
    if (this.#affected === null) return await this.#sayThatThereIsNone();
    for (;;) {
      await condition(() => this.#isWanted() !== this.#desk.paused);
      if (this.#isWanted()) await this.#pause();
      else await this.#lift();
    }
  }

  /** Once, and not before it would have been done. */
  async #sayThatThereIsNone(): Promise<void> {
    await condition(() => isGrave(this.#desk.state.severity));
    this.#desk.note(`no releases are paused, and no rollback will be offered: ${nothingBehind(this.#input)}`);
  }

  async #pause(): Promise<void> {
    const { severity } = this.#desk.state;
    const hold = { scope: this.#affected!.scope, by: this.#run.status().workflowId };
    this.#unpaused = this.#run.compensations.register({ step: 'pause of the releases', undo: async () => ((await liftHold(hold)).sent ? 'releases go on' : 'nothing was paused') });
    const held = await this.#run.attempt('The releases could not be paused', () => holdReleases({ ...hold, reason: `${severity} incident: ${this.#input.title}`, since: this.#desk.state.openedAt }));
    if (held === null) {
      this.#unpaused();
      return await sleep(pauseAgainAfter, { summary: 'Pause the releases: try again' });
    }
    this.#desk.paused = true;
    this.#run.effect({ step: 'pause of the releases', what: `releases of ${scopeLabel(hold.scope)} are stopped before production`, platform: 'holdpoint', resource: hold.by, before: 'running', after: 'paused' });
    this.#desk.note(`releases of ${this.#scopeInWords()} are paused`);
  }

  async #lift(): Promise<void> {
    this.#gates.retire('the incident', this.#desk.state.resolved === null ? 'the severity was lowered' : 'the incident is resolved');
    const lifted = await this.#run.attempt('The pause could not be lifted; send the stop the signal lift', () => liftHold({ scope: this.#affected!.scope, by: this.#run.status().workflowId }));
    this.#unpaused();
    this.#desk.paused = false;
    this.#desk.note(lifted === null ? 'the pause of the releases could not be lifted' : `releases of ${this.#scopeInWords()} go on`);
  }

  /** One circuit is the target that the incident names. */
  #scopeInWords(): string {
    return this.#input.target ? 'the target' : scopeLabel(this.#affected!.scope);
  }

  async #offer(): Promise<void> {
    if (this.#affected === null) return; // it was said that there is none
    const offered = await this.#affected.lastChange();
    if (typeof offered === 'string') return this.#desk.note(`no rollback is offered: ${offered}`);
    if (!this.#isWanted()) return;
    const { change, policy } = offered;
    const whose = this.#input.target ? '' : ` of ${targetLabel(policy.target)}`;
    this.#desk.note(`rollback of the last change is offered: from ${change.from} to ${change.to ?? 'the newest good version'}${whose}`);
    const decision = await this.#gates.pass(lastChangeGate(change, this.#desk.state, this.#input, policy));
    if (decision.state !== 'approved') return this.#desk.note(`rollback ${decision.state === 'rejected' ? `declined by ${decision.by}: ${decision.reason}` : decision.state === 'expired' ? 'not decided: nothing is rolled back' : `no longer offered: ${decision.reason}`}`);
    const started = await startRollback(policy.target, change, { incident: this.#input.incident, title: this.#input.title, by: decision.by });
    this.rollback = { workflowId: started.workflowId, by: decision.by };
    this.#desk.note(`rollback approved by ${decision.by.join(', ')}: ${started.workflowId}${started.isNew ? '' : ' was under way already'}`);
  }
}

function nothingBehind({ target, service }: CoordinateIncidentInput): string {
  if (target) return `${targetLabel(target)} is no circuit of the estate, or the estate could not be read`;
  return service === undefined ? 'no circuit is named' : `"${service}" names no circuit of the estate`;
}
