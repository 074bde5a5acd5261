import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { parseEstate } from '../../activities/estate/estate-file.ts';
import { accompaniedPolicy, accompaniesAny } from '../../starters/receiver/accompanied.ts';

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
