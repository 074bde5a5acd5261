/** The target that somebody named, and the nearest ones of the estate where it has no such one. Pure. */
import type { Estate } from '../../activities/estate/schema.ts';
import { isTargetName, targetLabel } from '../../workflows/domain/ids.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';

/** Most targets that are offered. */
const mostOffered = 3;

/** `P001/C001`, or `P001:C001` as ids have it; null for anything else. */
export function readTarget(text: string): Target | null {
  const [plant = '', circuit = '', ...more] = text.trim().split(/[/:]/);
  return more.length === 0 && isTargetName(plant) && isTargetName(circuit) ? { plant, circuit } : null;
}

/** The estate's targets nearest to a text, the nearest first. */
export function nearestTargets({ plants }: Pick<Estate, 'plants'>, text: string): string[] {
  const known = Object.entries(plants).flatMap(([plant, { circuits }]) => Object.keys(circuits).map((circuit) => targetLabel({ plant, circuit })));
  const wanted = text.trim().replace(':', '/').toLowerCase();
  return known.map((label) => ({ label, far: distance(label.toLowerCase(), wanted) })).sort((left, right) => left.far - right.far).slice(0, mostOffered).map(({ label }) => label);
}

/** Single letters that must change (Levenshtein). */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_zero, index) => index);
  for (let at = 1; at <= left.length; at += 1) {
    const next = [at];
    for (let other = 1; other <= right.length; other += 1) next.push(Math.min(row[other]! + 1, next[other - 1]! + 1, row[other - 1]! + (left[at - 1] === right[other - 1] ? 0 : 1)));
    row = next;
  }
  return row.at(-1)!;
}
