/** Where the record and its anchors are kept: a store in which a name, once given, keeps its bytes. */
import type { PlatformSettings } from '../http/settings.ts';
import { openBlobStore } from './blob-store.ts';
import { openFolderStore } from './folder-store.ts';

export interface WriteOnceStore {
  /** For people: where it is. */
  location: string;
  /** Gives `name` these bytes, durable when it returns, or finds that it has bytes already, which stay. A failure leaves unknown whether they were taken: calling again tells. */
  create(name: string, bytes: Buffer): Promise<'created' | 'exists'>;
  /** Null where there is no such name. */
  read(name: string): Promise<Buffer | null>;
  /** The names that begin with `prefix`, sorted. */
  list(prefix: string): Promise<string[]>;
}

export type StoreSettings = Pick<PlatformSettings, 'credential' | 'caFile' | 'requestTimeoutMs'>;

/** Whether a location is the URL of a container of Azure Blob Storage, for which the platform's settings are needed. */
export function isContainerUrl(location: string): boolean {
  return /^https?:\/\//.test(location);
}

/** The store at a location: the URL of a container of Azure Blob Storage, or a folder. `settings` are asked for only where they are needed. */
export function openStore(location: string, settings: () => StoreSettings): WriteOnceStore {
  return isContainerUrl(location) ? openBlobStore(location, settings()) : openFolderStore(location);
}
