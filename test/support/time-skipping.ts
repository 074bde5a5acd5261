/** Temporal's time-skipping test server with the product's search attributes; a fresh one for each test file, for its clock runs away from the machine's. */
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import proto from '@temporalio/proto'; // CommonJS: no named exports are seen
import { payloadConverterPath } from '../../workers/temporal-client.ts';
import { searchAttributeTypes } from '../../workflows/domain/search-attributes.ts';
import { quietRuntime } from './temporal-server.ts';

const path = fileURLToPath(new URL('../../.cache/bin/temporal-test-server', import.meta.url));
const { INDEXED_VALUE_TYPE_DATETIME, INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } }, client: { dataConverter: { payloadConverterPath } } });
  const searchAttributes = Object.fromEntries(Object.entries(searchAttributeTypes).map(([name, type]) => [name, type === 'Datetime' ? INDEXED_VALUE_TYPE_DATETIME : INDEXED_VALUE_TYPE_KEYWORD]));
  await environment.connection.operatorService.addSearchAttributes({ namespace: environment.namespace ?? 'default', searchAttributes });
  return environment;
}
