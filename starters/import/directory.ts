/** People and groups of the draft, from the identities that Azure DevOps names as approvers. */
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { IdentityBody, ImportApi } from './azure-devops-rest.ts';
import { permissions, type Refused } from './inventory.ts';
import { placeholder } from './placeholder.ts';

export interface DraftPerson {
  id: string;
  aliases: string[];
}

/** Groups within groups are opened so far. */
const deepest = 5;

/** Asks for each identity once; names are those that the estate will have. */
export class Directory {
  readonly people: DraftPerson[] = [];
  readonly groups: Record<string, string[]> = {};
  readonly unmapped: { what: string; why: string }[] = [];
  readonly refused: Refused[] = [];
  readonly #api: Pick<ImportApi, 'descriptor' | 'user' | 'group' | 'members'>;
  readonly #named = new Map<string, Promise<string>>();

  constructor(api: Pick<ImportApi, 'descriptor' | 'user' | 'group' | 'members'>) {
    this.#api = api;
  }

  /** The name of an approver in the draft: a person's id, or a group's name. */
  async nameOf(identity: IdentityBody): Promise<string> {
    const known = this.#named.get(identity.id) ?? this.#resolve(identity);
    this.#named.set(identity.id, known);
    return await known;
  }

  isGroup(name: string): boolean {
    return Object.hasOwn(this.groups, name);
  }

  async #resolve(identity: IdentityBody): Promise<string> {
    const { id, displayName, uniqueName, isContainer } = identity;
    const shown = displayName || uniqueName || `identity ${id}`;
    if (isContainer !== true && uniqueName?.includes('@')) return this.#person(uniqueName, shown);
    const descriptor = await this.#asked(() => this.#api.descriptor(id));
    if (descriptor === null) return isContainer === true ? this.#group(shown, []) : this.#person(null, shown);
    if (!isGroupDescriptor(descriptor)) return await this.#personBehind(descriptor, shown);
    const group = displayName ? null : await this.#asked(() => this.#api.group(descriptor));
    return this.#group(group?.displayName ?? shown, await this.#membersOf(descriptor, group?.displayName ?? shown, 0));
  }

  async #membersOf(descriptor: string, shown: string, depth: number): Promise<string[]> {
    if (descriptor.startsWith('aadgp.')) {
      this.unmapped.push({ what: `group "${shown}"`, why: 'its members are kept by Entra ID, and Azure DevOps does not tell them' });
      return [];
    }
    const members = (await this.#asked(() => this.#api.members(descriptor))) ?? [];
    const found: string[] = [];
    for (const member of members) {
      if (!isGroupDescriptor(member)) found.push(await this.#personBehind(member, member));
      else if (depth >= deepest) this.unmapped.push({ what: `group "${shown}"`, why: `it holds groups within groups, more than ${deepest} deep` });
      else found.push(...await this.#membersOf(member, `${shown}, a group within it`, depth + 1));
    }
    return found;
  }

  async #personBehind(descriptor: string, shown: string): Promise<string> {
    const key = `descriptor ${descriptor}`;
    const known = this.#named.get(key) ?? this.#asked(() => this.#api.user(descriptor)).then((user) => this.#person(user?.principalName ?? user?.mailAddress ?? null, user?.displayName ?? shown));
    this.#named.set(key, known);
    return await known;
  }

  #person(signIn: string | null, shown: string): string {
    const same = signIn === null ? undefined : this.people.find(({ aliases }) => aliases.some((alias) => alias.toLowerCase() === signIn.toLowerCase()));
    if (same) return same.id;
    if (signIn === null) this.unmapped.push({ what: `approver "${shown}"`, why: 'its sign-in name could not be read' });
    const id = this.#free(nameFrom((signIn ?? shown).split('@')[0]!));
    this.people.push({ id, aliases: [signIn ?? placeholder(`the sign-in name of ${shown}`)] });
    return id;
  }

  #group(shown: string, members: readonly string[]): string {
    const name = this.#free(nameFrom(shown.replace(/^\[[^\]]*\]\\/, '')));
    this.groups[name] = members.length > 0 ? [...new Set(members)] : [placeholder(`canonical ids of the members of ${shown}`)];
    return name;
  }

  /** A name that nobody and no group has yet. */
  #free(wanted: string): string {
    const isTaken = (name: string): boolean => this.isGroup(name) || this.people.some(({ id }) => id === name);
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? wanted : `${wanted}-${count}`;
      if (!isTaken(name)) return name;
    }
  }

  /** Null where the sign-in may not, or there is none such any more. */
  async #asked<T>(read: () => Promise<T>): Promise<T | null> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || (error.type !== FailureType.Unauthorized && error.type !== FailureType.NotFound)) throw error;
      if (error.type === FailureType.Unauthorized && this.refused.length === 0) this.refused.push({ what: 'graph', permission: permissions.graph, reason: error.message });
      return null;
    }
  }
}

function isGroupDescriptor(descriptor: string): boolean {
  return descriptor.startsWith('vssgp.') || descriptor.startsWith('aadgp.');
}

function nameFrom(text: string): string {
  return text.trim().toLowerCase().replace(/[^a-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '') || 'unnamed';
}
