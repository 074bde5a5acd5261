import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseEstate, readEstate } from '../../../activities/estate/estate-file.ts';
import { createEstateActivities } from '../../../activities/estate/index.ts';
import { targetPolicy } from '../../../activities/estate/target-policy.ts';
import { failure } from '../support/platforms.ts';

const demo = await readFile('estate/demo.yml', 'utf8');
const lineOf = (text: string): number => demo.slice(0, demo.indexOf(text)).split('\n').length;

void test('the demo\'s estate gives each circuit its policy', async () => {
  const { loadPolicy, loadReleaseRules } = createEstateActivities({ estateFile: 'estate/demo.yml' });
  const policy = await loadPolicy({ target: { plant: 'P002', circuit: 'C003' } });
  assert.deepEqual([policy.endpoint, policy.deployment, policy.sensor], ['batch-endpoint-plant-P002', 'deployment-circuit-C003', { station: 'New York', column: 'wind' }]);
  assert.deepEqual([policy.gates.stage1.clock.decide.afterMs, policy.gates.stage3.clock.remind[0]!.afterMs, policy.gates.rollback.onSilence], [72 * 3_600_000, 4 * 3_600_000, 'approve']);
  assert.deepEqual(policy.monitoring, { forMs: 10_000, everyMs: 2_000, runbookForMs: 86_400_000, rollbackForMs: 10_000, breachSeverity: 3, onBreach: 'gate' });
  assert.deepEqual(policy.recovery, { miniBatchDivisor: 2, smallestMiniBatch: 1, timeoutFactor: 2, longestTimeoutMs: 600_000, maxRetries: 4, nextJobWithinMs: 26 * 3_600_000, pollMs: 60_000 });
  assert.equal(policy.settleMs, 15_000);
  const other = await loadPolicy({ target: { plant: 'P001', circuit: 'C003' } });
  assert.notEqual(policy.digest, other.digest);
  assert.match(policy.digest, /^[0-9a-f]{64}$/);
  const rules = await loadReleaseRules({});
  assert.deepEqual([rules.releaseBranch, rules.maxParallel], ['refs/heads/main', 5]);
});

void test('a circuit whose pipeline deploys tells which release, or which run, goes back', async () => {
  const estate = (redeploy: string) => parseEstate(demo.replace('C001: temp_max', `C001: {column: temp_max, execution: {training: accompany, redeploy: ${redeploy}}}`), 'estate.yml');
  const executionOf = (circuit: string, redeploy = '{release: deploy-models, stage: Production, within: 5m}') => {
    const policy = targetPolicy(estate(redeploy), { plant: 'P001', circuit });
    return 'problem' in policy ? assert.fail(policy.problem) : policy.execution;
  };
  assert.deepEqual(executionOf('C001'), { training: 'accompany', redeploy: { release: 'deploy-models', stage: 'Production', answerMs: 30_000, withinMs: 300_000 } });
  assert.deepEqual(executionOf('C001', '{pipeline: 12, stage: Production}').redeploy, { pipeline: 12, stage: 'Production', answerMs: 30_000, withinMs: 600_000 });
  assert.deepEqual(executionOf('C002'), { training: 'native' });
  assert.throws(() => estate('{release: deploy-models}'), failure('EstateInvalid', true, /execution\.redeploy\.stage/));
  assert.throws(() => estate('{pipeline: true, stage: Production}'), failure('EstateInvalid', true, /execution\.redeploy\.pipeline: must be a name or a number/));
  for (const named of ['stage: Production', 'pipeline: deploy, release: deploy, stage: Production']) assert.throws(() => estate(`{${named}}`), failure('EstateInvalid', true, /execution\.redeploy: must name either a pipeline or a release/));
});

void test('an unknown target is refused with file, line and what there is', async () => {
  const { loadPolicy } = createEstateActivities({ estateFile: 'estate/demo.yml' });
  await assert.rejects(loadPolicy({ target: { plant: 'P003', circuit: 'C001' } }), failure('TargetUnknown', true, new RegExp(`^estate/demo.yml:${lineOf('plants:\n')}: plants: .*P001, P002`)));
  await assert.rejects(loadPolicy({ target: { plant: 'P001', circuit: 'toString' } }), failure('TargetUnknown', true, /plants\.P001\.circuits: there is no circuit P001\/toString.* Correct the name, or add it/));
  await assert.rejects(readEstate('estate/none.yml'), failure('EstateInvalid', true, /cannot be read \(ENOENT\); HOLDPOINT_ESTATE/));
});

for (const [what, from, to, complaint] of [
  ['a duration without a unit', 'settle: 15s', 'settle: 15', /:\d+: settle: must be a duration with its unit/],
  ['an unknown field', 'settle: 15s', 'settle: 15s\nsetle: 15s', /:\d+: setle: unknown field/],
  ['an approver who is nobody', 'approvers: [alice, bob, carol]', 'approvers: [alice, bob, carl]', /gates\.stage1\.approvers\.2: "carl" is nobody in people/],
  ['a quorum that four-eyes makes unreachable', 'quorum: 1', 'quorum: 3', /gates\.stage1\.quorum: 3 approvals can never be reached: 2 can answer when one approver asked/],
  ['a reminder after the deadline', 'remindAfter: 4h', 'remindAfter: 80h', /gates\.stage3\.remindAfter: must be shorter than the deadline/],
  ['an alias of two people', '- id: carol', '- id: carol\n    aliases: [DANA]', /people\.3\.id: "dana" already names carol/],
  ['a circuit that cannot be a name', 'C001: temp_max', 'C_1: temp_max', /plants\.P001\.circuits\.C_1: must be letters/],
  ['a circuit given twice', 'C002: temp_min', 'C001: temp_min', /not valid YAML: Map keys must be unique/],
  ['a branch that is none', 'refs/heads/main', 'main', /releaseBranch: must begin with refs\/heads\//],
  ['a deployment shared by all circuits', 'deployment-circuit-{circuit}', 'deployment', /azure\.deploymentName: must contain \{circuit\}/],
  ['a step of a recovery that changes nothing', 'settle: 15s', 'settle: 15s\nrecovery: {miniBatchDivisor: 1}', /recovery\.miniBatchDivisor: must be at least 1\.1/],
  ['a look for the next job that comes after the wait for it', 'settle: 15s', 'settle: 15s\nrecovery: {nextJobWithin: 1m, pollEvery: 2m}', /recovery\.pollEvery: must not be longer than the wait/],
  ['an unknown identity level', 'identity: claimed', 'identity: whatever', /gates\.stage1\.identity/],
] as const) {
  void test(`refused: ${what}`, () => {
    assert.ok(demo.includes(from));
    assert.throws(() => parseEstate(demo.replace(from, to), 'estate.yml'), failure('EstateInvalid', true, complaint));
  });
}

void test('a complaint names the line of its field', () => {
  const line = lineOf('    deadline: 30m');
  assert.throws(() => parseEstate(demo.replace('deadline: 30m', 'deadline: soon'), 'estate.yml'), failure('EstateInvalid', true, new RegExp(`^estate\\.yml:${line}: gates\\.rollback\\.deadline`)));
});
