import { readAnchors, type FoundAnchor } from '../../activities/record/anchor.ts';
import type { FoundBlock } from '../../activities/record/block.ts';
import { readBlocks } from '../../activities/record/chain.ts';
import { keyFiles, readPublicKeys, type PublicKeys } from '../../activities/record/key-ring.ts';
import { openStore, type StoreSettings } from '../../activities/record/write-once-store.ts';
import type { RecordConfiguration } from '../../workers/configuration.ts';

/** All of a record, read once. */
export interface OpenedRecord {
  location: string;
  blocks: FoundBlock[];
  anchors: FoundAnchor[];
  /** Null where they are not: signatures of decisions are then not checked. */
  decisionKeys: PublicKeys | null;
}

/**
 * Reads the record and its anchors.
 *
 * @throws KeyRingError when there are no public keys of the record: without them nothing can be believed; and the store's own failures
 */
export async function openRecord({ recordLocation, anchorsLocation, keysDirectory }: Pick<RecordConfiguration, 'recordLocation' | 'anchorsLocation' | 'keysDirectory'>, settings: () => StoreSettings): Promise<OpenedRecord> {
  const keys = await readPublicKeys(keyFiles(keysDirectory, 'record').publicKeys);
  const [blocks, anchors, decisionKeys] = await Promise.all([
    readBlocks(openStore(recordLocation, settings), keys),
    readAnchors(openStore(anchorsLocation, settings), keys),
    readPublicKeys(keyFiles(keysDirectory, 'decisions').publicKeys).catch(() => null),
  ]);
  return { location: recordLocation, blocks, anchors, decisionKeys };
}
