/** The check against a real development server, which is too old for principals. The lane `platforms` has the other side. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { ConfigurationError } from '../../workers/configuration.ts';
import { canAttribute, refuseUnattributable } from '../../workers/principal-check.ts';
import { freePort } from '../scripts/free-port.ts';
import { startTemporal } from '../support/temporal-server.ts';

describe('gates of identity attributed', () => {
  let temporal: TestWorkflowEnvironment;
  before(async () => {
    temporal = await startTemporal();
  });
  after(() => temporal.teardown());

  it('are refused on a server that notes no principals, by the worker’s own connection', async () => {
    await assert.rejects(refuseUnattributable(temporal.nativeConnection.workflowService, { estateFile: 'estate.yml', gates: ['stage1', 'stage3'] }), (error: unknown) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, /^estate\.yml: gates stage1, stage3 demand identity level "attributed".* 1\.31 or newer.*this server is 1\.\d+\.\d+/);
      return true;
    });
  });

  it('need no server where there are none', async () => {
    const nowhere = Connection.lazy({ address: `127.0.0.1:${await freePort()}`, connectTimeout: 100 });
    await assert.doesNotReject(refuseUnattributable(nowhere.workflowService, { estateFile: 'estate.yml', gates: [] }));
    await nowhere.close();
  });

  for (const [version, isEnough] of [['1.29.1', false], ['1.30.4', false], ['1.31.0', true], ['1.32.1', true], ['1.100.0', true], ['2.0.0', true], ['0.99.0', false], ['', false]] as const) {
    it(`${isEnough ? 'are let through' : 'are refused'} on version ${version || '(none)'}`, () => assert.equal(canAttribute(version), isEnough));
  }
});
