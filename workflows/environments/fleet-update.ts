/** Updating the environment of many deployments in waves, and putting them back in the same waves. */
import { CancellationScope } from '@temporalio/workflow';
import { pMapSettled } from 'p-map';
import { rootMessage } from '../blocks/compensations.ts';
import type { Run } from '../blocks/run.ts';
import { environmentReference, type EnvironmentDefinition, type FleetMember } from '../domain/environment.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { DeploymentSnapshot } from '../domain/release.ts';
import { deployToProduction, readProductionDeployment, restoreProduction } from '../releases/release-activities.ts';

/** What is known of a deployment that the update has come to. */
interface Touched {
  member: FleetMember;
  /** The definition as it was; what is put back. */
  before: DeploymentSnapshot;
  /** Whether the new environment was read back. */
  verified: boolean;
}

/** Writes of one wave at the same time. */
const parallelWrites = 5;

export class FleetUpdate {
  readonly #run: Run;
  readonly #policy: TargetPolicy;
  readonly #environment: EnvironmentDefinition;
  readonly #waves: FleetMember[][];
  readonly #touched = new Map<string, Touched>();
  readonly #restored = new Set<string>();

  constructor(run: Run, policy: TargetPolicy, environment: EnvironmentDefinition, members: readonly FleetMember[], waveSize: number) {
    this.#run = run;
    this.#policy = policy;
    this.#environment = environment;
    this.#waves = Array.from({ length: Math.ceil(members.length / waveSize) }, (_, wave) => members.slice(wave * waveSize, (wave + 1) * waveSize));
  }

  /** Labels of the deployments that have the new environment, as far as the run knows. */
  get updated(): string[] {
    return this.#labels((label) => this.#touched.get(label)?.verified === true && !this.#restored.has(label));
  }

  /** Labels of those that were put back. */
  get restored(): string[] {
    return this.#labels((label) => this.#restored.has(label));
  }

  /**
   * Updates wave by wave; each deployment is read, written in full and read back. One that fails ends the update with its wave: until all are verified, a failure or a cancellation puts
   * everything back.
   */
  async updateAll(): Promise<void> {
    const verified = this.#run.compensations.register({ step: `environment ${this.#environment.name} ${this.#environment.version} in production`, undo: () => this.rollBack() });
    for (const [index, wave] of this.#waves.entries()) {
      this.#show('Updating', index);
      const endings = await pMapSettled(wave, (member) => this.#update(member), { concurrency: parallelWrites });
      const failed = endings.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    }
    this.#run.progress([]);
    verified();
  }

  /** Puts back, in the same waves and not cancellable, what this run has written; a change that somebody made meanwhile is left alone. @throws when not all could be put back, naming them */
  async rollBack(): Promise<string> {
    return await CancellationScope.nonCancellable(async () => {
      const kept: string[] = [];
      for (const [index, wave] of this.#waves.entries()) {
        const touched = wave.flatMap(({ label }) => this.#touched.get(label) ?? []);
        if (touched.length === 0) continue;
        this.#show('Putting back', index);
        const endings = await pMapSettled(touched, (each) => this.#restore(each), { concurrency: parallelWrites });
        kept.push(...endings.flatMap((ending, at) => (ending.status === 'rejected' ? [`${touched[at]!.member.label} (${rootMessage(ending.reason)})`] : ending.value === null ? [] : [ending.value])));
      }
      this.#run.progress([]);
      if (kept.length > 0) throw new Error(`put back ${this.#restored.size}, but not ${kept.slice(0, 10).join('; ')}${kept.length > 10 ? ` and ${kept.length - 10} more` : ''}`);
      this.#run.production = 'unchanged';
      return `put back ${this.#restored.size} deployments`;
    });
  }

  async #update(member: FleetMember): Promise<void> {
    const { label, endpoint, deployment } = member;
    const { inference, location, workspaces } = this.#policy;
    const ref = { workspace: workspaces.production, endpoint, deployment };
    const before = await readProductionDeployment(ref);
    if (before.model === null) return; // it went since its test: there is nothing to update
    const touched: Touched = { member, before, verified: false };
    this.#touched.set(label, touched);
    this.#run.production = 'changed';
    const version = `${this.#environment.name}:${this.#environment.version}`;
    await deployToProduction({
      key: this.#run.key(`update ${label}`), ...ref, before, template: { inference, location }, model: before.model,
      environment: environmentReference(this.#environment),
      tags: { environment: version, previous_environment: environmentOf(before), run: this.#run.signature },
    });
    touched.verified = true;
    this.#run.effect({ step: 'production environment', what: `${label} ${version}`, platform: 'azure-ml', resource: this.#resource(member), before: environmentOf(before), after: version });
  }

  /** Null once it is as it was; otherwise why not. */
  async #restore({ member, before, verified }: Touched): Promise<string | null> {
    const { label, endpoint, deployment } = member;
    // Only of a write that nobody saw arrive a late arrival is looked for.
    const settleMs = verified ? 0 : this.#policy.settleMs;
    const { state, found } = await restoreProduction({ key: this.#run.key(`restore ${label}`), workspace: this.#policy.workspaces.production, endpoint, deployment, before, run: this.#run.signature, settleMs });
    if (state === 'changedByHand') return `${label} (changed by ${found.tags['run'] ?? 'hand'} meanwhile; nothing was overwritten)`;
    if (state === 'restored') {
      this.#restored.add(label);
      this.#run.effect({ step: 'restore production', what: `put back ${environmentOf(before)}`, platform: 'azure-ml', resource: this.#resource(member), before: this.#environment.version, after: environmentOf(before) });
    }
    return null;
  }

  /** In the order of the waves, in whatever order they ended. */
  #labels(which: (label: string) => boolean): string[] {
    return this.#waves.flat().map(({ label }) => label).filter(which);
  }

  #resource({ endpoint, deployment }: FleetMember): string {
    return `${this.#policy.workspaces.production.workspace}/${endpoint}/${deployment}`;
  }

  #show(doing: string, wave: number): void {
    this.#run.progress([`${doing}: wave ${wave + 1} of ${this.#waves.length}`, ...(this.updated.length > 0 ? [`${this.updated.length} have the new environment`] : [])]);
  }
}

/** `<name>:<version>` of the environment that a deployment scores in. */
function environmentOf({ definition }: DeploymentSnapshot): string {
  const { environmentId } = (definition?.['properties'] ?? {}) as { environmentId?: unknown };
  const [, name, version] = /\/environments\/([^/]+)\/versions\/([^/]+)$/.exec(typeof environmentId === 'string' ? environmentId : '') ?? [];
  return name === undefined || version === undefined ? 'unknown' : `${name}:${version}`;
}
