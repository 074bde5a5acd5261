/** The configuration of every process of the product: the only place that reads the environment. A wrong variable is named, with what it should be. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { parseSecretKeys } from '../activities/secrets/secret-keys.ts';
import { inWords } from '../workflows/domain/issue-words.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import { demoPassword, demoSignIn, signInProblems, signInSettings } from './sign-in-settings.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const url = z.url().transform((text) => text.replace(/\/+$/, ''));
/** An address without a path: what is in it is the receiver's to say. */
const origin = url.refine((text) => URL.canParse(text) && new URL(text).origin === text, 'must be an address without a path, such as https://holdpoint.example.com');
const milliseconds = z.coerce.number().int().positive();
/** A folder, or the URL of a container of Azure Blob Storage. */
const location = z.string().min(1).optional().transform((given) => (given === undefined ? undefined : /^https?:\/\//.test(given) ? given.replace(/\/+$/, '') : resolve(given)));
const queueNames = Object.values(TaskQueue) as [TaskQueue, ...TaskQueue[]];

const temporal = z.object({
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_PORT: port.default(7233),
  TEMPORAL_UI_PORT: port.default(8233),
  TEMPORAL_UI_URL: url.optional(),
});

const common = temporal.extend({
  HOLDPOINT_PROFILE: z.enum(['demo', 'production']).default('production'),
  HOLDPOINT_STATE: z.string().min(1).default('.cache/state').transform((path) => resolve(path)),
  HOLDPOINT_ESTATE: z.string().min(1).optional().transform((path) => path && resolve(path)),
  HOLDPOINT_INBOX_URL: origin.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  HOLDPOINT_KEYS: z.string().min(1).optional().transform((path) => path && resolve(path)),
  HOLDPOINT_RECORD: location,
  HOLDPOINT_ANCHORS: location,
});

/** The vault of the tokens that checks of pipelines bring. */
const secrets = z.object({
  HOLDPOINT_SECRETS: z.string().min(1).optional().transform((path) => path && resolve(path)),
  HOLDPOINT_SECRETS_KEY: z.string().min(1).optional().superRefine((keys, context) => {
    try {
      if (keys !== undefined) parseSecretKeys(keys);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    }
  }),
});

const azure = z.object({
  AZURE_TENANT_ID: z.string().min(1),
  AZURE_CLIENT_ID: z.string().min(1),
  AZURE_CLIENT_SECRET: z.string().min(1).optional(),
  AZURE_AUTHORITY_HOST: url.optional(),
  AZURE_RESOURCE_MANAGER_ENDPOINT: url.default('https://management.azure.com'),
  AZURE_BLOB_ENDPOINT: z.string().includes('{account}').default('https://{account}.blob.core.windows.net'),
  AZURE_DEVOPS_URL: url,
  AZURE_CA_FILE: z.string().min(1).optional(),
  HOLDPOINT_REQUEST_TIMEOUT_MS: milliseconds.default(60_000),
});

const worker = z.object({
  HOLDPOINT_QUEUES: z.string().default(queueNames.join(',')).transform((list) => list.split(',').map((name) => name.trim())).pipe(z.array(z.enum(queueNames)).min(1)),
  HOLDPOINT_WORKER_HEALTH_PORT: port.default(8481),
  HOLDPOINT_BUILD: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be at most 64 letters, digits, ".", "_" or "-", such as a git commit').optional(),
  CHAT_WEBHOOK_URL: url.optional(),
  TEMPORAL_PRINCIPALS: z.enum(['true', 'false']).default('false').transform((stated) => stated === 'true'),
  HOLDPOINT_KILL_AT: z.string().regex(/^[A-Za-z]+:(before|afterEffect)$/, 'must be <activity>:before or <activity>:afterEffect').optional(),
});

/** Who may sign in to the inbox, and whose buttons are taken. */
const inbox = signInSettings(url);

const receiver = inbox.extend({
  HOLDPOINT_PORT: port.default(8480),
  HOLDPOINT_HOST: z.string().min(1).default('127.0.0.1'),
  HOLDPOINT_WEBHOOK_USER: z.string().min(1),
  HOLDPOINT_WEBHOOK_PASSWORD: z.string().min(1),
  /** With which Azure Monitor and Alertmanager may sign in too, in place of user and password. */
  HOLDPOINT_ALERT_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** The secrets of PagerDuty's webhook subscriptions, several of them separated by commas while one is replaced. */
  PAGERDUTY_WEBHOOK_SECRETS: z.string().min(1).transform((list) => list.split(',').map((secret) => secret.trim()).filter((secret) => secret !== '')).optional(),
  /** How often approvals on Azure DevOps' pages are looked for that no hook has told. */
  HOLDPOINT_APPROVAL_POLL_MS: milliseconds.default(60_000),
});

/** Of a person's own command line. */
const commandLine = z.object({
  HOLDPOINT_INBOX_URL: origin.optional(),
  HOLDPOINT_PORT: port.default(8480),
  XDG_STATE_HOME: z.string().startsWith('/').optional().catch(undefined), // a relative one does not count, says its specification
});

const demoDefaults: Record<string, string> = {
  HOLDPOINT_ESTATE: 'estate/demo.yml',
  HOLDPOINT_WEBHOOK_USER: 'demo',
  HOLDPOINT_WEBHOOK_PASSWORD: demoPassword,
  HOLDPOINT_REQUEST_TIMEOUT_MS: '5000',
  ...demoSignIn,
};

export { isLoopbackHost } from './network-addresses.ts';
export { exposed } from './sign-in-settings.ts';

/** In the state directory of the demo: the environment of its parts, for commands that are typed beside it. */
export const demoEnvironmentFile = 'environment.json';

type Environment = Record<string, string | undefined>;

/** A wrong environment; the message names each variable. */
export class ConfigurationError extends Error {}

/** Where Temporal and its Web UI are. */
interface Addresses {
  temporalAddress: string;
  uiUrl: string;
}

/** Where the record is, what is kept of it elsewhere, and the directory of the keys. */
interface RecordPlaces {
  keysDirectory: string;
  /** A folder, or the URL of a container of Azure Blob Storage. */
  recordLocation: string;
  anchorsLocation: string;
}

export type TemporalConfiguration = z.output<typeof temporal> & Addresses;
export type CommonConfiguration = z.output<typeof common> & Addresses & RecordPlaces & { estateFile: string };
export type RecordConfiguration = TemporalConfiguration & RecordPlaces & Pick<z.output<typeof common>, 'HOLDPOINT_STATE'>;
export type PlatformConfiguration = CommonConfiguration & AzureConfiguration;
export type AzureConfiguration = z.output<typeof azure>;
export type SecretsConfiguration = z.output<typeof secrets>;
export type WorkerConfiguration = CommonConfiguration & AzureConfiguration & SecretsConfiguration & z.output<typeof worker>;
export type ReceiverConfiguration = CommonConfiguration & AzureConfiguration & SecretsConfiguration & z.output<typeof receiver>;
export type AttachConfiguration = AzureConfiguration & Pick<SecretsConfiguration, 'HOLDPOINT_SECRETS_KEY'> & Pick<z.output<typeof receiver>, 'HOLDPOINT_WEBHOOK_USER' | 'HOLDPOINT_WEBHOOK_PASSWORD'>;

/** All that the command line needs: neither profile nor estate nor any platform, so that it runs by hand beside whatever was started. */
export function readTemporalConfiguration(environment: Environment = process.env): TemporalConfiguration {
  return withAddresses(parse(temporal, environment));
}

/** Where a person's command line signs in, and the file that keeps it: the user's, not the installation's, for whoever has it decides as that person. */
export function readCommandLineConfiguration(environment: Environment = process.env): { receiverUrl: string; signInFile: string } {
  const { HOLDPOINT_INBOX_URL, HOLDPOINT_PORT, XDG_STATE_HOME } = parse(commandLine, environment);
  return { receiverUrl: HOLDPOINT_INBOX_URL ?? `http://127.0.0.1:${HOLDPOINT_PORT}`, signInFile: join(XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'holdpoint', 'sign-in.json') };
}

export function readWorkerConfiguration(environment: Environment = process.env): WorkerConfiguration {
  const configuration = parse(common.extend(azure.shape).extend(secrets.shape).extend(worker.shape), environment);
  if (configuration.HOLDPOINT_KILL_AT !== undefined && configuration.HOLDPOINT_PROFILE !== 'demo') throw new ConfigurationError('HOLDPOINT_KILL_AT: only a test worker, profile demo, may be told to kill itself');
  return withAddresses(withRecord(withEstate(configuration)));
}

/** The estate file, for a command typed by hand; where none is named and the command goes to the Temporal of `npm run up`, that of the demo. Null where there is none. */
export function readEstateFile(environment: Environment = process.env): string | null {
  const demo = demoEnvironment(environment);
  const isBesideDemo = readTemporalConfiguration(environment).temporalAddress === demo['TEMPORAL_ADDRESS'];
  return parse(common, isBesideDemo ? { ...demo, ...environment } : environment).HOLDPOINT_ESTATE ?? null;
}

/** Where the record is and how to verify it; neither estate nor platform. The profile does not matter: reading changes nothing. */
export function readRecordConfiguration(environment: Environment = process.env): RecordConfiguration {
  return withAddresses(withRecord(parse(common, environment)));
}

/**
 * The estate and the way to its platforms, for a command typed by hand. Where nothing of it is set and `npm run up` has prepared the state directory, it is what the demo's parts run
 * with: `environment.json`, beside the demo's other state.
 */
export function readPlatformConfiguration(environment: Environment = process.env): PlatformConfiguration {
  const given = environment['AZURE_TENANT_ID'] === undefined ? { ...demoEnvironment(environment), ...environment } : environment;
  return withAddresses(withRecord(withEstate(parse(common.extend(azure.shape), given))));
}

/** The estate alone, for a command typed by hand that asks no platform; beside the demo it is the demo's. */
export function readEstateConfiguration(environment: Environment = process.env): { estateFile: string } {
  const given = environment['HOLDPOINT_ESTATE'] === undefined ? { ...demoEnvironment(environment), ...environment } : environment;
  return { estateFile: withEstate(parse(common, given)).estateFile };
}

export function readReceiverConfiguration(environment: Environment = process.env): ReceiverConfiguration {
  return withAddresses(withRecord(withEstate(withSignIn(parse(common.extend(azure.shape).extend(secrets.shape).extend(receiver.shape), environment)))));
}

/**
 * The secrets that the estate refers to by the names of environment variables; they are read here, once, and go no further than the adapter that needs them.
 *
 * @throws ConfigurationError naming each that is not set, never a value
 */
export function readSecrets(names: readonly string[], environment: Environment = process.env): Record<string, string> {
  const missing = names.filter((name) => (environment[name] ?? '') === '');
  if (missing.length > 0) throw new ConfigurationError(`The environment is not usable:\n${missing.map((name) => `  ${name}: is not set; the estate names it`).join('\n')}`);
  return Object.fromEntries(names.map((name) => [name, environment[name]!]));
}

/** What `attach` needs: Azure DevOps, and the credentials with which its check will call the receiver. No estate, so that it runs wherever a person can sign in. */
export function readAttachConfiguration(environment: Environment = process.env): AttachConfiguration {
  return parse(azure.extend(secrets.pick({ HOLDPOINT_SECRETS_KEY: true }).shape).extend(receiver.pick({ HOLDPOINT_WEBHOOK_USER: true, HOLDPOINT_WEBHOOK_PASSWORD: true }).shape), environment);
}

/** What `import` needs: the way to Azure DevOps and nothing else. Beside the demo, the demo's. */
export function readAzureConfiguration(environment: Environment = process.env): AzureConfiguration {
  return parse(azure, environment['AZURE_TENANT_ID'] === undefined ? { ...demoEnvironment(environment), ...environment } : environment);
}

function parse<S extends z.ZodType>(schema: S, environment: Environment): z.output<S> {
  const defaults = environment['HOLDPOINT_PROFILE'] === 'demo' ? demoDefaults : {};
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse({ ...defaults, ...given });
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return given[name] === undefined ? `${name}: is not set` : `${name}: ${inWords(issue)}`;
  });
  throw new ConfigurationError(`The environment is not usable:\n${[...new Set(lines)].map((line) => `  ${line}`).join('\n')}`);
}

function withAddresses<T extends z.output<typeof temporal>>(configuration: T): T & Addresses {
  const { TEMPORAL_ADDRESS, TEMPORAL_PORT, TEMPORAL_UI_URL, TEMPORAL_UI_PORT } = configuration;
  return { ...configuration, temporalAddress: TEMPORAL_ADDRESS ?? `127.0.0.1:${TEMPORAL_PORT}`, uiUrl: TEMPORAL_UI_URL ?? `http://127.0.0.1:${TEMPORAL_UI_PORT}` };
}

function withEstate<T extends z.output<typeof common>>(configuration: T): T & { estateFile: string } {
  const { HOLDPOINT_ESTATE } = configuration;
  if (HOLDPOINT_ESTATE === undefined) throw new ConfigurationError('The environment is not usable:\n  HOLDPOINT_ESTATE: is not set; give the path of the estate file');
  return { ...configuration, estateFile: HOLDPOINT_ESTATE };
}

/** The inbox needs to know how people sign in, and that nobody else can. Also for an address that the estate gives. Throws ConfigurationError. */
export function withSignIn<T extends z.output<typeof common> & z.output<typeof receiver>>(configuration: T): T {
  const lines = signInProblems(configuration);
  if (lines.length > 0) throw new ConfigurationError(`The environment is not usable:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  return configuration;
}

function withRecord<T extends z.output<typeof common>>(configuration: T): T & RecordPlaces {
  const { HOLDPOINT_STATE, HOLDPOINT_KEYS, HOLDPOINT_RECORD, HOLDPOINT_ANCHORS } = configuration;
  const inState = (name: string): string => resolve(HOLDPOINT_STATE, name);
  return { ...configuration, keysDirectory: HOLDPOINT_KEYS ?? inState('keys'), recordLocation: HOLDPOINT_RECORD ?? inState('record'), anchorsLocation: HOLDPOINT_ANCHORS ?? inState('anchors') };
}

function demoEnvironment(environment: Environment): Environment {
  const file = resolve(environment['HOLDPOINT_STATE'] || '.cache/state', demoEnvironmentFile);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Environment) : {};
}
