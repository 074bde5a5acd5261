import { readEstate } from '../../../activities/estate/estate-file.ts';
import { freezesOf, windowsOf } from '../../../activities/estate/freezes.ts';
import { concerns, type DeclaredFreeze } from '../../../activities/estate/freeze-schema.ts';
import type { Estate } from '../../../activities/estate/schema.ts';
import { readEstateConfiguration } from '../../../workers/configuration.ts';
import { freezeActions, type FreezeAction } from '../../../workflows/domain/freeze.ts';
import { nearestTargets } from '../../now/named-target.ts';
import { configured } from '../configured.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { instant, print, printJson, table } from '../output.ts';
import { readingEstate } from '../estate-reading.ts';
import type { FreezesCommandOptions } from '../command-options.ts';

/** How far ahead windows are looked for: milliseconds. */
const aheadMs = 2 * 366 * 86_400_000;

/** Shows the estate's freezes with their next windows; asks neither Temporal nor a platform. */
export async function freezes(named: string | undefined, { at, json }: FreezesCommandOptions): Promise<void> {
  const { estateFile } = configured(() => readEstateConfiguration(), 'The freezes are declared in the estate file.');
  const estate = await readingEstate(() => readEstate(estateFile));
  const when = instantOf(at);
  const target = named === undefined ? undefined : knownIn(estate, named, estateFile);
  const declared = target === undefined ? estate.freezes : estate.freezes.filter((each) => isMeant(each, target));
  const seen = declared.map((each) => {
    const windows = windowsOf(each, when, aheadMs, 3);
    const isInForce = windows[0] !== undefined && Date.parse(windows[0].from) <= when;
    const actions = (Object.keys(freezeActions) as FreezeAction[]).filter((action) => concerns(each, action));
    return { name: each.name, reason: each.reason, actions, targets: each.targets ?? null, mayOverride: each.mayOverride, isInForce, windows };
  });
  if (json) return printJson(seen);
  if (seen.length === 0) return print(target === undefined ? 'The estate declares no freezes.' : `No freeze of the estate concerns ${target}.`);
  print(table(['freeze', 'holds', 'of', `at ${instant(new Date(when))}`, 'then', 'why'], seen.map(({ name, reason, actions, targets, isInForce, windows }) => {
    const [first, second] = windows;
    const now = isInForce ? `frozen until ${instant(first!.until)}` : 'open';
    const next = isInForce ? second : first;
    return [name, actions.join(', '), targets?.join(', ') ?? 'all', now, next === undefined ? '' : `${instant(next.from)} to ${instant(next.until)}`, reason];
  })));
}

/** A plant, or a circuit as `P001/C001`: of one that does not exist it would be true, and of no use, that nothing is frozen. */
function knownIn(estate: Estate, named: string, estateFile: string): string {
  const label = named.trim().replace(':', '/');
  const [plant = '', circuit] = label.split('/');
  if (Object.hasOwn(estate.plants, plant) && (circuit === undefined || Object.hasOwn(estate.plants[plant]!.circuits, circuit))) return label;
  throw new CommandError(ExitCode.NotFound, `The estate has no ${label}`, `Nearest are ${nearestTargets(estate, label).join(', ')}; its plants are ${Object.keys(estate.plants).join(', ')}. The estate is ${estateFile}.`);
}

/** A freeze of a plant is one of each of its circuits. */
function isMeant(each: DeclaredFreeze, label: string): boolean {
  const [plant = '', circuit] = label.split('/');
  if (circuit === undefined) return each.targets === undefined || each.targets.some((named) => named.split('/')[0] === plant);
  return (Object.keys(freezeActions) as FreezeAction[]).some((action) => freezesOf({ freezes: [each] }, { targets: [{ plant, circuit }], action }).length > 0);
}

function instantOf(at: string | undefined): number {
  if (at === undefined) return Date.now();
  const [, count, unit] = /^(\d+)(h|d)$/.exec(at) ?? [];
  const when = count === undefined ? Date.parse(at) : Date.now() + Number(count) * (unit === 'h' ? 3_600_000 : 86_400_000);
  if (Number.isNaN(when)) throw new CommandError(ExitCode.Usage, `--at ${at} is no instant`, 'Give one such as 2026-12-24T09:00:00Z, or a length of time such as 12h or 30d.');
  return when;
}
