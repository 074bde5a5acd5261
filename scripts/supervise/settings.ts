import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { ConfigurationError, demoEnvironmentFile, readReceiverConfiguration, readWorkerConfiguration } from '../../workers/configuration.ts';

export const root = resolve(import.meta.dirname, '..', '..');

/** Where the local parts live and how they find each other. */
export interface Settings {
  /** Absolute. */
  stateDir: string;
  temporal: { address: string; namespace: string; ui: string; port: number; uiPort: number };
  receiver: { url: string; port: number };
  sandbox: { url: string; port: number; caFile: string };
  worker: { healthUrl: string; healthPort: number };
  /** Absolute: the keys that decisions and the record are signed with. */
  keysDirectory: string;
  /** What every part runs with. */
  environment: NodeJS.ProcessEnv;
}

/** What `up --json` prints: the contract's one line. */
export function addresses({ stateDir, temporal, receiver, sandbox }: Settings) {
  return { temporal: temporal.address, namespace: temporal.namespace, ui: temporal.ui, receiver: receiver.url, sandbox: sandbox.url, sandboxCa: sandbox.caFile, stateDir };
}

/** Reads the environment for the demo's parts. Throws `ConfigurationError` naming each variable that is wrong. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const stateDir = resolve(environment.HOLDPOINT_STATE || join(root, '.cache', 'state'));
  const sandbox = { ...sandboxAt(environment.SANDBOX_PORT), caFile: join(stateDir, 'sandbox', 'certificates', 'ca.pem') };
  const parts = { ...withoutOtherTemporals(environment, stateDir), ...sandboxEnvironment(sandbox), SANDBOX_PORT: String(sandbox.port), HOLDPOINT_STATE: stateDir, HOLDPOINT_PROFILE: 'demo' };
  const worker = readWorkerConfiguration(parts);
  const receiver = readReceiverConfiguration(parts);
  return {
    stateDir,
    temporal: { address: worker.temporalAddress, namespace: 'default', ui: worker.uiUrl, port: portOf(worker.temporalAddress), uiPort: worker.TEMPORAL_UI_PORT },
    receiver: { url: `http://127.0.0.1:${receiver.HOLDPOINT_PORT}`, port: receiver.HOLDPOINT_PORT },
    sandbox,
    worker: { healthUrl: `http://127.0.0.1:${worker.HOLDPOINT_WORKER_HEALTH_PORT}`, healthPort: worker.HOLDPOINT_WORKER_HEALTH_PORT },
    keysDirectory: worker.keysDirectory,
    environment: { HOLDPOINT_INBOX_URL: `http://127.0.0.1:${receiver.HOLDPOINT_PORT}`, ...parts, TEMPORAL_ADDRESS: worker.temporalAddress },
  };
}

/** Makes the state directory, with the keys of the demo, its environment for commands that are typed beside it, and the profile file that keeps it away from a Temporal that the user's own one names. */
export async function prepareState({ stateDir, keysDirectory, environment }: Settings): Promise<void> {
  mkdirSync(join(stateDir, 'logs'), { recursive: true });
  const profile = profileFile(stateDir);
  if (!existsSync(profile)) writeFileSync(profile, '[profile.default]\nnamespace = "default"\n');
  const ours = Object.entries(environment).filter(([name]) => /^(AZURE|HOLDPOINT|TEMPORAL)_/.test(name));
  writeFileSync(join(stateDir, demoEnvironmentFile), `${JSON.stringify(Object.fromEntries(ours), null, 2)}\n`, { mode: 0o600 });
  await mintKeys(keysDirectory);
}

/** The environment less every setting for another Temporal: a key or a namespace of somebody's cloud account must not reach the demo, nor the other way round. */
function withoutOtherTemporals(environment: NodeJS.ProcessEnv, stateDir: string): NodeJS.ProcessEnv {
  const ours = new Set(['TEMPORAL_CLI', 'TEMPORAL_ADDRESS', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'TEMPORAL_UI_URL']);
  const kept = Object.entries(environment).filter(([name]) => !name.startsWith('TEMPORAL_') || ours.has(name));
  return { ...Object.fromEntries(kept), TEMPORAL_CONFIG_FILE: profileFile(stateDir), TEMPORAL_NAMESPACE: 'default' };
}

function profileFile(stateDir: string): string {
  return join(stateDir, 'temporal.toml');
}

function sandboxAt(given: string | undefined): { url: string; port: number } {
  const port = Number(given || 8443);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new ConfigurationError(`SANDBOX_PORT: ${JSON.stringify(given)} is not a port number`);
  return { url: `https://127.0.0.1:${port}`, port };
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
