/** Writing the environment of one deployment, and putting it back. */
import type { LockToken } from '../blocks/resource-lock.ts';
import type { Run } from '../blocks/run.ts';
import { environmentReference, type EnvironmentDefinition, type FleetMember } from '../domain/environment.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { DeploymentSnapshot } from '../domain/release.ts';
import { deployToProduction, restoreProduction } from '../releases/release-activities.ts';

/** What is known of a deployment that the update has come to. */
export interface Touched {
  member: FleetMember;
  /** The definition as it was; what is put back. */
  before: DeploymentSnapshot;
  /** Whether the new environment was read back. */
  verified: boolean;
}

export class DeploymentEnvironment {
  readonly #run: Run;
  readonly #policy: TargetPolicy;
  readonly #version: string;
  readonly #reference: string;

  constructor(run: Run, policy: TargetPolicy, environment: EnvironmentDefinition) {
    this.#run = run;
    this.#policy = policy;
    this.#version = `${environment.name}:${environment.version}`;
    this.#reference = environmentReference(environment);
  }

  /** Writes the definition in full, but for the environment and three tags as it was, and reads it back. */
  async write({ member, before }: Touched, model: string, lock: LockToken | undefined): Promise<void> {
    const { label, endpoint, deployment } = member;
    const { inference, location, workspaces } = this.#policy;
    await deployToProduction({
      key: this.#run.key(`update ${label}`), workspace: workspaces.production, endpoint, deployment, before, template: { inference, location }, model,
      environment: this.#reference,
      tags: { environment: this.#version, previous_environment: environmentOf(before), run: this.#run.signature },
      ...(lock && { lock }),
    });
    this.#run.effect({ step: 'production environment', what: `${label} ${this.#version}`, platform: 'azure-ml', resource: this.#resource(member), before: environmentOf(before), after: this.#version });
  }

  /** Puts the definition back over this run's own write, and nothing else. Answers who has changed it meanwhile; null: nobody. */
  async restore({ member, before, verified }: Touched, lock: LockToken | undefined): Promise<{ changedBy: string | null; wasWritten: boolean }> {
    const { label, endpoint, deployment } = member;
    const { settleMs, workspaces } = this.#policy;
    // Only of a write that nobody saw arrive a late arrival is looked for.
    const { state, found } = await restoreProduction({ key: this.#run.key(`restore ${label}`), workspace: workspaces.production, endpoint, deployment, before, run: this.#run.signature, settleMs: verified ? 0 : settleMs, ...(lock && { lock }) });
    if (state === 'changedByHand') return { changedBy: found.tags['run'] ?? 'hand', wasWritten: verified };
    if (state === 'restored') this.#run.effect({ step: 'restore production', what: `put back ${environmentOf(before)}`, platform: 'azure-ml', resource: this.#resource(member), before: this.#version, after: environmentOf(before) });
    return { changedBy: null, wasWritten: state === 'restored' };
  }

  #resource({ endpoint, deployment }: FleetMember): string {
    return `${this.#policy.workspaces.production.workspace}/${endpoint}/${deployment}`;
  }
}

/** `<name>:<version>` of the environment that a deployment scores in. */
function environmentOf({ definition }: DeploymentSnapshot): string {
  const { environmentId } = (definition?.['properties'] ?? {}) as { environmentId?: unknown };
  const [, name, version] = /\/environments\/([^/]+)\/versions\/([^/]+)$/.exec(typeof environmentId === 'string' ? environmentId : '') ?? [];
  return name === undefined || version === undefined ? 'unknown' : `${name}:${version}`;
}
