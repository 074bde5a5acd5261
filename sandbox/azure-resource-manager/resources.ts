import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../core/clock.ts';
import type { Store } from '../core/store.ts';

const COLLECTION = 'arm-resources';

/** A resource as Azure Resource Manager shows it; properties are kept as they were sent, known or not. */
export interface ArmResource {
  id: string;
  name: string;
  type: string;
  location?: string;
  /** Only of resources with a location; assets and jobs carry theirs in the properties. */
  tags?: Record<string, string>;
  properties: Record<string, unknown>;
  systemData: SystemData;
  /** Other top-level members that a write may carry: identity, kind, sku. */
  [member: string]: unknown;
}

interface SystemData {
  createdAt: string;
  createdBy: string;
  createdByType: 'Application';
  lastModifiedAt: string;
}

/** What a PUT sends. */
export interface ArmBody {
  location?: string;
  tags?: Record<string, string> | null;
  properties?: Record<string, unknown>;
  [member: string]: unknown;
}

/** What the service alone sets: ignored when a write carries it. */
const READ_ONLY_MEMBERS = ['id', 'name', 'type', 'systemData'];
const READ_ONLY_PROPERTIES = ['provisioningState', 'scoringUri', 'swaggerUri', 'status', 'services', 'latestVersion', 'nextVersion'];

/** The resources of the subscription, by id. */
export class Resources {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(id: string): ArmResource | undefined {
    return this.#store.get<ArmResource>(COLLECTION, id);
  }

  /** The direct children of one kind, in the order of their creation: `children('…/workspaces/w', 'jobs')`. */
  children(parentId: string, kind: string): ArmResource[] {
    const prefix = `${parentId}/${kind}/`;
    return this.#store.list<ArmResource>(COLLECTION, prefix).filter(({ id }) => !id.slice(prefix.length).includes('/'));
  }

  /** Creates or replaces a resource from what a PUT sent; `set` holds the properties that the service sets. */
  write(id: string, body: ArmBody, set: Record<string, unknown> = {}): ArmResource {
    const now = this.#clock.iso();
    const { properties, tags, ...members } = definitionOf(body);
    const resource = {
      ...members,
      ...(members.location === undefined ? {} : { tags }),
      id,
      name: id.slice(id.lastIndexOf('/') + 1),
      type: typeOf(id),
      properties: { ...properties, ...set },
      systemData: {
        createdAt: this.get(id)?.systemData.createdAt ?? now,
        createdBy: 'sandbox',
        createdByType: 'Application',
        lastModifiedAt: now,
      },
    } satisfies ArmResource;
    this.#store.put(COLLECTION, id, resource);
    return resource;
  }

  /** Changes properties that the service sets; nothing happens when the resource is gone. */
  set(id: string, properties: Record<string, unknown>): void {
    const resource = this.get(id);
    if (resource) this.#store.put(COLLECTION, id, { ...resource, properties: { ...resource.properties, ...properties } });
  }

  /** Removes a resource and everything below it. */
  delete(id: string): void {
    for (const { id: below } of this.#store.list<ArmResource>(COLLECTION, `${id}/`)) this.#store.delete(COLLECTION, below);
    this.#store.delete(COLLECTION, id);
  }
}

/** What a client decides of a resource: a write or a resource without the parts that the service sets. */
export function definitionOf(body: ArmBody): ArmBody & { tags: Record<string, string>; properties: Record<string, unknown> } {
  const { tags, properties, ...members } = body;
  return { ...without(members, READ_ONLY_MEMBERS), tags: tags ?? {}, properties: without(properties ?? {}, READ_ONLY_PROPERTIES) };
}

/** Whether two writes ask for the same; the properties in `ignoring`, and with `'tags'` the tags, may differ. */
export function sameDefinition(one: ArmBody, other: ArmBody, ignoring: string[] = []): boolean {
  const reduced = (body: ArmBody) => {
    const { tags, properties, ...members } = definitionOf(body);
    return { ...members, tags: ignoring.includes('tags') ? {} : tags, properties: without(properties, ignoring) };
  };
  return isDeepStrictEqual(reduced(one), reduced(other));
}

function without(object: Record<string, unknown>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** `Microsoft.MachineLearningServices/workspaces/jobs` of `…/providers/Microsoft.MachineLearningServices/workspaces/w/jobs/j`. */
function typeOf(id: string): string {
  const [provider, ...segments] = id.slice(id.indexOf('/providers/') + '/providers/'.length).split('/');
  return [provider, ...segments.filter((_segment, index) => index % 2 === 0)].join('/');
}
