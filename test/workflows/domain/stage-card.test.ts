import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipCard } from '../../../workflows/domain/card-text.ts';
import { cardBytes, renderOpenCard } from '../../../workflows/domain/card.ts';
import { compareEvidence } from '../../../workflows/domain/evidence.ts';
import { stageCard, stageItems } from '../../../workflows/domain/stage-card.ts';
import { approvePipelineStageId, type ApprovePipelineStageInput, type StageEvidence } from '../../../workflows/domain/stage-check.ts';

const id = '11111111-1111-4111-8111-111111111111';
const input: ApprovePipelineStageInput = { check: { projectId: id, hub: 'build', planId: id, timelineId: id, jobId: id, taskInstanceId: id }, buildId: 7, stage: 'Deploy to EU', attempt: 1, environment: { id: 2, name: 'production' }, mode: 'enforce', form: 'callback', secret: 'check-1' };
const evidence: StageEvidence = {
  pipeline: { id: 2, name: 'deploy-models' }, build: { id: 7, number: '20261121.7', url: 'https://example.com' }, branch: 'refs/heads/main', commit: 'c0ffee0123456789', requestedFor: 'dana@example.com',
  pullRequest: { id: 5, title: 'Tune', url: 'https://example.com/5', createdBy: 'dana@example.com' }, pullRequestStatus: 'active', changes: [], tests: { total: 10, passed: 10 }, previous: null,
};

void test('the recommendation names every doubt', () => {
  assert.match(stageCard(input, evidence).recommendation, /^approve: all 10 tests passed/);
  assert.equal(stageCard(input, { ...evidence, tests: { total: 10, passed: 8 } }).recommendation, 'look closely: 2 of 10 tests did not pass.');
  assert.equal(stageCard(input, { ...evidence, tests: null, pullRequest: null }).recommendation, 'look closely: no test results; no pull request reviewed this commit.');
});

void test('an observing card says that nothing waits, a polling one when its decision takes effect', () => {
  assert.match(stageCard({ ...input, mode: 'observe' }, evidence).change, /^changes nothing/);
  assert.match(stageCard({ ...input, form: 'polling' }, evidence).change, /when it asks next/);
});

void test('the card stays on one screen whatever the pipeline was called', () => {
  const long = 'x'.repeat(300);
  const changes = Array.from({ length: 20 }, (_, index) => ({ id: `${index}`.padStart(40, 'a'), message: long, author: long }));
  const card = clipCard(stageCard({ ...input, stage: long.slice(0, 200) }, { ...evidence, pipeline: { id: 2, name: long }, changes, pullRequest: { ...evidence.pullRequest!, title: `# [link](https://evil.example) ${long}` } }));
  const text = renderOpenCard({ card, gate: 'stage', evidence: 'a'.repeat(12), approvers: ['alice'], quorum: 1, approvedBy: [], missingGroups: [], silence: 'the stage fails', deadline: '2026-11-24T12:00:00Z', neverDue: [], effectiveAt: null, identity: 'claimed', changes: [], isLast: false, warning: null, answered: [], unanswered: [], proposals: [], inbox: null, lastAnswer: null });
  assert.ok(new TextEncoder().encode(text).length <= cardBytes);
  assert.equal(text.includes('[link]'), false);
});

void test('another deployment meanwhile is a material change; the same evidence measured again is none', () => {
  const before = stageItems(evidence, '2026-11-21T10:00:00Z');
  const rules = { lifetimeMs: null, tolerance: {} };
  assert.equal(compareEvidence(before, stageItems(evidence, '2026-11-21T11:00:00Z'), rules, '2026-11-21T11:00:00Z').state, 'unchanged');
  assert.equal(compareEvidence(before, stageItems({ ...evidence, pullRequestStatus: 'completed' }, '2026-11-21T11:00:00Z'), rules, '2026-11-21T11:00:00Z').state, 'unchanged', 'its pull request was merged while the stage waited');
  const other = { ...evidence, previous: { buildId: 6, buildNumber: '6', stage: 'Deploy', finishedAt: '2026-11-21T10:30:00Z', commit: null } };
  assert.equal(compareEvidence(before, stageItems(other, '2026-11-21T11:00:00Z'), rules, '2026-11-21T11:00:00Z').state, 'changed');
});

void test('a workflow id has no part that could be taken for another', () => {
  assert.equal(approvePipelineStageId(input), `approvePipelineStage:${id}:7:Deploy%20to%20EU:${id}`);
  assert.equal(approvePipelineStageId({ ...input, form: 'polling', stage: 'a:b/c', attempt: 2 }), `approvePipelineStage:${id}:7:a%3Ab%2Fc:2-production-2-enforce`);
});
