import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { guidOf, identityOf } from '../identity.ts';

const name = z.string().min(1);
const variables = z.record(z.string(), z.object({ value: z.string(), isSecret: z.boolean().default(false) })).default({});
/** A unique name such as `dana@example.com`, or the name of a group of this inventory. */
const approvers = z.array(name).default([]);

const stageSchema = z.strictObject({
  name,
  approvers,
  requiredApproverCount: z.int().min(0).default(0),
  releaseCreatorCanBeApprover: z.boolean().default(true),
  timeoutInMinutes: z.int().min(0).default(0),
  inSequence: z.boolean().default(false),
  postApprovers: approvers,
  variables,
});

/** The body of `POST /_sandbox/organisation`: what a project has besides its repository, in few words; the API shows it in Azure DevOps' own. */
export const inventorySchema = z.strictObject({
  /** Entries on one page of a list, whatever the client wishes. */
  pageSize: z.int().min(1).default(1000),
  /** With `yaml` the pipeline's file is in the repository; without it, it is of the classic editor. */
  pipelines: z.array(z.strictObject({ name, yaml: z.string().optional(), repositoryType: z.string().default('TfsGit'), variables })).default([]),
  releases: z.array(z.strictObject({ name, pipeline: name.optional(), variables, stages: z.array(stageSchema).min(1) })).default([]),
  environments: z
    .array(z.strictObject({
      name,
      approval: z.strictObject({ approvers, minRequiredApprovers: z.int().min(0).default(0), requesterCannotBeApprover: z.boolean().default(false), executionOrder: z.enum(['anyOrder', 'inSequence']).default('anyOrder'), instructions: z.string().default(''), blocked: approvers, timeout: z.int().min(1).default(43_200) }).optional(),
      otherChecks: z.array(z.strictObject({ type: z.strictObject({ id: z.guid(), name }), settings: z.record(z.string(), z.unknown()).default({}) })).default([]),
    }))
    .default([]),
  connections: z.array(z.strictObject({ name, type: name, data: z.record(z.string(), z.string()).default({}) })).default([]),
  variableGroups: z.array(z.strictObject({ name, variables })).default([]),
  policies: z.array(z.strictObject({ type: z.strictObject({ id: z.guid(), displayName: name }), settings: z.record(z.string(), z.unknown()) })).default([]),
  /** Members are people, or groups of this list. Those of a group of Entra ID are not told. */
  groups: z.array(z.strictObject({ name, isEntra: z.boolean().default(false), members: z.array(name).default([]) })).default([]),
});

export type Inventory = z.infer<typeof inventorySchema>;
export type ReleaseStage = z.infer<typeof stageSchema>;

const INVENTORY = 'organisation';

/** What a project has to tell an import; nothing until a test or a demo has ordered it. */
export class Organisation {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get inventory(): Inventory {
    return this.#store.get<Inventory>(INVENTORY, 'inventory') ?? inventorySchema.parse({});
  }

  /** Also makes its environments, with their checks, and its service connections where the other parts of the stand-in look for them. */
  order(inventory: Inventory, environmentOf: (name: string) => number): void {
    this.#store.put(INVENTORY, 'inventory', inventory);
    for (const { name: environment, approval, otherChecks } of inventory.environments) {
      const id = environmentOf(environment);
      if (approval) {
        const { approvers: people, blocked, timeout, ...settings } = approval;
        const idsOf = (names: string[]) => names.map((each) => ({ displayName: null, id: this.identity(each).id }));
        this.#check(id, { type: { id: '8c6f20a7-a545-4486-9777-f762fafe0d4d', name: 'Approval' }, settings: { ...settings, approvers: idsOf(people), blockedApprovers: idsOf(blocked), definitionRef: { id: '26014962-64a0-49f4-885b-4b874119a5cc' } }, timeout });
      }
      for (const check of otherChecks) this.#check(id, { ...check, timeout: 1440 });
    }
    for (const { name: connection, type, data } of inventory.connections) {
      const id = guidOf(`connection:${connection}`);
      this.#store.put('service-connections', id, { id, name: connection, type, url: 'https://management.azure.com/', data, authorization: { scheme: 'WorkloadIdentityFederation', parameters: {} }, serviceEndpointProjectReferences: [] });
    }
  }

  /** A person or a group, as it is referred to. */
  identity(known: string): { id: string; displayName: string; uniqueName: string; descriptor: string; isContainer: boolean } {
    const group = this.inventory.groups.find((each) => each.name === known);
    if (!group) return { ...identityOf(known), isContainer: false };
    const id = guidOf(`group:${group.name}`);
    return { id, displayName: group.name, uniqueName: `vstfs:///Framework/Group/${id}`, descriptor: `${group.isEntra ? 'aadgp' : 'vssgp'}.${Buffer.from(id).toString('base64url')}`, isContainer: true };
  }

  /** Everybody who is named anywhere. */
  identities(): ReturnType<Organisation['identity']>[] {
    const { environments, releases, groups, policies } = this.inventory;
    const names = [
      ...environments.flatMap(({ approval }) => [...(approval?.approvers ?? []), ...(approval?.blocked ?? [])]),
      ...releases.flatMap(({ stages }) => stages.flatMap((stage) => [...stage.approvers, ...stage.postApprovers])),
      ...groups.flatMap((group) => [group.name, ...group.members]),
      ...policies.flatMap(({ settings }) => (settings['reviewers'] as string[] | undefined) ?? []),
    ];
    return [...new Set(names)].map((each) => this.identity(each));
  }

  #check(environmentId: number, check: object): void {
    const id = this.#store.next('check-configurations');
    const at = this.#clock.iso();
    this.#store.put('check-configurations', String(id), { id, version: 1, createdOn: at, modifiedOn: at, resource: { type: 'environment', id: String(environmentId) }, ...check });
  }
}
