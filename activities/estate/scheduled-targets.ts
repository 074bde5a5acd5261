/** For which circuits a schedule starts its runbook, and since when they count as done. */
import type { Period, ScheduledTargets, TargetSelection } from '../../workflows/domain/schedules.ts';
import { severities, type Target } from '../../workflows/domain/vocabulary.ts';
import { localDay, startOfDate } from '../calendar/local-time.ts';
import { allTargets } from './circuits.ts';
import { severityOf } from './effective-gates.ts';
import type { Estate } from './schema.ts';

const dayMs = 86_400_000;

/** Those of the plants and severities that are named, the most critical first, else in the estate's order. */
export function selectTargets(estate: Pick<Estate, 'plants'>, { plants, severities: wanted }: TargetSelection): Target[] {
  const severity = ({ plant, circuit }: Target) => severityOf(estate.plants[plant]!, estate.plants[plant]!.circuits[circuit]!);
  const selected = allTargets(estate).filter((target) => (plants?.includes(target.plant) ?? true) && (wanted?.includes(severity(target)) ?? true));
  const rank = new Map(selected.map((target) => [target, severities.indexOf(severity(target))]));
  return selected.sort((one, other) => rank.get(one)! - rank.get(other)!);
}

/** The period around an instant, by the wall clock of the time zone. */
export function periodAround(at: string, oncePer: Period, timezone: string): Pick<ScheduledTargets, 'period' | 'periodId' | 'since'> {
  const day = localDay(Date.parse(at), timezone);
  const date = new Date(day * dayMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const iso = (first: Date): string => first.toISOString().slice(0, 10);
  const firstDays: Record<Period, string> = {
    day: iso(date),
    week: iso(new Date((day - ((date.getUTCDay() + 6) % 7)) * dayMs)),
    month: iso(new Date(Date.UTC(year, month, 1))),
    quarter: iso(new Date(Date.UTC(year, month - (month % 3), 1))),
    year: iso(new Date(Date.UTC(year, 0, 1))),
  };
  const first = firstDays[oncePer];
  const names: Record<Period, string> = { day: first, week: `the week of ${first}`, month: first.slice(0, 7), quarter: `${year}-Q${Math.floor(month / 3) + 1}`, year: String(year) };
  const periodId = oncePer === 'week' ? isoWeek(day) : names[oncePer];
  return { period: names[oncePer], periodId, since: new Date(startOfDate(first, timezone)).toISOString() };
}

/** Such as `2026-W47`: of the year that its Thursday is in. A day's name would be that of the daily schedule's run on its Monday. */
function isoWeek(day: number): string {
  const thursday = day - ((new Date(day * dayMs).getUTCDay() + 6) % 7) + 3;
  const year = new Date(thursday * dayMs).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(year, 0, 1) / dayMs) / 7) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}
