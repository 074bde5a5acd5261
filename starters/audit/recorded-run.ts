/** What the record says of one run, put together from its entries. */
import type { FoundBlock } from '../../activities/record/block.ts';
import type { RecordedAnswer, RecordedRun, RecordEntry } from '../../workflows/domain/record.ts';

/** An entry with its place in the record, and the build that wrote it. */
export type PlacedEntry = RecordEntry & { block: number; build: string };
type Of<K extends RecordEntry['kind']> = Extract<PlacedEntry, { kind: K }>;

/** One opening of a gate. `answers` counted; of the others the record keeps channel, time and reason. */
export interface AuditedGate {
  gate: string;
  generation: number;
  opened: Of<'gateOpened'> | null;
  closed: Of<'gateClosed'> | null;
  changes: Of<'policyChanged'>[];
  answers: RecordedAnswer[];
  uncounted: RecordedAnswer[];
}

export interface AuditedRun extends RecordedRun {
  firstEntryAt: string;
  lastEntryAt: string;
  builds: string[];
  blocks: number[];
  gates: AuditedGate[];
  /** Gates that another run passed for this one. */
  approvedElsewhere: Of<'approvedElsewhere'>[];
  effects: Of<'effect'>[];
  findings: Of<'finding'>[];
  closed: Of<'closed'> | null;
  /** All entries, in the order in which they were recorded. */
  entries: PlacedEntry[];
}

/** The runs of a record, in the order of their first entries. Entries of blocks that do not verify are left out: nobody can say whose they are. */
export function recordedRuns(blocks: readonly FoundBlock[]): AuditedRun[] {
  const runs = new Map<string, { run: RecordedRun; entries: PlacedEntry[] }>();
  for (const { block, number, problems } of blocks) {
    if (block === null || problems.length > 0) continue;
    for (const { run, build, entries } of block.calls) {
      const known = runs.get(runKey(run)) ?? { run, entries: [] };
      known.entries.push(...entries.map((entry) => ({ ...entry, block: number, build })));
      runs.set(runKey(run), known);
    }
  }
  return [...runs.values()].map(({ run, entries }) => auditedRun(run, entries));
}

/** How a run signs what it makes on a platform. */
export function runKey({ workflowId, runId }: Pick<RecordedRun, 'workflowId' | 'runId'>): string {
  return `${workflowId}/${runId}`;
}

function auditedRun(run: RecordedRun, entries: PlacedEntry[]): AuditedRun {
  const of = <K extends RecordEntry['kind']>(kind: K): Of<K>[] => entries.filter((entry): entry is Of<K> => entry.kind === kind);
  const times = entries.map(({ at }) => at).sort();
  return {
    ...run,
    firstEntryAt: times[0] ?? '',
    lastEntryAt: times.at(-1) ?? '',
    builds: [...new Set(entries.map(({ build }) => build))],
    blocks: [...new Set(entries.map(({ block }) => block))],
    gates: gatesOf(entries),
    approvedElsewhere: of('approvedElsewhere'),
    effects: of('effect'),
    findings: of('finding'),
    closed: of('closed').at(-1) ?? null,
    entries,
  };
}

function gatesOf(entries: readonly PlacedEntry[]): AuditedGate[] {
  const gates: AuditedGate[] = [];
  const at = (gate: string, generation: number): AuditedGate => {
    const known = gates.find((one) => one.gate === gate && one.generation === generation);
    if (known) return known;
    const made: AuditedGate = { gate, generation, opened: null, closed: null, changes: [], answers: [], uncounted: [] };
    gates.push(made);
    return made;
  };
  for (const entry of entries) {
    if (entry.kind === 'gateOpened') at(entry.gate, entry.generation).opened = entry;
    if (entry.kind === 'gateClosed') at(entry.gate, entry.generation).closed = entry;
    if (entry.kind === 'policyChanged') (gates.filter(({ gate }) => gate === entry.gate).at(-1) ?? at(entry.gate, 0)).changes.push(entry);
    if (entry.kind !== 'answers') continue;
    const { answers, uncounted } = at(entry.gate, entry.generation);
    for (const answer of entry.answers) (answer.counted ? answers : uncounted).push(answer);
  }
  return gates;
}
