import { join } from 'node:path';
import { createFileVault } from './file-vault.ts';
import { mintedSecretKeys, parseSecretKeys } from './secret-keys.ts';
import type { SecretVault } from './vault.ts';

export interface VaultSettings {
  HOLDPOINT_PROFILE: 'demo' | 'production';
  HOLDPOINT_STATE: string;
  /** The directory; `<HOLDPOINT_STATE>/secrets` by default. */
  HOLDPOINT_SECRETS?: string | undefined;
  HOLDPOINT_SECRETS_KEY?: string | undefined;
}

/** The vault that a process is configured with; null in production without a key. The demo mints its own. */
export function openVault({ HOLDPOINT_PROFILE, HOLDPOINT_STATE, HOLDPOINT_SECRETS, HOLDPOINT_SECRETS_KEY }: Partial<VaultSettings>): SecretVault | null {
  if (HOLDPOINT_STATE === undefined) return null;
  const directory = HOLDPOINT_SECRETS ?? join(HOLDPOINT_STATE, 'secrets');
  if (HOLDPOINT_SECRETS_KEY !== undefined) return createFileVault({ directory, keys: parseSecretKeys(HOLDPOINT_SECRETS_KEY) });
  return HOLDPOINT_PROFILE === 'demo' ? createFileVault({ directory, keys: mintedSecretKeys(directory) }) : null;
}
