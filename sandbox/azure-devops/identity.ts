import { createHash } from 'node:crypto';

/** A person or a service, as Azure DevOps refers to it. */
export interface Identity {
  id: string;
  displayName: string;
  uniqueName: string;
  descriptor: string;
}

/** The identity of a unique name such as `dana@example.com`; the same name gives the same id always. */
export function identityOf(uniqueName: string): Identity {
  const id = guidOf(`identity:${uniqueName.toLowerCase()}`);
  const local = uniqueName.split('@', 1)[0] ?? uniqueName;
  const displayName = local.split(/[._-]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ');
  return { id, displayName, uniqueName, descriptor: `aad.${Buffer.from(id).toString('base64url')}` };
}

/** Who acts when a client does: the service principal behind the token, or the token's owner. */
export const SERVICE_IDENTITY: Identity = { ...identityOf('holdpoint-service@example.com'), displayName: 'Holdpoint service' };

/** A GUID that depends only on the text. */
export function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
