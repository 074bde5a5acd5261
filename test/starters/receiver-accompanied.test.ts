import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseEstate } from '../../activities/estate/estate-file.ts';
import { accompaniedPolicy, accompaniesAny } from '../../activities/estate/accompanied.ts';
import { sourceProblem } from '../../activities/azure-devops/approval-sources.ts';
import type { ApprovalSource } from '../../workflows/domain/approval-tag.ts';
import { TagSightings } from '../../activities/azure-devops/tag-sightings.ts';

const demo = parse(readFileSync('estate/demo.yml', 'utf8')) as { plants: Record<string, object> };
const estate = (change: (copy: typeof demo & Record<string, unknown>) => void) => {
  const copy = structuredClone(demo) as typeof demo & Record<string, unknown>;
  change(copy);
  return parseEstate(stringify(copy), 'estate.yml');
};
const target = { plant: 'P001', circuit: 'C001' };

void test('a target is accompanied as the estate, its plant or its circuit says, with pipeline and tags', () => {
  assert.equal(accompaniesAny(estate(() => undefined)), false);
  const whole = estate((copy) => { copy['execution'] = { training: 'accompany', pipeline: 'train', modelTags: { build: 'ci_build', commit: 'git_sha' } }; });
  assert.deepEqual(accompaniedPolicy(whole, target)?.execution, { training: 'accompany', pipeline: 'train', modelTags: { build: 'ci_build', commit: 'git_sha' } });
  const plant = estate((copy) => { copy.plants['P002'] = { ...copy.plants['P002'], execution: { training: 'accompany' } }; });
  assert.equal(accompaniesAny(plant), true);
  assert.equal(accompaniedPolicy(plant, target), null);
  assert.ok(accompaniedPolicy(plant, { plant: 'P002', circuit: 'C003' }));
  assert.equal(accompaniedPolicy(plant, { plant: 'P009', circuit: 'C001' }), null);
});

void test('an estate with half a convention is refused with its line', () => {
  assert.throws(() => estate((copy) => { copy['execution'] = { training: 'accompany', modelTags: { build: 'ci_build' } }; }), /execution\.modelTags\.commit/);
  assert.throws(() => estate((copy) => { copy['execution'] = { training: 'follow' }; }), /execution\.training/);
});

void test('the estate names whose approvals count, each either of a pipeline or of a classic release', () => {
  const withApprovals = (approvals: object[]) => estate((copy) => { copy['azureDevOps'] = { project: 'ml-platform', approvals }; }).azureDevOps.approvals;
  assert.deepEqual(withApprovals([{ gate: 'stage1', pipeline: 'deploy', stage: 'Gate' }, { gate: 'stage3', release: 7, stage: 'Production' }]), [{ gate: 'stage1', pipeline: 'deploy', stage: 'Gate' }, { gate: 'stage3', release: 7, stage: 'Production' }]);
  assert.equal(estate(() => undefined).azureDevOps.approvals, undefined);
  assert.throws(() => withApprovals([{ gate: 'stage1', stage: 'Gate' }]), /azureDevOps\.approvals\.0.*either a pipeline or a release/s);
  assert.throws(() => withApprovals([{ gate: 'stage1', pipeline: 'a', release: 'b', stage: 'Gate' }]), /either a pipeline or a release/);
  assert.throws(() => withApprovals([{ gate: 'stage2', pipeline: 'a', stage: 'Gate' }]), /azureDevOps\.approvals\.0\.gate/);
});

void test('an approval counts by definition and stage, in any case of their names, and the refusal says what would', () => {
  const sources: ApprovalSource[] = [{ gate: 'stage1', pipeline: 'Deploy', stage: 'Gate' }, { gate: 'stage3', release: 7, stage: 'Production' }];
  const run = { ref: { kind: 'pipelines', id: 'a' }, definition: { id: 7, name: 'deploy' } } as const;
  const release = { ref: { kind: 'release', id: 1 }, definition: { id: 7, name: 'deploy' } } as const;
  assert.equal(sourceProblem(sources, run, ['gate', 'The gate'], 'stage1'), null);
  assert.equal(sourceProblem(sources, release, ['production'], 'stage3'), null);
  // Of the same number, but no pipeline; of the same name, but no release; of another gate.
  assert.equal(sourceProblem(sources, run, ['Production'], 'stage3'), 'it is of stage Production in pipeline deploy; for gate stage3 the estate counts only stage Production in release 7');
  assert.match(sourceProblem(sources, release, ['Gate'], 'stage1') ?? '', /it is of stage Gate in release deploy; .* only stage Gate in pipeline Deploy/);
  assert.match(sourceProblem(sources, run, ['Gate'], 'rollback') ?? '', /the estate counts no approval in Azure DevOps/);
  assert.match(sourceProblem(sources, run, [], 'stage1') ?? '', /its stage in pipeline deploy is not known/);
  assert.match(sourceProblem(sources, { ...run, definition: null }, ['Gate'], 'stage1') ?? '', /its pipeline is not known/);
});

void test('a tag counts only for who decided after it was seen, also in the next process, and not for ever', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-tags-'));
  const file = join(directory, 'new', 'tags.sqlite');
  const ref = { kind: 'pipelines', id: 'AB' } as const;
  const [one, two] = ['holdpoint.stage1.P001.C001.7', 'holdpoint.stage1.P001.C002.7'];
  const decided = (by: string) => [{ by, verdict: 'approve' as const, comment: '', at: '' }];
  try {
    let now = 0;
    const first = new TagSightings(file, () => now);
    first.note({ ref, tags: [one, 'other'], decisions: decided('Alice@example.com') });
    first.note({ ref, tags: [one, two], decisions: [...decided('alice@example.com'), ...decided('bob@example.com')] });
    first.close();
    const next = new TagSightings(file, () => now);
    const before = (tag: string) => ['alice@example.com', 'BOB@example.com', 'carol@example.com'].map((by) => next.wasBefore({ kind: 'pipelines', id: 'ab' }, tag, by));
    assert.deepEqual([before(one), before(two), before('other')], [[false, true, true], [false, false, true], [false, false, false]]);
    assert.equal(next.wasBefore({ kind: 'release', id: 1 }, one, 'bob@example.com'), false);
    next.note({ ref, tags: [two], decisions: decided('bob@example.com') });
    next.note({ ref, tags: [one, two], decisions: decided('bob@example.com') });
    assert.deepEqual(before(one), [true, false, true]); // it went and came back: what was known of it before is forgotten
    next.close();
    now = 91 * 24 * 3_600_000;
    const later = new TagSightings(file, () => now);
    assert.equal(later.wasBefore(ref, two, 'carol@example.com'), false);
    later.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
