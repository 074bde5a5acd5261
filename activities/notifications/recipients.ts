/** Whom an event is for, in the words of a channel. */
import type { Estate } from '../estate/schema.ts';
import type { Addresses } from '../estate/notifications-schema.ts';

type Directory = Pick<Estate, 'people'> & { groups?: Record<string, readonly string[]>; addresses: Addresses };

/** Addresses on one channel of persons, groups and contacts, each once. A group without an address of its own stands for its members; a person's alias that is a mail address counts as one. */
export function addressesOf(to: readonly string[], on: 'mail' | 'slack', { people, groups = {}, addresses }: Directory): string[] {
  const found = to.flatMap((name): string[] => {
    const own = addresses[name]?.[on];
    if (own !== undefined) return [own];
    const members = Object.hasOwn(groups, name) ? groups[name]! : undefined;
    if (members) return addressesOf(members, on, { people, addresses });
    const alias = on === 'mail' ? people.find(({ id }) => id === name)?.aliases.find(isMail) : undefined;
    return alias === undefined ? [] : [alias];
  });
  return [...new Set(found)];
}

function isMail(alias: string): boolean {
  return /^[^\s@<>,;:"]+@[^\s@<>,;:"]+\.[^\s@<>,;:"]+$/.test(alias);
}
