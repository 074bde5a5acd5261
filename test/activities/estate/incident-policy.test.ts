import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { targetPolicy } from '../../../activities/estate/target-policy.ts';
import { createIncidentPolicyActivities } from '../../../activities/estate/incident-policy.ts';
import { defaultIncidentTerms } from '../../../workflows/domain/incident.ts';

const demo = await readFile(new URL('../../../estate/demo.yml', import.meta.url), 'utf8');
const section = /^incidents:\n(?: .*\n)+/m;
assert.match(demo, section);

async function load(incidents: string) {
  const estateFile = join(await mkdtemp(join(tmpdir(), 'holdpoint-incidents-')), 'estate.yml');
  await writeFile(estateFile, demo.replace(section, incidents));
  return await createIncidentPolicyActivities({ estateFile }).loadIncidentPolicy({});
}

describe("the estate's terms of incidents", () => {
  it("are the documents' where the estate says nothing", async () => {
    const { terms, people } = await load('');
    assert.deepEqual(terms, defaultIncidentTerms);
    assert.deepEqual(people.map(({ id }) => id), ['alice', 'bob', 'carol', 'dana']);
  });

  it('are the estate\'s, field by field', async () => {
    const { terms } = await load('incidents:\n  bridge: https://meet.example.com/x\n  acknowledgeWithin: 3m\n  updateEvery: {P0: 10m}\n  leadership: {to: manager}\n  escalate: [{after: 4m, to: on-call}]\n');
    assert.deepEqual(terms, {
      ...defaultIncidentTerms, bridge: 'https://meet.example.com/x', acknowledgeMs: 180_000, updateMs: { ...defaultIncidentTerms.updateMs, P0: 600_000 },
      leadership: { afterMs: 1_800_000, to: 'manager' }, escalate: [{ afterMs: 240_000, to: 'on-call' }],
    });
  });

  it('say what opens an incident by itself, as grave as the circuit or as they say', async () => {
    const coordinate = (words: string) => parseEstate(demo.replace(section, `incidents:\n  coordinate: {${words}}\n`), 'estate.yml');
    const estate = coordinate('rollBackModel: target, recoverBatchJob: P1, sweepRuns: P2');
    const policy = targetPolicy(estate, { plant: 'P001', circuit: 'C001' });
    assert.deepEqual('problem' in policy ? policy.problem : policy.incidents, { rollBackModel: 'P2', recoverBatchJob: 'P1' });
    assert.equal((await load('incidents:\n  coordinate: {sweepRuns: P1}\n')).interrupted, 'P1');
    assert.equal((await load('')).interrupted, undefined);
  });

  for (const [what, incidents, complaint] of [
    ['nobody to escalate to', 'incidents:\n  escalate: [{after: 5m, to: nobody}]\n', /incidents\.escalate\.0\.to: "nobody" is no contact/],
    ['unknown leadership', 'incidents:\n  leadership: {to: the board}\n', /incidents\.leadership\.to: "the board" is no contact/],
    ['updates without a pause', 'incidents:\n  updateEvery: {P0: 1s}\n', /incidents\.updateEvery\.P0: must be at least 1m/],
    ['a bare number', 'incidents:\n  assessWithin: 10\n', /incidents\.assessWithin: must be a duration with its unit/],
    ['an unknown severity', 'incidents:\n  coordinate: {rollBackModel: P9}\n', /incidents\.coordinate\.rollBackModel: must be P0, P1, P2, P3 or target/],
    ['a sweep as grave as no target', 'incidents:\n  coordinate: {sweepRuns: target}\n', /incidents\.coordinate\.sweepRuns: must be P0, P1, P2, P3: interruptions/],
    ['an unknown field', 'incidents:\n  bridges: https://x.example.com\n', /incidents\.bridges/],
  ] as const) {
    it(`are refused with file, line and field: ${what}`, async () => {
      await assert.rejects(load(incidents), (error: Error) => /estate\.yml:\d+: /.test(error.message) && complaint.test(error.message));
    });
  }
});

describe('a name in an incident', () => {
  const nameOf = async (name: string) => (await createIncidentPolicyActivities({ estateFile: fileURLToPath(new URL('../../../estate/demo.yml', import.meta.url)) }).namedCircuits({ name })).named;

  it('stands for the circuits behind it: of a plant, of its endpoint, one, or all', async () => {
    for (const [name, scope, count] of [
      ['P001', { plant: 'P001' }, 4], ['P002/*', { plant: 'P002' }, 4], ['batch-endpoint-plant-P002', { plant: 'P002' }, 4], ['all', 'all', 8],
      ['P001/C003', { plant: 'P001', circuit: 'C003' }, 1], ['batch-endpoint-plant-P001/deployment-circuit-C003', { plant: 'P001', circuit: 'C003' }, 1],
    ] as const) {
      const named = await nameOf(name);
      assert.deepEqual([named?.scope, named?.count, named?.circuits.length, named?.production.workspace], [scope, count, count, 'prod-ml-workspace'], name);
    }
    assert.deepEqual((await nameOf('P002'))?.circuits[1], { target: { plant: 'P002', circuit: 'C002' }, endpoint: 'batch-endpoint-plant-P002', deployment: 'deployment-circuit-C002' });
  });

  it('that the estate does not know stands for none', async () => {
    for (const name of ['model-server', 'P003', 'P001/', 'P001/C009', 'C001', 'releaseChange', 'All', 'P00*', '']) assert.equal(await nameOf(name), null, name);
  });
});
