/** Builds the workflow bundle ahead of time: webpack is most of what a worker's start would otherwise take. `node workers/bundle.ts` writes `.cache/workflow-bundle.js`. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type BundleOptions as SdkOptions, type Logger } from '@temporalio/worker';
import { payloadConverterPath } from './temporal-client.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export const workflowsPath = `${root}workflows/index.ts`;
export const bundlePath = `${root}.cache/workflow-bundle.js`;

export interface BundleOptions {
  path?: string;
  logger?: Logger;
}

/** Writes the bundle and returns its path; a reader never sees half a file, nor another's, where two build. */
export async function buildBundle({ path = bundlePath, logger }: BundleOptions = {}): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath, payloadConverterPath, webpackConfigHook: asTheEngineHasIt, ...(logger && { logger }) });
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, code);
  await rename(unfinished, path);
  return path;
}

type ConfigHook = NonNullable<SdkOptions['webpackConfigHook']>;

/** The SDK's bundler rewrites for ES2017, where each private field and each spread is a call of its own; the engine has had them since. A fifth of what a decision costs. */
function asTheEngineHasIt(config: Parameters<ConfigHook>[0]): ReturnType<ConfigHook> {
  let found = 0;
  for (const rule of config.module?.rules ?? []) {
    const options = (typeof rule === 'object' && rule !== null && typeof rule.use === 'object' && 'options' in rule.use ? rule.use.options : undefined) as { jsc?: { target?: string } } | undefined;
    if (options?.jsc?.target === undefined) continue;
    options.jsc.target = 'es2022';
    found += 1;
  }
  if (found === 0) throw new Error('the bundler of this SDK has no compile target any more: see workers/bundle.ts');
  return config;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildBundle();
