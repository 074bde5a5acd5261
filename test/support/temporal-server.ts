/** A real Temporal dev server for one test file, with the product's search attributes and the settings of `temporal-dev.sh`. */
import { fileURLToPath } from 'node:url';
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { payloadConverterPath } from '../../workers/temporal-client.ts';
import { searchAttributeTypes } from '../../workflows/domain/search-attributes.ts';
import { freePort } from '../scripts/free-port.ts';

export const temporalCli = process.env['TEMPORAL_CLI'] ?? fileURLToPath(new URL('../../.cache/bin/temporal', import.meta.url));

let isInstalled = false;
const webUis = new WeakMap<TestWorkflowEnvironment, string>();

/** Only errors reach the test's output: refused answers are expected and would drown it. */
export function quietRuntime(): void {
  if (!isInstalled) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [], telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), console: {} } } });
  isInstalled = true;
}

export async function startTemporal(options: { ui?: boolean } = {}): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const pollRates = Object.entries({ transfer: 2000, timer: 500, visibility: 500 }).flatMap(([queue, rate]) => ['--dynamic-config-value', `history.${queue}ProcessorMaxPollRPS=${rate}`]);
  const uiPort = options.ui ? await freePort() : undefined;
  const environment = await TestWorkflowEnvironment.createLocal({
    client: { dataConverter: { payloadConverterPath } },
    server: {
      executable: { type: 'existing-path', path: temporalCli },
      log: { format: 'json', level: 'never' },
      extraArgs: pollRates,
      ...(uiPort !== undefined && { uiPort }),
      searchAttributes: Object.entries(searchAttributeTypes).map(([name, type]) => (type === 'Datetime' ? defineSearchAttributeKey(name, 'DATETIME') : defineSearchAttributeKey(name, 'KEYWORD'))),
    },
  });
  if (uiPort !== undefined) webUis.set(environment, `http://127.0.0.1:${uiPort}`);
  return environment;
}

/** The address of a server's Temporal Web UI, without a slash at the end; the server must have been started with `ui`. */
export function webUiAddress(environment: TestWorkflowEnvironment): string {
  const address = webUis.get(environment);
  if (address === undefined) throw new Error('this Temporal server was started without Web UI');
  return address;
}
