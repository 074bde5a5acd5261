/** Which build of the product this is: what the record says of each entry. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundlePath } from './bundle.ts';

/**
 * The package's version, and what tells two builds of one version apart: what the deployment named (`HOLDPOINT_BUILD`, such as its git commit), or else the digest of the workflow
 * bundle.
 */
export function buildName(named: string | undefined): string {
  const { version } = JSON.parse(readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8')) as { version: string };
  if (named !== undefined) return `${version}+${named}`;
  if (!existsSync(bundlePath)) return version;
  return `${version}+bundle.${createHash('sha256').update(readFileSync(bundlePath)).digest('hex').slice(0, 12)}`;
}
