/** What the estate's freezes say about an action: pure, and as activities. */
import { ApplicationFailure } from '@temporalio/common';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { unreadable, type FreezeQuestion, type FreezeStanding, type FreezeWindow } from '../../workflows/domain/freeze.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import { closedUntil, nextClosed, nextOpen } from '../calendar/closed-times.ts';
import { readEstate } from './estate-file.ts';
import { concerns, timeOf, type DeclaredFreeze } from './freeze-schema.ts';
import { peopleBehind } from './names.ts';
import type { Estate } from './schema.ts';
import { notYet } from '../not-yet.ts';

type Freezing = Pick<Estate, 'freezes' | 'groups' | 'escalation'>;

/** Time between two looks at the estate of a run that is held: milliseconds. */
const lookEveryMs = 60_000;

/** Those that could ever hold the action: of its environment, and of one of its circuits, or of no circuit in particular. */
export function freezesOf({ freezes }: Pick<Freezing, 'freezes'>, { targets, action, environment }: FreezeQuestion): DeclaredFreeze[] {
  const isMeant = (named: string): boolean => targets.some((target) => named === target.plant || named === targetLabel(target));
  return freezes.filter((each) => concerns(each, action, environment) && (each.targets === undefined || each.targets.some(isMeant)));
}

/** How it stands at an ISO instant; null where no freeze could ever hold the action. */
export function freezeStanding(estate: Freezing, question: FreezeQuestion, at: string): FreezeStanding | null {
  const declared = freezesOf(estate, question);
  if (declared.length === 0) return null;
  const instant = Date.parse(at);
  const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
  const inForce = declared.filter((each) => closedUntil(timeOf(each), instant) !== null);
  const next = declared.filter((each) => !inForce.includes(each)).flatMap((each) => nextClosed(timeOf(each), instant)?.from ?? []);
  const allowed = inForce.map(({ mayOverride }) => peopleBehind(estate, mayOverride));
  return {
    inForce: inForce.map((each) => ({ name: each.name, reason: each.reason, until: iso(nextOpen([timeOf(each)], instant)) })),
    opensAt: inForce.length === 0 ? null : iso(nextOpen(declared.map(timeOf), instant)),
    closesAt: next.length === 0 ? null : iso(Math.min(...next)),
    mayOverride: (allowed[0] ?? []).filter((person) => allowed.every((people) => people.includes(person))),
    digest: digestOf(estate, question),
  };
}

/** The windows of a freeze that end after an instant and begin within so many milliseconds of it; at most so many of each. */
export function windowsOf(each: DeclaredFreeze, instant: number, withinMs: number, most = 1): FreezeWindow[] {
  const windows: FreezeWindow[] = [];
  const time = timeOf(each);
  const current = closedUntil(time, instant);
  const name = each.name;
  if (current !== null) windows.push({ name, from: new Date(instant).toISOString(), until: new Date(current).toISOString() });
  for (let next = nextClosed(time, instant); next !== null && windows.length < most && next.from - instant <= withinMs; next = nextClosed(time, next.from)) {
    windows.push({ name, from: new Date(next.from).toISOString(), until: new Date(next.until).toISOString() });
  }
  return windows;
}

/** The window of each freeze that goes on at an ISO instant or begins within 30 days of it, the soonest first: for a card. */
export function upcomingFreezes(estate: Freezing, question: FreezeQuestion, at: string): FreezeWindow[] {
  return freezesOf(estate, question).flatMap((each) => windowsOf(each, Date.parse(at), 30 * 86_400_000)).sort((one, other) => (one.from < other.from ? -1 : 1));
}

function digestOf(estate: Freezing, question: FreezeQuestion): string {
  return jsonDigest(freezesOf(estate, question).map((each) => ({ ...each, mayOverride: peopleBehind(estate, each.mayOverride) })));
}

/** Reads the standing. An estate that is broken just now holds what it might have held, instead of failing a run that people have approved. */
export function freezeReader(estateFile: string): (question: FreezeQuestion, at: string) => Promise<FreezeStanding | null> {
  return async (question, at) => {
    try {
      return freezeStanding(await readEstate(estateFile), question, at);
    } catch (error) {
      if (isInvalid(error)) return unreadable(error.message.split('\n')[0]!.slice(0, 200));
      throw error;
    }
  };
}

/** @param options.lookEveryMs Time between two looks of a run that is held: 1 min. */
export const createFreezeActivities = ({ estateFile, ...options }: { estateFile: string; lookEveryMs?: number }) => ({
  /**
   * Says whether a freeze holds an action at an instant, and when it opens. Null: no freeze could ever hold it.
   *
   * Safe to retry because it only reads, and the instant is the caller's.
   */
  readFreeze: async ({ at, ...question }: FreezeQuestion & { at: string }): Promise<{ standing: FreezeStanding | null }> => ({ standing: await freezeReader(estateFile)(question, at) }),

  /**
   * Waits by failing until the estate's word on an action is another than the caller knows, whatever the time: freezes that were lifted, moved or declared.
   *
   * Safe to retry because it only reads.
   *
   * @throws StillWatching (retried)
   */
  awaitFreezeChange: async ({ known, ...question }: FreezeQuestion & { known: string }): Promise<{ digest: string }> => {
    const found = await readEstate(estateFile).then((estate) => digestOf(estate, question), (error: unknown) => {
      if (isInvalid(error)) return known; // nobody knows better: it stays as it is
      throw error;
    });
    if (found !== known) return { digest: found };
    throw notYet(FailureType.StillWatching, 'the freezes are as they were', options.lookEveryMs ?? lookEveryMs);
  },
});

function isInvalid(error: unknown): error is ApplicationFailure {
  return error instanceof ApplicationFailure && error.type === FailureType.EstateInvalid;
}
