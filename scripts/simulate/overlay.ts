/** Lays changes over a value: objects are merged, everything else, lists too, is replaced. */
export function overlay(base: unknown, changes: unknown): unknown {
  if (!isPlain(base) || !isPlain(changes)) return changes;
  return { ...base, ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, overlay(base[name], value)])) };
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
