/** Names in the estate file: people by their canonical id, groups, and contacts of the escalation path. */
import { instantOf, startOfDate } from '../calendar/local-time.ts';
import type { Calendar } from '../calendar/calendar.ts';
import type { Delegation, Group } from '../../workflows/domain/policy.ts';
import type { Estate } from './schema.ts';

type Names = Pick<Estate, 'people' | 'groups' | 'escalation'>;

/** Canonical ids behind names of people, groups and contacts, each once, in the order of the names and of the groups. */
export function peopleBehind({ groups, escalation }: Pick<Names, 'groups' | 'escalation'>, names: readonly string[]): string[] {
  const behind = names.flatMap((name) => {
    const meant = Object.hasOwn(escalation, name) ? escalation[name]! : name;
    return Object.hasOwn(groups, meant) ? groups[meant]! : [meant];
  });
  return [...new Set(behind)];
}

/** The groups and contacts among these names, with whom they stand for. */
export function groupsAmong(estate: Pick<Names, 'groups' | 'escalation'>, names: readonly string[]): Group[] {
  return [...new Set(names)].filter((name) => Object.hasOwn(estate.groups, name) || Object.hasOwn(estate.escalation, name)).map((name) => ({ name, members: peopleBehind(estate, [name]) }));
}

/** Who answers for these people, and when. */
export function delegationsOf(estate: Pick<Estate, 'people' | 'calendars'>, ids: readonly string[]): Delegation[] {
  return estate.people
    .filter(({ id }) => ids.includes(id))
    .flatMap((person) => person.absences.map((absence) => ({ from: person.id, to: absence.delegate, ...absenceBetween(estate, person, absence) })));
}

/** First and last instant of an absence. Dates are those of the person's calendar, or UTC; the last date is included. */
export function absenceBetween({ calendars }: Pick<Estate, 'calendars'>, { calendar }: Pick<Estate['people'][number], 'calendar'>, { from, until }: { from: string; until: string }): { since: string; until: string } {
  const timezone = calendar !== null && Object.hasOwn(calendars, calendar) ? calendars[calendar]!.timezone : 'UTC';
  const instant = (text: string, days: number): string => new Date(text.includes('T') ? Date.parse(text) : days === 0 ? startOfDate(text, timezone) : instantOf(Date.parse(`${text}T00:00:00Z`) + days * 86_400_000, timezone)).toISOString();
  return { since: instant(from, 0), until: instant(until, 1) };
}

/** The calendars by which these people work; null when one of them has none and so is always at work, or when none of them is known. */
export function calendarsOf({ people, calendars }: Pick<Estate, 'people' | 'calendars'>, ids: readonly string[]): Calendar[] | null {
  const names = people.filter(({ id }) => ids.includes(id)).map(({ calendar }) => calendar);
  if (names.length === 0 || names.includes(null)) return null;
  return [...new Set(names)].map((name) => calendars[name!]!);
}
