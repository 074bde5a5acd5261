/** The section `freezes` of the estate file: times in which nothing that they name may be changed. What each field means: docs/freezes.md. */
import { z } from 'zod';
import { freezeActions, freezeEnvironments, type FreezeAction, type FreezeEnvironment } from '../../workflows/domain/freeze.ts';
import { instantOf, isTimeZone, startOfDate } from '../calendar/local-time.ts';
import { Recurrence, type Span } from '../calendar/recurrence.ts';
import type { ClosedTime } from '../calendar/closed-times.ts';
import { date } from './calendar-schema.ts';
import type { Complain, Path } from './complaints.ts';
import { dateOrInstant } from './people-schema.ts';

const text = z.string().min(1);
const actions = Object.keys(freezeActions) as [FreezeAction, ...FreezeAction[]];
const someOf = <const T extends readonly [string, ...string[]]>(names: T) => z.array(z.enum(names, `must be ${names.join(', ')}`)).min(1, 'must name at least one, or be left out');

/** Longer than this is no window any more. */
const longestDays = 366;

const inWords = 'must be a length such as "15d" (days of the calendar, also where the clock is changed), "36h" or "90m"';
const span = z
  .string(inWords)
  .regex(/^[1-9]\d*(d|h|m)$/, inWords)
  .transform((value): Span => {
    const count = Number(value.slice(0, -1));
    return value.endsWith('d') ? { days: count, ms: 0 } : { days: 0, ms: count * (value.endsWith('h') ? 3_600_000 : 60_000) };
  })
  .refine(({ days, ms }) => days + ms / 86_400_000 <= longestDays, `must be ${longestDays} days at most`);

const rule = z.string('must be a text of lines such as RRULE:FREQ=YEARLY').superRefine((value, context) => {
  try {
    Recurrence.parse(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
});

const freeze = z.strictObject({
  name: text.max(60),
  reason: text.max(300),
  environments: someOf(freezeEnvironments).default([...freezeEnvironments]),
  /** Left out: all that take place in the environments. */
  actions: someOf(actions).optional(),
  /** Plants, and circuits as `P001/C001`. */
  targets: z.array(text).min(1, 'must name at least one, or be left out').optional(),
  rule: rule.optional(),
  duration: span.optional(),
  from: dateOrInstant.optional(),
  until: dateOrInstant.optional(),
  timezone: z.string().refine(isTimeZone, 'is no time zone that is known here; use an IANA name such as America/Los_Angeles').default('UTC'),
  mayOverride: z.array(text).default([]),
});

export const freezesSchema = z.array(freeze).default([]);
export type DeclaredFreeze = z.infer<typeof freeze>;

/** Whether it concerns an action, where that takes place, or in one of the environments where it may. A pipeline's stage has no target: a freeze of some targets never concerns it. */
export function concerns({ environments, actions: named, targets }: Pick<DeclaredFreeze, 'environments' | 'actions' | 'targets'>, action: FreezeAction, environment?: FreezeEnvironment): boolean {
  if (action === 'pipelineStage' && targets !== undefined) return false;
  const places: readonly FreezeEnvironment[] = environment === undefined ? freezeActions[action] : [environment];
  return places.some((place) => environments.includes(place)) && (named?.includes(action) ?? true);
}

/** When it holds. A date lasts from its first to its last moment in the freeze's time zone. */
export function timeOf({ rule: recurrence, duration, from, until, timezone }: DeclaredFreeze): ClosedTime {
  if (recurrence !== undefined && duration !== undefined) return { rule: recurrence, lasts: duration };
  const begin = (value: string): number => (date.safeParse(value).success ? startOfDate(value, timezone) : Date.parse(value));
  const end = (value: string): number => (date.safeParse(value).success ? instantOf(Date.parse(`${value}T00:00:00Z`) + 86_400_000, timezone) : Date.parse(value));
  return { from: begin(from!), until: end(until!) };
}

interface Named {
  people: { id: string }[];
  groups: object;
  escalation: object;
  plants: Record<string, { circuits: object }>;
  freezes: DeclaredFreeze[];
}

/** Each holds something, at a time that there is, and whoever may override it exists. */
export function checkFreezes({ people, groups, escalation, plants, freezes }: Named, complain: Complain): void {
  freezes.forEach((each, index) => {
    const path: Path = ['freezes', index];
    if (freezes.findIndex(({ name }) => name === each.name) < index) complain([...path, 'name'], `"${each.name}" is the name of an earlier freeze; each needs its own, for an override names it`);
    each.actions?.forEach((action, position) => {
      if (!concerns({ environments: each.environments }, action)) complain([...path, 'actions', position], `${action} takes place in ${freezeActions[action].join(' or ')}, which is none of the freeze's environments; add it there, or take ${action} out`);
    });
    if (each.targets !== undefined && each.actions?.length === 1 && each.actions[0] === 'pipelineStage') complain([...path, 'targets'], 'a pipeline\'s stage has no plant or circuit: leave the targets out, or the freeze holds nothing');
    each.targets?.forEach((target, position) => {
      const [plant = '', circuit] = target.split('/');
      const known = Object.hasOwn(plants, plant) && (circuit === undefined || Object.hasOwn(plants[plant]!.circuits, circuit));
      if (!known) complain([...path, 'targets', position], `there is no plant or circuit "${target}"; a circuit is P001/C001`);
    });
    each.mayOverride.forEach((name, position) => {
      if (!people.some(({ id }) => id === name) && !Object.hasOwn(groups, name) && !Object.hasOwn(escalation, name)) complain([...path, 'mayOverride', position], `"${name}" is nobody in people, nor a group or contact; add the person or the group, or use the canonical id`);
    });
    checkTime(each, path, complain);
  });
}

function checkTime(each: DeclaredFreeze, path: Path, complain: Complain): void {
  const isRepeated = each.rule !== undefined || each.duration !== undefined;
  const isOnce = each.from !== undefined || each.until !== undefined;
  if (isRepeated === isOnce) return complain([...path, isRepeated ? 'from' : 'name'], 'needs either rule and duration, or from and until');
  if (isRepeated && each.rule === undefined) return complain([...path, 'duration'], 'belongs to a rule, which is missing');
  if (isRepeated && each.duration === undefined) return complain([...path, 'rule'], 'needs a duration beside it, such as duration: 15d');
  if (isRepeated) return;
  if (each.from === undefined || each.until === undefined) return complain([...path, each.from === undefined ? 'until' : 'from'], `needs ${each.from === undefined ? 'from' : 'until'} beside it`);
  const { from, until } = timeOf(each) as { from: number; until: number };
  if (from >= until) complain([...path, 'until'], 'must be later than "from"');
}
