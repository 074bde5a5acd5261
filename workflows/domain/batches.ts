/** Cuts what has to be stored into portions that Temporal takes: a payload may have 2 MB. */

/** So many UTF-16 units of JSON, at three bytes each at most, stay under Temporal's limit for a payload with room to spare. */
export const portionUnits = 500_000;

/** The first items that go together: at least one, no more than `count`, and together under `units` of JSON. */
export function firstPortion<T>(items: readonly T[], { count = Infinity, units = portionUnits }: { count?: number; units?: number } = {}): T[] {
  let used = 0;
  const end = items.findIndex((item, index) => {
    used += JSON.stringify(item).length;
    return index > 0 && (used > units || index >= count);
  });
  return items.slice(0, end === -1 ? items.length : end);
}

/** All items, in portions. */
export function portions<T>(items: readonly T[], limits: { count?: number; units?: number } = {}): T[][] {
  const cut: T[][] = [];
  for (let rest = items; rest.length > 0; rest = rest.slice(cut.at(-1)!.length)) cut.push(firstPortion(rest, limits));
  return cut;
}
