import type { SecretVault } from '../secrets/vault.ts';

/** Removes a check's token from the vault. Safe to retry because removing what is gone changes nothing. */
export async function forgetCheckSecret(vault: SecretVault | null, { secret }: { secret: string }): Promise<{ removed: boolean }> {
  return { removed: (await vault?.remove(secret)) ?? false };
}
