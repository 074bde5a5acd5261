import type { Edits, GitRepository, Snapshot } from './repository.ts';

/** What brings the target branch to the merged state, or the files in which both sides changed the same lines. */
export type MergeOutcome = { edits: Edits } | { conflicts: string[] };

/** Merges the source branch into the target, file by file; in a file that both have changed, the two changed spans of lines must not touch. */
export function merge(git: GitRepository, source: string, target: string): MergeOutcome {
  const base = git.mergeBase(source, target);
  const [before, theirs, ours] = [filesOf(git, base), filesOf(git, source), filesOf(git, target)];
  const text = (objectId: string | undefined): string | null => (objectId === undefined ? null : (git.content(objectId) ?? null));
  const edits: Edits = {};
  const conflicts: string[] = [];
  for (const path of new Set([...Object.keys(before), ...Object.keys(theirs)])) {
    if (theirs[path] === before[path] || theirs[path] === ours[path]) continue;
    if (ours[path] === before[path]) edits[path] = text(theirs[path]);
    else {
      const merged = mergedText(text(before[path]), text(theirs[path]), text(ours[path]));
      if (merged === null) conflicts.push(path);
      else edits[path] = merged;
    }
  }
  return conflicts.length > 0 ? { conflicts } : { edits };
}

function filesOf(git: GitRepository, commit: string | undefined): Snapshot {
  return (commit === undefined ? undefined : git.get(commit)?.files) ?? {};
}

/** One span of changed lines per side, coarser than git's hunks: it finds a conflict too many rather than one too few. */
function mergedText(before: string | null, theirs: string | null, ours: string | null): string | null {
  if (before === null || theirs === null || ours === null) return null;
  const base = before.split('\n');
  const [first, second] = [span(base, theirs.split('\n')), span(base, ours.split('\n'))].sort((one, other) => one.from - other.from) as [Span, Span];
  if (first.to >= second.from) return null;
  return [...base.slice(0, first.from), ...first.lines, ...base.slice(first.to, second.from), ...second.lines, ...base.slice(second.to)].join('\n');
}

/** Lines `from` up to `to` of the base are replaced. */
interface Span {
  from: number;
  to: number;
  lines: string[];
}

function span(base: string[], changed: string[]): Span {
  let from = 0;
  while (from < base.length && from < changed.length && base[from] === changed[from]) from += 1;
  let same = 0;
  while (same < base.length - from && same < changed.length - from && base[base.length - 1 - same] === changed[changed.length - 1 - same]) same += 1;
  return { from, to: base.length - same, lines: changed.slice(from, changed.length - same) };
}
