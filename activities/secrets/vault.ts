/** Where secrets wait for their use outside Temporal's history: a run carries a name, and only the worker of the platform concerned opens it. */

export interface Secret {
  value: string;
  /** ISO instant after which the value is worth nothing any more, and is removed. */
  expiresAt: string;
}

/** A store for secrets that live for hours or days. A managed vault (Azure Key Vault: secrets with an expiry date) can take the place of the files by these four calls. */
export interface SecretVault {
  /** Keeps the secret under a name of `[A-Za-z0-9-]`, at most 127 characters; replaces one of that name. */
  put(name: string, secret: Secret): Promise<void>;
  /** The secret, expired or not; null when there is none, or when no key opens it. */
  get(name: string): Promise<Secret | null>;
  /** Whether there was one. */
  remove(name: string): Promise<boolean>;
  /** Removes what has expired at that instant; answers how many. */
  removeExpired(at: Date): Promise<number>;
}

/** Azure Key Vault's own rule, so that a name is good for either. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,126}$/;

/** @throws Error for a name that could leave the vault's folder or that a managed vault refuses */
export function requireSecretName(name: string): void {
  if (!namePattern.test(name)) throw new Error('the name of a secret is letters, digits and "-", at most 127');
}
