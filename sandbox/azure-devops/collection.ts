/** A collection as Azure DevOps wraps it. */
export function collection<T>(value: T[]): { count: number; value: T[] } {
  return { count: value.length, value };
}
