/** Builds the workflow bundle ahead of time: webpack is most of what a worker's start would otherwise take. `node workers/bundle.ts` writes `.cache/workflow-bundle.js`. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';
import { payloadConverterPath } from './temporal-client.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export const workflowsPath = `${root}workflows/index.ts`;
export const bundlePath = `${root}.cache/workflow-bundle.js`;

export interface BundleOptions {
  path?: string;
  logger?: Logger;
}

/** Writes the bundle and returns its path; a reader never sees half a file. */
export async function buildBundle({ path = bundlePath, logger }: BundleOptions = {}): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath, payloadConverterPath, ...(logger && { logger }) });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, code);
  await rename(`${path}.new`, path);
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildBundle();
