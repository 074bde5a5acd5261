/** Whether an address that a request brings is that of the configured organisation: `https://dev.azure.com/<organisation>/`, or the older `https://<organisation>.visualstudio.com/`. */
export function isOrganisation(given: string, configured: string): boolean {
  const [wanted, found] = [plainAddress(configured), plainAddress(given)];
  if (wanted === null || found === null) return false;
  return found === wanted || found === olderAddress(wanted);
}

/** Scheme, host, port and path, in lower case and without a slash at the end; null for what is no plain address: user names, queries and fragments have no place here. */
export function plainAddress(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, host, pathname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '' || search !== '' || hash !== '' || !/^https?:$/.test(protocol)) return null;
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`.toLowerCase();
}

function olderAddress(address: string): string | null {
  const organisation = /^https:\/\/dev\.azure\.com\/([a-z0-9-]+)$/.exec(address)?.[1];
  return organisation === undefined ? null : `https://${organisation}.visualstudio.com`;
}
