/** What a decision is made on, and whether it still holds when the decision takes effect. */
import { jsonDigest } from './digest.ts';
import { figure } from './figures.ts';

/** One thing that the approver is shown. */
export interface EvidenceItem {
  name: string;
  /** SHA-256, hexadecimal, of what was measured. */
  digest: string;
  /** ISO instant of the measurement. */
  measuredAt: string;
  /** Figures that may differ a little when they are measured again. Where there are none, the digest decides. */
  values?: Record<string, number>;
}

/** What was measured, in the runbook's own shape, and itemised. */
export interface Measured<E> {
  evidence: E;
  items: EvidenceItem[];
}

/** Makes an item of anything that was measured. */
export function evidenceItem(name: string, measured: unknown, measuredAt: string, values?: Record<string, number>): EvidenceItem {
  return { name, digest: jsonDigest(measured), measuredAt, ...(values && { values }) };
}

/** `changed`: materially, or stale; each change is one sentence. */
export type Remeasured = { state: 'unchanged' | 'tolerated' | 'changed'; changes: string[]; stale: boolean };

/**
 * Compares what was shown with what is measured now.
 *
 * An item with the same digest is unchanged. One with `values` is tolerated when each value differs by no more than the policy's share of what was shown; a value without a tolerance
 * tolerates nothing. Anything else, and an item that came or went, is a material change. An item that was measured longer ago than its lifetime is stale, changed or not.
 */
export function compareEvidence(shown: readonly EvidenceItem[], fresh: readonly EvidenceItem[], { lifetimeMs, tolerance }: { lifetimeMs: number | null; tolerance: Record<string, number> }, at: string): Remeasured {
  const before = new Map(shown.map((item) => [item.name, item]));
  const material: string[] = [];
  const tolerated: string[] = [];
  for (const item of fresh) {
    const seen = before.get(item.name);
    before.delete(item.name);
    if (!seen) material.push(`${item.name} is new`);
    else if (seen.digest !== item.digest) (isTolerated(seen, item, tolerance) ? tolerated : material).push(describe(seen, item));
  }
  for (const name of before.keys()) material.push(`${name} is gone`);
  const stale = lifetimeMs === null ? [] : fresh.filter(({ measuredAt }) => Date.parse(at) - Date.parse(measuredAt) > lifetimeMs).map(({ name, measuredAt }) => `${name} is stale: measured ${measuredAt}`);
  const changes = [...material, ...stale, ...tolerated];
  return { state: material.length + stale.length > 0 ? 'changed' : tolerated.length > 0 ? 'tolerated' : 'unchanged', changes, stale: stale.length > 0 };
}

function isTolerated(seen: EvidenceItem, item: EvidenceItem, tolerance: Record<string, number>): boolean {
  const names = Object.keys(seen.values ?? {});
  if (names.length === 0 || names.join() !== Object.keys(item.values ?? {}).join()) return false;
  return names.every((name) => {
    const [was, is] = [seen.values![name]!, item.values![name]!];
    return was === is || Math.abs(is - was) <= (tolerance[name] ?? 0) * Math.abs(was); // NaN is never within
  });
}

function describe(seen: EvidenceItem, item: EvidenceItem): string {
  const moved = Object.entries(item.values ?? {}).filter(([name, value]) => seen.values?.[name] !== value);
  if (moved.length === 0) return `${item.name} changed`;
  return `${item.name}: ${moved.slice(0, 3).map(([name, value]) => `${name} ${figure(seen.values?.[name])} → ${figure(value)}`).join(', ')}`;
}
