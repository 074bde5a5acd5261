/** The estate's section `schedules`: what runs by itself, when, and for which circuits. What each field means: docs/schedules.md. */
import { z } from 'zod';
import { builtInSchedules, overlaps, periods, perTargetRunbooks, wholeRunbooks, type BuiltInSchedule } from '../../workflows/domain/schedules.ts';
import { severities } from '../../workflows/domain/vocabulary.ts';
import { isTimeZone } from '../calendar/local-time.ts';
import type { Complain, Path } from './complaints.ts';
import { calendarTimes, cron } from './cron.ts';
import { duration } from './durations.ts';
import { selectTargets } from './scheduled-targets.ts';
import type { Estate } from './schema.ts';

const text = z.string().min(1);
const list = <S extends z.ZodType>(item: S) => z.array(item, 'must be a list').min(1, 'must name at least one, or be left out');
const schedulable = [...wholeRunbooks, ...perTargetRunbooks];

const id = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be letters, digits and "-", at most 64, beginning with a letter');

const row = z.strictObject({
  runbook: z.string('must be the name of a runbook').refine((name) => schedulable.includes(name), `is no runbook that a schedule can start; it can start ${schedulable.join(', ')}`).optional(),
  description: text.max(150, 'must have at most 150 characters').optional(),
  every: duration.refine((ms) => ms >= 60_000, 'must be at least 1m').optional(),
  cron: cron.optional(),
  calendar: calendarTimes.optional(),
  timezone: z.string().refine(isTimeZone, 'is no time zone that is known here; use an IANA name such as Europe/Amsterdam').optional(),
  targets: z.strictObject({ plants: list(text).optional(), severities: list(z.enum(severities, `must be ${severities.join(', ')}`)).optional() }, 'must be {plants, severities}').optional(),
  oncePer: z.enum(periods, `must be ${periods.join(', ')}`).optional(),
  maxParallel: z.int('must be a whole number').min(1, 'must be 1 or more').max(50, 'must be at most 50').optional(),
  input: z.record(text, z.unknown(), 'must be the fields of the runbook\'s input').optional(),
  overlap: z.enum(overlaps, `must be ${overlaps.join(', ')}`).optional(),
  catchUp: duration.refine((ms) => ms >= 10_000, 'must be at least 10s').optional(),
  paused: z.boolean('must be true or false').optional(),
});

export const schedulesSchema = z.record(id, row).default({});
export type DeclaredSchedule = z.infer<typeof row>;

export function isBuiltIn(name: string): name is BuiltInSchedule {
  return (builtInSchedules as readonly string[]).includes(name);
}

/** A schedule must say what it starts and when, once; one that comes with the product may leave out both. */
export function checkSchedules(estate: Pick<Estate, 'plants' | 'schedules'>, complain: Complain): void {
  for (const [name, declared] of Object.entries(estate.schedules)) checkSchedule(estate, name, declared, complain);
}

function checkSchedule(estate: Pick<Estate, 'plants'>, name: string, declared: DeclaredSchedule, complain: Complain): void {
  const at = (...field: Path): Path => ['schedules', name, ...field];
  const { runbook, every, cron: expression, calendar, timezone, targets, oncePer } = declared;
  const times = (['every', 'cron', 'calendar'] as const).filter((field) => declared[field] !== undefined);
  if (times.length > 1) complain(at(times[1]!), `says once more when it runs, besides ${times[0]}; keep one of them`);
  if (times.length === 0 && !isBuiltIn(name)) complain(at(), 'does not say when it runs; give every, cron or calendar');
  if (timezone !== undefined && expression === undefined && calendar === undefined) complain(at('timezone'), every === undefined ? 'belongs to a cron or a calendar, which this schedule has none of' : 'means nothing for "every"; leave it out, or give a cron or a calendar');
  if (isBuiltIn(name) && runbook !== undefined && runbook !== name) complain(at('runbook'), `the schedule ${name} comes with Holdpoint and starts ${name}; choose another name for this one`);
  if (runbook === undefined && !isBuiltIn(name)) return complain(at(), `does not say what it starts; give runbook, one of ${schedulable.join(', ')}`);

  if (runbook === undefined || !perTargetRunbooks.includes(runbook)) {
    for (const field of ['targets', 'oncePer', 'maxParallel'] as const) {
      if (declared[field] !== undefined) complain(at(field), `means nothing for ${runbook ?? name}, which is not started for one circuit after the other; it belongs to ${perTargetRunbooks.join(', ')}`);
    }
    return;
  }
  if (oncePer === undefined) complain(at(), `does not say how often a circuit's turn is at most; give oncePer: ${periods.join(', ')}`);
  targets?.plants?.forEach((plant, index) => {
    if (!Object.hasOwn(estate.plants, plant)) complain(at('targets', 'plants', index), `there is no plant ${plant}; known are ${Object.keys(estate.plants).join(', ')}`);
  });
  if (selectTargets(estate, { plants: targets?.plants ?? null, severities: targets?.severities ?? null }).length === 0) complain(at('targets'), 'selects no circuit of the estate');
}
