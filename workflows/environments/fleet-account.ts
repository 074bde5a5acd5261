/** What a run knows of each deployment of its fleet: for the exact account, and for putting back what was written. */
import type { FleetMember } from '../domain/environment.ts';
import { changesTable, countChanges, type DeploymentChange, type FleetChanges } from '../domain/fleet-changes.ts';
import type { Touched } from './deployment-environment.ts';

export class FleetAccount {
  readonly #members: readonly FleetMember[];
  /** Never to be written, and why: a rollback in between decides what serves, or there is another reason. */
  readonly leftOut: Map<string, string>;
  /** Those of them that it came to while the waves ran, with the reason. */
  readonly leftOutMeanwhile: string[] = [];
  readonly #takenOver = new Map<string, { why: string; wasBegun: boolean }>();
  readonly touched = new Map<string, Touched>();
  readonly restored = new Set<string>();
  /** Written, and not to be put back, and why. */
  readonly kept = new Map<string, string>();

  constructor(members: readonly FleetMember[], leftOut: ReadonlyMap<string, string>) {
    this.#members = members;
    this.leftOut = new Map(leftOut);
  }

  /** What the waves found speaks against updating it now; a later run takes it. */
  leaveOut(label: string, why: string): void {
    this.leftOut.set(label, why);
    this.leftOutMeanwhile.push(`${label} (${why})`);
  }

  /** Somebody took the deployment while this run had it in hand: what serves is for them to decide, also whether what was written stays. */
  handOver(label: string, by: string): void {
    const wasBegun = this.touched.delete(label) || this.#takenOver.get(label)?.wasBegun === true;
    this.#takenOver.set(label, { why: `taken over by ${by}`, wasBegun });
  }

  get takenOver(): string[] {
    return [...this.#takenOver.keys()];
  }

  /** Those of them whose write had begun, each with who took it: nobody but them knows what is there. */
  get takenWritten(): string[] {
    return [...this.#takenOver].flatMap(([label, { why, wasBegun }]) => (wasBegun ? [`${label} (${why})`] : []));
  }

  /** In the order of the waves, in whatever order they ended. */
  membersOf(state: DeploymentChange['state']): FleetMember[] {
    return this.#members.filter(({ label }) => this.#stateOf(label) === state);
  }

  get counts(): Omit<FleetChanges, 'table'> {
    return countChanges(this.#changes());
  }

  get table(): string {
    return changesTable(this.#changes());
  }

  #changes(): DeploymentChange[] {
    const labels = new Set([...this.leftOut.keys(), ...this.#members.map(({ label }) => label)]);
    return [...labels].sort().map((label) => ({ label, state: this.#stateOf(label), detail: this.leftOut.get(label) ?? this.kept.get(label) ?? this.#takenOver.get(label)?.why ?? '' }));
  }

  #stateOf(label: string): DeploymentChange['state'] {
    if (this.leftOut.has(label)) return 'leftOut';
    if (this.#takenOver.has(label)) return 'takenOver';
    if (this.restored.has(label)) return 'putBack';
    const touched = this.touched.get(label);
    if (touched === undefined) return 'untouched';
    return this.kept.has(label) || !touched.verified ? 'kept' : 'updated';
  }
}
