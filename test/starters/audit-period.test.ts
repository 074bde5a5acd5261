import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { createAzureMlClients } from '../../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import { openFolderStore } from '../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../activities/record/index.ts';
import { mintKeys } from '../../activities/record/key-ring.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { machineLearningId } from '../../sandbox/core/tenancy.ts';
import type { Audit } from '../../starters/audit/audit.ts';
import { readPeriod } from '../../starters/audit/period.ts';
import { stepKey } from '../../workflows/domain/keys.ts';
import type { RecordEvent } from '../../workflows/domain/record.ts';
import { circuitDeployment } from '../activities/support/circuits.ts';
import { Platforms } from '../activities/support/platforms.ts';
import { assertRefused, holdpointAt } from './run-holdpoint.ts';

const platforms = await Platforms.start({ requestTimeoutMs: 20_000 });
const azureMl = createAzureMlActivities(createAzureMlClients(platforms.settings));
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-period-'));
const keysDirectory = join(directory, 'keys');
const record = createRecordActivities({ record: openFolderStore(join(directory, 'record')), anchors: openFolderStore(join(directory, 'anchors')), keysDirectory, build: 'test' });
after(() => rmSync(directory, { recursive: true }));

const resourceOf = (circuit: string): string => `prod-ml-workspace/batch-endpoint-plant-P001/deployment-circuit-${circuit}`;
const runOf = (circuit: string, version: string) => ({ workflowId: `releaseModel:P001:${circuit}:${version}`, runId: `run-of-${circuit}`, runbook: 'releaseModel', target: { plant: 'P001', circuit, version } });

/** Lets a deployment serve another version, as a release or a person would. */
async function deploy(circuit: string, version: string, tags: Record<string, string>): Promise<void> {
  const { ref, template } = circuitDeployment(circuit);
  const { resources } = platforms.sandbox.context;
  const model = `registries/ml-registry/models/P001-${circuit}/versions`;
  const { id: _id, name: _name, type: _type, ...first } = resources.get(machineLearningId(`${model}/1`))!;
  resources.write(machineLearningId(`${model}/${version}`), first);
  const before = await azureMl.readBatchDeployment(ref);
  const key = stepKey({ workflowId: tags['run'] ?? 'nobody', firstExecutionRunId: version, step: 'deploy' });
  await platforms.run(azureMl.deployBatchModel, { ...ref, key, before, template, model: `azureml://${model}/${version}`, tags: { model_version: version, ...tags } });
}

async function recorded(circuit: string, version: string, ...events: RecordEvent[]): Promise<void> {
  const run = runOf(circuit, version);
  const key = stepKey({ workflowId: run.workflowId, firstExecutionRunId: run.runId, step: JSON.stringify(events) });
  await record.appendToRecord({ key, run, entries: events.map((event) => ({ ...event, at: new Date().toISOString() })) });
}

const effect = (circuit: string, version: string, found = '1'): RecordEvent => ({ kind: 'effect', step: 'production deployment', what: `P001-${circuit} ${version}`, platform: 'azure-ml', resource: resourceOf(circuit), before: found, after: version });
const releasedBy = (circuit: string, version: string) => ({ released_by: 'alice', previous_version: '1', run: `${runOf(circuit, version).workflowId}/${runOf(circuit, version).runId}` });

const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const period = `${day(0)}..${day(1)}`;
const holdpoint = holdpointAt('127.0.0.1:1');
const environment = {
  ...sandboxEnvironment({ url: platforms.sandbox.url, caFile: platforms.sandbox.caFile }),
  HOLDPOINT_PROFILE: 'demo', HOLDPOINT_STATE: directory, HOLDPOINT_ESTATE: fileURLToPath(new URL('../../estate/demo.yml', import.meta.url)),
};
const audit = async (...args: string[]): Promise<Audit & { code: number | null }> => {
  const { stdout, stderr, code } = await holdpoint(['audit', '--json', ...args], { environment });
  assert.notEqual(stdout, '', stderr);
  return { ...(JSON.parse(stdout) as Audit), code };
};

describe('holdpoint audit --period', () => {
  before(async () => {
    await mintKeys(keysDirectory);
    await recorded('C001', '41-a', { kind: 'finding', what: 'begun', detail: 'the record begins' });
    await deploy('C001', '41-a', releasedBy('C001', '41-a'));
    await recorded('C001', '41-a', effect('C001', '41-a'), { kind: 'closed', outcome: 'succeeded', reason: '' });
  });

  it('shows every production change with its run, and finds nothing where each has one', async () => {
    const { code, findings, changes, notes } = await audit('--period', period, '--environment', 'production');
    assert.deepEqual([code, findings], [0, []]);
    assert.deepEqual(changes.map(({ resource, version, run, shownBy }) => [resource, version, run, shownBy]), [[resourceOf('C001'), '41-a', 'releaseModel:P001:C001:41-a/run-of-C001', ['record', 'platform']]]);
    assert.equal(notes.filter((note) => /was last changed at .*, before the record began/.test(note)).length, 7, 'the other circuits are as they were seeded');
  });

  it('finds what was changed without a run, what is recorded and not there, and what was changed after its run', async () => {
    await deploy('C002', '42-b', { released_by: 'mallory', run: 'by hand' });
    await recorded('C003', '43-c', effect('C003', '43-c'));
    await recorded('C001', '45-e', effect('C001', '45-e', '44-hidden'));
    await deploy('C001', '45-e', releasedBy('C001', '45-e'));
    await deploy('C004', '44-d', releasedBy('C004', '44-d'));
    await recorded('C004', '44-d', effect('C004', '44-d'));
    await platforms.control('clock', { advanceMs: 600_000 });
    await deploy('C004', '44-d', { ...releasedBy('C004', '44-d'), note: 'a little change by hand' });
    const { code, findings, changes } = await audit('--period', period);
    assert.equal(code, 1);
    const found = (circuit: string): string => findings.filter(({ where }) => where === resourceOf(circuit)).map(({ what }) => what).join('\n');
    assert.equal(findings.length, 4, JSON.stringify(findings));
    assert.match(found('C001'), /releaseModel:P001:C001:45-e found version 44-hidden at .*, and the record's effect before left 41-a: somebody changed it in between/);
    assert.match(found('C002'), /it was changed at .* \(it serves version 42-b\), without a run on record/);
    assert.match(found('C003'), /it serves version 1, and the record's last effect, of .* by releaseModel:P001:C003:43-c, is version 43-c/);
    assert.match(found('C004'), /it was changed at .*, without a run on record: the record's last effect, .* is version 44-d/);
    assert.deepEqual(changes.filter(({ run }) => run === null).map(({ resource }) => resource).sort(), [resourceOf('C002'), resourceOf('C004')]);
  });

  it('is a report that people can read, and asks the platform only where it may', async () => {
    const report = await holdpoint(['audit', '--period', period], { environment });
    assert.equal(report.code, 1);
    assert.match(report.stdout, /deployment-circuit-C002 +42-b +no run/);
    const { code, findings, notes } = await audit('--period', period, '--no-platform');
    assert.deepEqual([code, findings], [0, []]);
    assert.match(notes.join(), /The platform was not asked/);
    assert.deepEqual((await audit('--period', '2020')).changes, []);
  });

  it('says so where the platform cannot be asked', async () => {
    assertRefused(await holdpoint(['audit', '--period', period], { environment: { HOLDPOINT_STATE: directory, HOLDPOINT_PROFILE: 'production' } }), 2, /AZURE_TENANT_ID: is not set/);
    assertRefused(await holdpoint(['audit', '--period', period], { environment: { ...environment, AZURE_CLIENT_SECRET: 'wrong' } }), 1, /Production could not be read: sign-in refused/);
    assertRefused(await holdpoint(['audit', '--period', period, '--environment', 'staging'], { environment }), 2, /production/);
  });
});

describe('a period', () => {
  for (const [text, from, to] of [
    ['2026', '2026-01-01', '2027-01-01'],
    ['2026-11', '2026-11-01', '2026-12-01'],
    ['2026-12', '2026-12-01', '2027-01-01'],
    ['2028-02-29', '2028-02-29', '2028-03-01'],
    ['2026-10..2026-12', '2026-10-01', '2027-01-01'],
    ['2026-11-03..2026-11-05', '2026-11-03', '2026-11-06'],
  ] as const) {
    it(`is ${text}`, () => assert.deepEqual(readPeriod(text), { from: `${from}T00:00:00.000Z`, to: `${to}T00:00:00.000Z` }));
  }
  it('is also from one instant to another', () => assert.deepEqual(readPeriod('2026-11-03T12:00:00Z..2026-11-03T13:30:00+01:00'), { from: '2026-11-03T12:00:00.000Z', to: '2026-11-03T12:30:00.000Z' }));
  for (const text of ['', 'november', '2026-13', '2026-02-30', '2026-11-05..2026-11-03', '2026-11-03T12:00:00Z', '1..2..3']) it(`is not "${text}"`, () => assert.equal(readPeriod(text), null));
});
