/** The chain of blocks: appended to by any number of processes, each entry once. */
import { asyncLocalStorage } from '@temporalio/activity';
import pMap from 'p-map';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import type { AppendedToRecord, RecordEntry } from '../../workflows/domain/record.ts';
import { blockName, blockNumber, blockPrefix, openBlock, sealBlock, type FoundBlock, type RecordedCall } from './block.ts';
import type { PublicKeys, SigningKey } from './key-ring.ts';
import type { WriteOnceStore } from './write-once-store.ts';

export interface ChainDependencies {
  store: WriteOnceStore;
  signingKey: () => Promise<SigningKey>;
  publicKeys: () => Promise<PublicKeys>;
  build: string;
}

export interface Chain {
  /**
   * Appends entries, durable when it returns, and tells where they stand. What was appended before, by this process or another, is found again and not repeated.
   */
  append(call: Omit<RecordedCall, 'build'>): Promise<AppendedToRecord>;
  /** The last block that there is now; null while there is none. */
  head(): Promise<AppendedToRecord | null>;
  /** All that is on record of one opening of a gate, as far as it is proven: how it was opened and closed, whoever has written it. */
  openingOf(place: OpeningPlace): Promise<{ runbook: string; entries: RecordEntry[] }>;
}

/** One opening of a run's gate. */
export interface OpeningPlace {
  workflowId: string;
  /** First run id. */
  runId: string;
  gate: string;
  generation: number;
}

/** Calls that one block takes; more wait for the next. */
const mostCalls = 200;
/** Blocks that are read at the same time. */
const concurrency = 16;

interface Waiting {
  call: Omit<RecordedCall, 'build'>;
  resolve: (position: AppendedToRecord) => void;
  reject: (reason: unknown) => void;
}

/** Reads every block that is there, in order. A name that is no block's is passed over. */
export async function readBlocks(store: WriteOnceStore, keys: PublicKeys, after = 0): Promise<FoundBlock[]> {
  const names = (await store.list(blockPrefix)).filter((name) => (blockNumber(name) ?? 0) > after);
  const found = await pMap(names, async (name) => readBlock(store, name, keys), { concurrency });
  return found.filter((block) => block !== null);
}

async function readBlock(store: WriteOnceStore, name: string, keys: PublicKeys): Promise<FoundBlock | null> {
  const bytes = await store.read(name);
  return bytes === null ? null : await openBlock(name, bytes, keys);
}

export function createChain({ store, signingKey, publicKeys, build }: ChainDependencies): Chain {
  /** Where each call stands. By its contents too: after a reset a run repeats a step with other ones, which are new. */
  const index = new Map<string, AppendedToRecord>();
  /** The blocks in which each opening stands: whoever asks for one must not read the whole record. */
  const openings = new Map<string, Set<number>>();
  let head: AppendedToRecord | null = null;
  let isLoaded = false;
  let waiting: Waiting[] = [];
  let isWriting = false;

  const absorb = ({ number, digest, block, problems }: FoundBlock): void => {
    head = { block: number, digest };
    // What somebody else put there must not pass for what was appended: its entries would never be written.
    if (problems.length > 0) return;
    for (const call of block!.calls) place(call, head);
  };

  const place = (call: Omit<RecordedCall, 'build'>, position: AppendedToRecord): void => {
    index.set(identity(call), position);
    for (const entry of call.entries) {
      if (!isOpening(entry)) continue;
      const key = openingKey({ ...call.run, ...entry });
      openings.set(key, (openings.get(key) ?? new Set()).add(position.block));
    }
  };

  const catchUp = async (): Promise<void> => {
    const keys = await publicKeys();
    if (!isLoaded) (await readBlocks(store, keys)).forEach(absorb);
    isLoaded = true;
    for (;;) {
      const next = await readBlock(store, blockName((head?.block ?? 0) + 1), keys);
      if (next === null) return;
      absorb(next);
    }
  };

  const write = async (batch: Waiting[]): Promise<void> => {
    // Not yet asked for its end: where another process has written, creating the next block tells.
    if (!isLoaded) await catchUp();
    for (let left = batch; ; await catchUp()) {
      left = left.filter(({ call, resolve }) => {
        const position = index.get(identity(call));
        if (position) resolve(position);
        return !position;
      });
      if (left.length === 0) return;
      const calls = [...new Map(left.map(({ call }) => [identity(call), { ...call, build }])).values()];
      const number = (head?.block ?? 0) + 1;
      const { bytes, digest } = await sealBlock({ number, previous: head?.digest ?? null, writtenAt: new Date().toISOString(), calls }, await signingKey());
      if ((await store.create(blockName(number), bytes)) === 'exists') continue;
      head = { block: number, digest };
      for (const call of calls) place(call, head);
    }
  };

  const writeAll = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, mostCalls);
      waiting = waiting.slice(mostCalls);
      await write(batch).catch((error: unknown) => batch.forEach(({ reject }) => reject(error)));
    }
    isWriting = false;
  };

  return {
    append: (call) =>
      new Promise((resolve, reject) => {
        waiting.push({ call, resolve, reject });
        // Outside the activity that happens to come first: the writes are for others too, and must not end with its cancellation.
        if (!isWriting) asyncLocalStorage.exit(() => void writeAll());
      }),
    async head() {
      await catchUp();
      return head;
    },
    async openingOf(wanted) {
      await catchUp();
      const keys = await publicKeys();
      const blocks = await pMap(openings.get(openingKey(wanted)) ?? [], (number) => readBlock(store, blockName(number), keys), { concurrency });
      const calls = blocks.flatMap((found) => (found === null || found.problems.length > 0 ? [] : found.block!.calls)).filter(({ run }) => run.workflowId === wanted.workflowId && run.runId === wanted.runId);
      return { runbook: calls[0]?.run.runbook ?? '', entries: calls.flatMap(({ entries }) => entries).filter((entry) => isOpening(entry) && entry.gate === wanted.gate && entry.generation === wanted.generation) };
    },
  };
}

type Opening = Extract<RecordEntry, { kind: 'gateOpened' | 'gateClosed' }>;

function isOpening(entry: RecordEntry): entry is Opening {
  return entry.kind === 'gateOpened' || entry.kind === 'gateClosed';
}

function openingKey({ workflowId, runId, gate, generation }: OpeningPlace): string {
  return JSON.stringify([workflowId, runId, gate, generation]);
}

function identity({ key, run, entries }: Omit<RecordedCall, 'build'>): string {
  return `${key} ${jsonDigest({ run, entries })}`;
}
