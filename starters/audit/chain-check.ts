/** Whether the record is whole: each block by itself, its place in the chain, and the heads that were kept elsewhere. */
import type { FoundAnchor } from '../../activities/record/anchor.ts';
import { blockName, type FoundBlock } from '../../activities/record/block.ts';
import type { Checked, Finding } from './finding.ts';

export function checkChain(blocks: readonly FoundBlock[], anchors: readonly FoundAnchor[]): Checked {
  const byNumber = new Map(blocks.map((block) => [block.number, block]));
  return {
    findings: [...blocks.flatMap((block) => blockFindings(block, byNumber.get(block.number - 1))), ...missingBlocks(byNumber), ...anchors.flatMap((anchor) => anchorFindings(anchor, byNumber))],
    notes: anchorNotes(blocks, anchors),
  };
}

function blockFindings({ name, number, block, problems }: FoundBlock, former: FoundBlock | undefined): Finding[] {
  const wrong = problems.map((what) => ({ about: 'record' as const, where: name, what }));
  if (block === null) return wrong;
  if (number === 1 && block.previous !== null) wrong.push({ about: 'record', where: name, what: 'it is the first block and names a former one' });
  if (former && block.previous !== former.digest) wrong.push({ about: 'record', where: name, what: `it does not follow block ${former.number} as that stands there: it names the digest ${short(block.previous)}, and block ${former.number} has ${short(former.digest)}` });
  return wrong;
}

function missingBlocks(byNumber: ReadonlyMap<number, FoundBlock>): Finding[] {
  const last = Math.max(0, ...byNumber.keys());
  const missing = Array.from({ length: last }, (_, index) => index + 1).filter((number) => !byNumber.has(number));
  return missing.map((number) => ({ about: 'record', where: blockName(number), what: `block ${number} is missing` }));
}

function anchorFindings({ name, anchor, problems }: FoundAnchor, byNumber: ReadonlyMap<number, FoundBlock>): Finding[] {
  const wrong = problems.map((what) => ({ about: 'anchor' as const, where: name, what }));
  if (anchor === null || problems.length > 0) return wrong;
  const block = byNumber.get(anchor.block);
  if (!block) return [{ about: 'record', where: blockName(anchor.block), what: `block ${anchor.block} is gone; it was there on ${anchor.at}, when it was anchored` }];
  if (block.digest !== anchor.digest) return [{ about: 'record', where: block.name, what: `it is not the block that was anchored on ${anchor.at}: that had the digest ${short(anchor.digest)}, this has ${short(block.digest)}` }];
  return [];
}

function anchorNotes(blocks: readonly FoundBlock[], anchors: readonly FoundAnchor[]): string[] {
  const head = blocks.at(-1)?.number ?? 0;
  const anchored = Math.max(0, ...anchors.map(({ anchor }) => anchor?.block ?? 0));
  if (anchors.length === 0) return head === 0 ? [] : ['No anchor was found: that the end of the record was cut off would not be noticed.'];
  return head > anchored ? [`Blocks ${anchored + 1} to ${head} are not anchored yet: that they were cut off would not be noticed.`] : [];
}

function short(digest: string | null): string {
  return digest?.slice(0, 12) ?? 'none';
}
