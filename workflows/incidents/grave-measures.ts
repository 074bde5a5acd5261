/** What a P0 or P1 does to the target's releases: they are paused for as long as it is that grave and not resolved, and at its minute the rollback of the last change is offered. */
import { condition, sleep } from '@temporalio/workflow';
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { isCancelled } from '../blocks/cancellation.ts';
import { isGrave, type CoordinateIncidentInput, type CoordinateIncidentResult } from '../domain/incident.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { readProductionDeployment } from '../releases/release-activities.ts';
import { holdReleases, liftHold } from './incident-activities.ts';
import type { IncidentDesk } from './incident-desk.ts';
import { isRollback, lastChangeGate, lastChangeOf } from './last-change-gate.ts';
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
  readonly #policy: TargetPolicy | null;
  #offering = false;
  /** Takes the undo of the pause back. */
  #unpaused: () => void = () => undefined;

  /** `policy` null: the target is none of the estate's circuits, so there is nothing to pause or to roll back. */
  constructor(run: Run, gates: Gates, desk: IncidentDesk, input: CoordinateIncidentInput, policy: TargetPolicy | null) {
    this.#run = run;
    this.#gates = gates;
    this.#desk = desk;
    this.#input = input;
    this.#policy = policy;
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
    return this.#policy !== null && isGrave(severity) && resolved === null;
  }

  async #follow(): Promise<void> {
    for (;;) {
      await condition(() => this.#isWanted() !== this.#desk.paused);
      if (this.#isWanted()) await this.#pause();
      else await this.#lift();
    }
  }

  async #pause(): Promise<void> {
    const { severity } = this.#desk.state;
    const hold = { scope: this.#policy!.target, by: this.#run.status().workflowId };
    this.#unpaused = this.#run.compensations.register({ step: 'pause of the releases', undo: async () => ((await liftHold(hold)).sent ? 'releases go on' : 'nothing was paused') });
    const held = await this.#run.attempt('The releases could not be paused', () => holdReleases({ ...hold, reason: `${severity} incident: ${this.#input.title}`, since: this.#desk.state.openedAt }));
    if (held === null) {
      this.#unpaused();
      return await sleep(pauseAgainAfter, { summary: 'Pause the releases: try again' });
    }
    this.#desk.paused = true;
    this.#run.effect({ step: 'pause of the releases', what: `releases of ${hold.scope.plant}/${hold.scope.circuit} are stopped before production`, platform: 'holdpoint', resource: hold.by, before: 'running', after: 'paused' });
    this.#desk.note('releases of the target are paused');
  }

  async #lift(): Promise<void> {
    this.#gates.retire('the incident', this.#desk.state.resolved === null ? 'the severity was lowered' : 'the incident is resolved');
    const lifted = await this.#run.attempt('The pause could not be lifted; send the stop the signal lift', () => liftHold({ scope: this.#policy!.target, by: this.#run.status().workflowId }));
    this.#unpaused();
    this.#desk.paused = false;
    this.#desk.note(lifted === null ? 'the pause of the releases could not be lifted' : 'releases of the target go on');
  }

  async #offer(): Promise<void> {
    const policy = this.#policy;
    if (policy === null) return this.#desk.note('no rollback is offered: no circuit of the estate is affected');
    const { workspaces, endpoint, deployment } = policy;
    const serving = await this.#run.attempt('What production serves could not be read', () => readProductionDeployment({ workspace: workspaces.production, endpoint, deployment }));
    const change = serving && lastChangeOf(serving);
    if (!change) return this.#desk.note(`no rollback is offered: ${serving === null ? 'what production serves could not be read' : 'the deployment does not tell its version'}`);
    if (isRollback(change)) return this.#desk.note(`no rollback is offered: ${change.from} serves by a rollback, ${change.run}`);
    if (!this.#isWanted()) return;
    this.#desk.note(`rollback of the last change is offered: from ${change.from} to ${change.to ?? 'the newest good version'}`);
    const decision = await this.#gates.pass(lastChangeGate(change, this.#desk.state, this.#input, policy));
    if (decision.state !== 'approved') return this.#desk.note(`rollback ${decision.state === 'rejected' ? `declined by ${decision.by}: ${decision.reason}` : decision.state === 'expired' ? 'not decided: nothing is rolled back' : `no longer offered: ${decision.reason}`}`);
    const started = await startRollback(policy.target, change, { incident: this.#input.incident, title: this.#input.title, by: decision.by });
    this.rollback = { workflowId: started.workflowId, by: decision.by };
    this.#desk.note(`rollback approved by ${decision.by.join(', ')}: ${started.workflowId}${started.isNew ? '' : ' was under way already'}`);
  }
}
