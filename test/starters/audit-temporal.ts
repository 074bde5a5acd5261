/** A dev server on a database file that outlives it, so that a test can change what is in it while the server is stopped. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { payloadConverterPath } from '../../workers/temporal-client.ts';
import { searchAttributeTypes } from '../../workflows/domain/search-attributes.ts';
import { freePort } from '../scripts/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { quietRuntime, temporalCli } from '../support/temporal-server.ts';

export class StoppableTemporal {
  readonly address: string;
  readonly #database: string;
  readonly #port: number;
  #server: ChildProcess | null = null;
  #environment: TestWorkflowEnvironment | null = null;

  private constructor(database: string, port: number) {
    this.#database = database;
    this.#port = port;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(database: string): Promise<StoppableTemporal> {
    quietRuntime();
    const temporal = new StoppableTemporal(database, await freePort());
    await temporal.startAgain();
    return temporal;
  }

  get environment(): TestWorkflowEnvironment {
    return this.#environment!;
  }

  async startAgain(): Promise<void> {
    const attributes = Object.entries(searchAttributeTypes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
    const rates = Object.entries({ transfer: 2000, timer: 500, visibility: 500 }).flatMap(([queue, rate]) => ['--dynamic-config-value', `history.${queue}ProcessorMaxPollRPS=${rate}`]);
    this.#server = spawn(temporalCli, ['server', 'start-dev', '--db-filename', this.#database, '--ip', '127.0.0.1', '--port', String(this.#port), '--headless', '--log-level', 'never', ...rates, ...attributes], { stdio: 'ignore' });
    const server = this.#server;
    process.once('exit', () => server.kill('SIGKILL'));
    await eventually(async () => {
      this.#environment = await TestWorkflowEnvironment.createFromExistingServer({ address: this.address, client: { dataConverter: { payloadConverterPath } } });
    }, { timeoutMs: 60_000 });
  }

  async stop(): Promise<void> {
    await this.#environment?.teardown();
    this.#environment = null;
    const server = this.#server;
    this.#server = null;
    if (!server || server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }

  /** Replaces a text in the history of all runs by one of the same length, with the server stopped; answers how many rows held it. */
  changeHistory(from: string, to: string): number {
    if (this.#server) throw new Error('the server runs');
    if (Buffer.byteLength(from) !== Buffer.byteLength(to)) throw new Error('another length would break the row');
    const database = new DatabaseSync(this.#database);
    try {
      const rows = database.prepare('SELECT rowid, data FROM history_node').all() as { rowid: number; data: Uint8Array }[];
      const update = database.prepare('UPDATE history_node SET data = ? WHERE rowid = ?');
      const holding = rows.map(({ rowid, data }) => ({ rowid, data: Buffer.from(data) })).filter(({ data }) => data.includes(from));
      for (const { rowid, data } of holding) {
        for (let at = data.indexOf(from); at !== -1; at = data.indexOf(from, at + 1)) data.write(to, at);
        update.run(data, rowid);
      }
      return holding.length;
    } finally {
      database.close();
    }
  }
}
