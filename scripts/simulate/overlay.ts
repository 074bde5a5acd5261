/** Lays changes over a value: objects are merged, null takes away what is there, everything else, lists too, is replaced. */
export function overlay(base: unknown, changes: unknown): unknown {
  if (!isPlain(base) || !isPlain(changes)) return changes;
  const merged = { ...base, ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, overlay(base[name], value)])) };
  return Object.fromEntries(Object.entries(merged).filter(([name, value]) => value !== null || (base[name] ?? null) === null));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
