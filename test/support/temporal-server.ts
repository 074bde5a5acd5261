/** A real Temporal dev server for one test file, with the product's search attributes and the settings of `temporal-dev.sh`. */
import { fileURLToPath } from 'node:url';
import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { payloadConverterPath } from '../../workers/temporal-client.ts';
import { searchAttributeTypes } from '../../workflows/domain/search-attributes.ts';

export const temporalCli = process.env['TEMPORAL_CLI'] ?? fileURLToPath(new URL('../../.cache/bin/temporal', import.meta.url));

let isInstalled = false;

/** Only errors reach the test's output: refused answers are expected and would drown it. */
export function quietRuntime(): void {
  if (!isInstalled) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  isInstalled = true;
}

export async function startTemporal(options: { ui?: boolean } = {}): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const pollRates = Object.entries({ transfer: 2000, timer: 500, visibility: 500 }).flatMap(([queue, rate]) => ['--dynamic-config-value', `history.${queue}ProcessorMaxPollRPS=${rate}`]);
  return await TestWorkflowEnvironment.createLocal({
    client: { dataConverter: { payloadConverterPath } },
    server: {
      executable: { type: 'existing-path', path: temporalCli },
      log: { format: 'json', level: 'never' },
      extraArgs: pollRates,
      ...(options.ui && { ui: true }),
      searchAttributes: Object.entries(searchAttributeTypes).map(([name, type]) => (type === 'Datetime' ? defineSearchAttributeKey(name, 'DATETIME') : defineSearchAttributeKey(name, 'KEYWORD'))),
    },
  });
}
