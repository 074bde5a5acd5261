/** Temporal's time-skipping test server with the product's search attributes; a fresh one for each test file, for its clock runs away from the machine's. */
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import proto from '@temporalio/proto'; // CommonJS: no named exports are seen
import { payloadConverterPath } from '../../workers/temporal-client.ts';
import { searchAttributeTypes } from '../../workflows/domain/search-attributes.ts';
import { quietRuntime } from './temporal-server.ts';

const path = fileURLToPath(new URL('../../.cache/bin/temporal-test-server', import.meta.url));
const { INDEXED_VALUE_TYPE_DATETIME, INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

const attempts = 4;

export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const environment = await startPatiently();
  const searchAttributes = Object.fromEntries(Object.entries(searchAttributeTypes).map(([name, type]) => [name, type === 'Datetime' ? INDEXED_VALUE_TYPE_DATETIME : INDEXED_VALUE_TYPE_KEYWORD]));
  await environment.connection.operatorService.addSearchAttributes({ namespace: environment.namespace ?? 'default', searchAttributes });
  return environment;
}

/** The SDK waits five seconds for the Java server, which a busy machine may not keep. */
async function startPatiently(): Promise<TestWorkflowEnvironment> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } }, client: { dataConverter: { payloadConverterPath } } });
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}
