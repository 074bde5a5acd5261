/** Whom an event is for, in the words of a channel. */
import type { Estate } from '../estate/schema.ts';
import type { Addresses } from '../estate/notifications-schema.ts';

type Directory = Pick<Estate, 'people' | 'groups' | 'escalation'> & { addresses: Addresses };

const aliasOn = {
  mail: (alias: string): string | undefined => (/^[^\s@<>,;:"]+@[^\s@<>,;:"]+\.[^\s@<>,;:"]+$/.test(alias) ? alias : undefined),
  /** Alone, or behind the id of the workspace. */
  slack: (alias: string): string | undefined => /^(?:T[A-Z0-9]+\/)?([UW][A-Z0-9]{5,})$/.exec(alias)?.[1],
};

/**
 * Addresses on one channel of persons, groups and contacts, each once. A contact or a group without an address of its own stands for whoever it names; of a person, an alias that is
 * such an address counts as one.
 */
export function addressesOf(to: readonly string[], on: 'mail' | 'slack', directory: Directory): string[] {
  const { people, groups, escalation, addresses } = directory;
  const found = to.flatMap((name): string[] => {
    const own = Object.hasOwn(addresses, name) ? addresses[name]![on] : undefined;
    if (own !== undefined) return [own];
    if (Object.hasOwn(escalation, name)) return addressesOf([escalation[name]!], on, { ...directory, escalation: {} });
    if (Object.hasOwn(groups, name)) return addressesOf(groups[name]!, on, { ...directory, escalation: {}, groups: {} });
    return people.find(({ id }) => id === name)?.aliases.flatMap((alias) => aliasOn[on](alias) ?? []).slice(0, 1) ?? [];
  });
  return [...new Set(found)];
}
