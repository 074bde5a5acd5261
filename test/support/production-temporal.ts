/**
 * Temporal as it runs in production, for one test file: Server 1.32.1 on a private PostgreSQL cluster, with the server's own authorizer and claim mapper, so that every call needs a
 * token and the server knows its caller. `scripts/temporal-production/ensure.sh` builds the server.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { stringify } from 'yaml';
import { payloadConverterPath } from '../../workers/temporal-client.ts';
import { searchAttributeTypes } from '../../workflows/domain/search-attributes.ts';
import { freePort } from '../scripts/free-port.ts';
import { quietRuntime } from './temporal-server.ts';

const version = '1.32.1';
const root = fileURLToPath(new URL('../..', import.meta.url));
const binary = (name: string) => join(root, '.cache', 'bin', `${name}-${version}`);
const keyId = 'test-key';

/** A token's permissions, `<namespace>:<role>`, as the server's claim mapper reads them. Namespace `temporal-system` stands for all and for the cluster. */
export type Permissions = readonly string[];

interface Identity {
  uid?: number;
  gid?: number;
}

export class ProductionTemporal {
  readonly address: string;
  readonly namespace = 'default';
  /** A namespace of the same server in which principals are not propagated. */
  readonly plainNamespace = 'plain';
  readonly directory: string;
  readonly #processes: ChildProcess[];
  readonly #connections: { close: () => Promise<void> }[] = [];
  readonly #sign: (claims: object, subject: string) => Promise<string>;

  private constructor(directory: string, address: string, processes: ChildProcess[], sign: (claims: object, subject: string) => Promise<string>) {
    this.directory = directory;
    this.address = address;
    this.#processes = processes;
    this.#sign = sign;
  }

  /** Starts PostgreSQL and the server, and makes both namespaces with the product's search attributes. */
  static async start(): Promise<ProductionTemporal> {
    quietRuntime();
    const postgresBinaries = findPostgres();
    const directory = mkdtempSync(join(tmpdir(), 'holdpoint-temporal-'));
    const processes: ChildProcess[] = [];
    const endWithTest = (): void => processes.forEach((child) => child.kill('SIGKILL'));
    process.once('exit', endWithTest);
    try {
      const database = await startPostgres(postgresBinaries, directory, processes);
      installSchema(database);
      const { publicKey, privateKey } = await generateKeyPair('ES256');
      writeFileSync(join(directory, 'keys.json'), JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: 'ES256', use: 'sig' }] }));
      const sign = (claims: object, subject: string) => new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: keyId }).setSubject(subject).setIssuedAt().setExpirationTime('2h').sign(privateKey);
      const address = await startServer(directory, database, processes);
      const temporal = new ProductionTemporal(directory, address, processes, sign);
      await temporal.#prepare();
      return temporal;
    } catch (error) {
      endWithTest();
      const log = join(directory, 'temporal.log');
      throw new Error(`Temporal ${version} did not start: ${String(error)}\n${existsSync(log) ? readFileSync(log, 'utf8').slice(-3_000) : ''}`, { cause: error });
    }
  }

  /** A token as an identity provider would issue it. */
  async token(subject: string, permissions: Permissions = ['default:write', 'plain:write']): Promise<string> {
    return await this.#sign({ permissions }, subject);
  }

  /** A client that calls as `subject`. */
  async client(subject: string, { namespace = this.namespace, identity, permissions }: { namespace?: string; identity?: string; permissions?: Permissions } = {}): Promise<Client> {
    const connection = await Connection.connect({ address: this.address, tls: false, apiKey: await this.token(subject, permissions) });
    this.#connections.push(connection);
    return new Client({ connection, namespace, ...(identity !== undefined && { identity }), dataConverter: { payloadConverterPath } });
  }

  /** A worker's connection; its token is `holdpoint-worker`'s. */
  async workerConnection(): Promise<NativeConnection> {
    const connection = await NativeConnection.connect({ address: this.address, tls: false, apiKey: await this.token('holdpoint-worker') });
    this.#connections.push(connection);
    return connection;
  }

  /** The server's process id. */
  get serverPid(): number {
    return this.#processes.at(-1)!.pid!;
  }

  /** Stops everything by its process id and removes the state. Workers must have ended. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    // The server first, or it would complain that its database is gone. SIGINT is PostgreSQL's fast shutdown.
    for (const [child, signal] of [...this.#processes].reverse().map((child, index) => [child, index === 0 ? 'SIGTERM' : 'SIGINT'] as const)) await end(child, signal);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    const { connection } = await this.client('operator', { permissions: ['temporal-system:admin'] });
    const service = (connection as Connection).workflowService;
    const operator = (connection as Connection).operatorService;
    for (const namespace of [this.namespace, this.plainNamespace]) {
      await service.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as unknown as Long } });
      const searchAttributes = Object.fromEntries(Object.entries(searchAttributeTypes).map(([name, type]) => [name, searchAttributeCodes[type]]));
      await untilDone(() => operator.addSearchAttributes({ namespace, searchAttributes }));
    }
  }
}

type Long = NonNullable<Parameters<Connection['workflowService']['registerNamespace']>[0]['workflowExecutionRetentionPeriod']>['seconds'];

/** The numbers of `temporal.api.enums.v1.IndexedValueType`. */
const searchAttributeCodes = { Keyword: 2, Datetime: 6, KeywordList: 7 } as const;

interface Database {
  port: number;
}

function findPostgres(): string {
  const check = spawnSync(join(root, 'scripts', 'temporal-production', 'ensure.sh'), ['--check'], { encoding: 'utf8' });
  if (check.status !== 0) throw new Error(`${check.stderr.trim()} (npm run test:platforms does it by itself)`);
  return check.stdout.trim();
}

/** PostgreSQL refuses to run as root; a test that does runs it as the user whom the package has made. */
function postgresIdentity(): Identity {
  if (process.getuid?.() !== 0) return {};
  const number = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  return { uid: number('-u'), gid: number('-g') };
}

async function startPostgres(binaries: string, parent: string, processes: ChildProcess[]): Promise<Database> {
  const identity = postgresIdentity();
  // Whoever runs PostgreSQL must reach its directory through the parent, which mkdtemp has closed to others.
  const { uid, gid } = identity;
  if (uid !== undefined) chownSync(parent, uid, gid!);
  const data = join(parent, 'postgres');
  const made = spawnSync(join(binaries, 'initdb'), ['-D', data, '-U', 'temporal', '--auth=trust', '--no-sync', '-E', 'UTF8'], { encoding: 'utf8', cwd: parent, ...identity });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const port = await freePort();
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: data, max_connections: '120', shared_buffers: '64MB', fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(join(parent, 'postgres.log'), 'a');
  processes.push(spawn(join(binaries, 'postgres'), ['-D', data, '-p', String(port), ...flags], { cwd: parent, stdio: ['ignore', log, log], ...identity }));
  closeSync(log);
  await untilDone(() => {
    const ready = spawnSync(join(binaries, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'temporal'], { encoding: 'utf8' });
    if (ready.status !== 0) throw new Error(`PostgreSQL is not ready: ${ready.stdout}${readFileSync(join(parent, 'postgres.log'), 'utf8').slice(-1_000)}`);
  });
  return { port };
}

/** The schema comes with the tool. */
function installSchema({ port }: Database): void {
  const tool = (database: string, ...args: string[]): void => {
    const run = spawnSync(binary('temporal-sql-tool'), ['--plugin', 'postgres12', '--ep', '127.0.0.1', '-p', String(port), '-u', 'temporal', '--db', database, ...args], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`temporal-sql-tool ${args.join(' ')}: ${run.stdout}${run.stderr}`);
  };
  for (const [database, schema] of [['temporal', 'temporal'], ['temporal_visibility', 'visibility']] as const) {
    tool(database, 'create-database');
    tool(database, 'setup-schema', '-v', '0.0');
    tool(database, 'update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
}

async function startServer(directory: string, { port }: Database, processes: ChildProcess[]): Promise<string> {
  const store = (databaseName: string, maxConns: number) => ({ sql: { pluginName: 'postgres12', databaseName, connectAddr: `127.0.0.1:${port}`, connectProtocol: 'tcp', user: 'temporal', password: '', maxConns, maxIdleConns: maxConns, maxConnLifetime: '1h' } });
  const rpc = async () => ({ rpc: { grpcPort: await freePort(), membershipPort: await freePort(), bindOnLocalHost: true } });
  const frontend = await rpc();
  const address = `127.0.0.1:${frontend.rpc.grpcPort}`;
  const configuration = {
    log: { stdout: true, level: 'warn' },
    persistence: { defaultStore: 'default', visibilityStore: 'visibility', numHistoryShards: 4, datastores: { default: store('temporal', 20), visibility: store('temporal_visibility', 10) } },
    global: {
      membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' },
      // Callers' tokens: `sub` becomes the principal's name, `permissions` what it may do.
      authorization: { authorizer: 'default', claimMapper: 'default', permissionsClaimName: 'permissions', jwtKeyProvider: { keySourceURIs: [`file://${join(directory, 'keys.json')}`] } },
    },
    // The server's own workers call a frontend of their own, which asks for no token.
    services: { frontend, 'internal-frontend': await rpc(), matching: await rpc(), history: await rpc(), worker: await rpc() },
    clusterMetadata: { enableGlobalNamespace: false, failoverVersionIncrement: 10, masterClusterName: 'active', currentClusterName: 'active', clusterInformation: { active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: address } } },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: join(directory, 'dynamic.yml'), pollInterval: '10s' },
  };
  const dynamic = {
    'frontend.enablePrincipalPropagation': [{ value: true, constraints: { namespace: 'default' } }],
    'system.forceSearchAttributesCacheRefreshOnRead': [{ value: true }],
    'system.namespaceCacheRefreshInterval': [{ value: '1s' }],
    'history.transferProcessorMaxPollRPS': [{ value: 2000 }],
    'history.timerProcessorMaxPollRPS': [{ value: 500 }],
    'history.visibilityProcessorMaxPollRPS': [{ value: 500 }],
  };
  writeFileSync(join(directory, 'temporal.yml'), stringify(configuration));
  writeFileSync(join(directory, 'dynamic.yml'), stringify(dynamic));
  mkdirSync(join(directory, 'work'));
  const log = openSync(join(directory, 'temporal.log'), 'a');
  const server = spawn(binary('temporal-server'), ['--config-file', join(directory, 'temporal.yml'), 'start', ...['frontend', 'internal-frontend', 'history', 'matching', 'worker'].flatMap((service) => ['--service', service])], { cwd: join(directory, 'work'), stdio: ['ignore', log, log] });
  closeSync(log);
  processes.push(server);
  await untilDone(async () => {
    if (server.exitCode !== null) throw new Error(`the server ended with status ${server.exitCode}`);
    const connection = await Connection.connect({ address, tls: false, connectTimeout: 1_000 });
    await connection.close();
  });
  return address;
}

/** Repeats what may fail while something starts, for 60 s. */
async function untilDone(attempt: () => unknown): Promise<void> {
  const until = performance.now() + 60_000;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(100);
    }
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(impatience);
}

/** A name that no other run has. */
export const uniqueId = (prefix: string): string => `${prefix}:${randomUUID().slice(0, 8)}`;
