import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testInput } from '../support/release-activities.ts';
import { assertRefused as refused, holdpointAt } from './run-holdpoint.ts';

describe('holdpoint without a server', () => {
  const alone = holdpointAt('127.0.0.1:1');

  it('lists the runbooks, as a table and as JSON with the schema of each input', async () => {
    const table = await alone(['runbooks'], { environment: { CI: '1' } });
    assert.match(table.stdout, /releaseChange +Train/);
    assert.doesNotMatch(table.stdout, /\u001b/);
    const [change] = JSON.parse((await alone(['runbooks', '--json'])).stdout) as { name: string; input: { required: string[] } }[];
    assert.deepEqual([change?.name, change?.input.required], ['releaseChange', ['repositoryId', 'pullRequestId']]);
  });

  it('names every wrong field of an input, and needs no server for that', async () => {
    const change = await alone(['start', 'releaseChange', '--input', '-'], { input: { repositoryId: 'r', pullRequestId: 4.5, maxParallel: 0, only: ['P001'], colour: 'red' } });
    for (const field of ['pullRequestId: must be a whole number', 'maxParallel: must be 1 or more', 'only.0: must be <plant>/<circuit>', 'colour: is not a field']) refused(change, 2, new RegExp(field));
    const model = await alone(['start', 'releaseModel', '--input', '-'], { input: { ...testInput, target: { plant: 'P/1', circuit: 'C001' }, trainingJob: undefined } });
    for (const field of ['target.plant: must be letters', 'trainingJob: is missing']) refused(model, 2, new RegExp(field));
    refused(await alone(['start', 'releaseModel', '--input', '-'], { input: { ...testInput, model: 'P001-C002' } }), 2, /model: must be .* P001-C001/);
  });

  it('refuses a rollback without a reason or of no circuit', async () => {
    const rollback = await alone(['start', 'rollBackModel', '--input', '-'], { input: { target: { plant: 'P001', circuit: 'C/1' }, until: 'now' } });
    for (const field of ['target.circuit: must be letters', 'reason: is missing', 'until: is not a field']) refused(rollback, 2, new RegExp(field));
  });

  it('answers wrong usage with exit code 2 and a way on', async () => {
    refused(await alone(['approve', 'x', '--as', 'alice']), 2, /--gate/);
    refused(await alone(['reject', 'x', '--as', 'alice', '--gate', 'stage1']), 2, /--reason/);
    refused(await alone(['lst']), 2, /Did you mean list/);
    refused(await alone(['start', 'releaseCake', '--input', '-']), 2, /releaseChange, releaseModel/);
    refused(await alone(['start', 'releaseChange', '--input', '/no/such/file']), 2, /cannot be read/);
    refused(await alone(['start', 'releaseChange', '--input', '-'], { input: '{' }), 2, /not valid JSON/);
    refused(await alone(['start', 'releaseChange', '--input', '-', '--again']), 2, /--reason/);
    refused(await alone(['list'], { environment: { TEMPORAL_PORT: 'x' } }), 2, /TEMPORAL_PORT/);
  });

  it('says that Temporal is away, and how to start it', async () => refused(await alone(['list']), 4, /127\.0\.0\.1:1[^]*npm run up/));
});
