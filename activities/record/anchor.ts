/**
 * Anchors: what the head of the chain was, kept outside the store, so that cutting off the end of the record is found. The chain alone cannot show that: a shorter chain is a good chain.
 */
import { ApplicationFailure } from '@temporalio/common';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { blockName, canonicalText, checkSignature, openBlock, signDigest } from './block.ts';
import type { Chain } from './chain.ts';
import type { PublicKeys, SigningKey } from './key-ring.ts';
import type { WriteOnceStore } from './write-once-store.ts';

export interface Anchor {
  block: number;
  /** Digest of that block. */
  digest: string;
  /** When it was anchored. */
  at: string;
}

export interface FoundAnchor {
  name: string;
  /** Null where the file is no anchor. */
  anchor: Anchor | null;
  problems: string[];
}

const anchorTokenType = 'holdpoint-anchor';
const anchorPrefix = 'anchor-';

export function anchorName(block: number): string {
  return `${anchorPrefix}${String(block).padStart(12, '0')}.json`;
}

/** Reads all anchors, in the order of their blocks. */
export async function readAnchors(store: WriteOnceStore, keys: PublicKeys): Promise<FoundAnchor[]> {
  const names = await store.list(anchorPrefix);
  return await Promise.all(names.map(async (name) => openAnchor(name, (await store.read(name)) ?? Buffer.of(), keys)));
}

async function openAnchor(name: string, bytes: Buffer, keys: PublicKeys): Promise<FoundAnchor> {
  const sealed = parse(bytes.toString('utf8'));
  if (sealed === null) return { name, anchor: null, problems: ['it is no anchor'] };
  const { anchor, signature } = sealed;
  const { problem } = await checkSignature(signature, jsonDigest(anchor), anchorTokenType, keys);
  return { name, anchor, problems: problem === null ? [] : [problem] };
}

export interface AnchorDependencies {
  chain: Chain;
  record: WriteOnceStore;
  anchors: WriteOnceStore;
  signingKey: () => Promise<SigningKey>;
  publicKeys: () => Promise<PublicKeys>;
}

/**
 * Anchors the head of the chain, after a look at the last anchor.
 *
 * @throws Conflict (not retried) when the record no longer is as it was anchored before
 */
export async function anchorHead({ chain, record, anchors, signingKey, publicKeys }: AnchorDependencies, at: string): Promise<Anchor | null> {
  const keys = await publicKeys();
  const last = (await readAnchors(anchors, keys)).at(-1)?.anchor ?? null;
  if (last !== null) {
    const bytes = await record.read(blockName(last.block));
    const { digest } = bytes === null ? { digest: null } : await openBlock(blockName(last.block), bytes, keys);
    if (digest !== last.digest) {
      const found = digest === null ? 'is gone' : `has the digest ${digest.slice(0, 12)}, not ${last.digest.slice(0, 12)}`;
      throw ApplicationFailure.nonRetryable(`the record is not as it was anchored on ${last.at}: block ${last.block} ${found}; run \`holdpoint audit --verify\``, FailureType.Conflict);
    }
  }
  const head = await chain.head();
  if (head === null) return null;
  const anchor: Anchor = { ...head, at };
  const signature = await signDigest(jsonDigest(anchor), anchorTokenType, await signingKey());
  await anchors.create(anchorName(head.block), Buffer.from(canonicalText({ anchor, signature })));
  return anchor;
}

function parse(text: string): { anchor: Anchor; signature: string } | null {
  try {
    const { anchor, signature } = (JSON.parse(text) ?? {}) as { anchor?: Partial<Anchor>; signature?: unknown };
    const isAnchor = typeof anchor?.block === 'number' && typeof anchor.digest === 'string' && typeof anchor.at === 'string';
    return isAnchor && typeof signature === 'string' ? { anchor: anchor as Anchor, signature } : null;
  } catch {
    return null;
  }
}
