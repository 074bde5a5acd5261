/** `investigateDegradation` as a whole, its worker killed over each effect before it is recorded: one report, one work item, one rollback. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { investigateDegradation } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import type { InvestigateDegradationResult } from '../../workflows/domain/degradation.ts';
import { scoreBadly } from '../support/degraded-models.ts';
import { deploymentOf } from '../support/platform-state.ts';
import { sameThoughKilled } from '../recovery/support/whole-runs.ts';

const target = { plant: 'P001', circuit: 'C001' };
const nobody = () => () => Promise.resolve();

test('a model that went bad: reported once and rolled back once, though the worker dies over each effect before it is recorded', async (context) => {
  await sameThoughKilled<InvestigateDegradationResult, { predictionsUri: string }>(context, {
    estate: { settle: '2s', monitoring: { for: '2s', every: '1s', rollback: '2s' } },
    prepare: (stack) => scoreBadly(stack, target),
    start: async (stack, { predictionsUri }) => (await startRunbook(stack.client, investigateDegradation, { target, asOf: '2015-12-31', predictionsUri, alert: { name: 'mae-high' } }, { startedBy: 'alice' })).workflowId,
    people: nobody,
    effects: ['writeDegradationReport'],
    isOwn: (change) => /prod\/batchEndpoints|registry\/models|workitems|reports?|degradation|\/data\//i.test(change),
    messages: /was rolled back from/,
    started: ['investigateDegradation', 'rollBackModel', 'reviewBypass', 'coordinateIncident'],
  }, async ({ stack, result }) => {
    assert.deepEqual([result.finding, result.next?.runbook, result.next?.state, result.next?.outcome], ['model', 'rollBackModel', 'started', 'succeeded'], result.reason);
    assert.equal((await deploymentOf(stack, target)).tags['model_version'], '1');
  });
});

test('faulty data: reported once and filed once, though the worker dies over each effect before it is recorded', async (context) => {
  await sameThoughKilled<InvestigateDegradationResult, undefined>(context, {
    estate: { settle: '2s' },
    prepare: () => Promise.resolve(undefined),
    start: async (stack) => (await startRunbook(stack.client, investigateDegradation, { target, waitForDataMs: 0 }, { startedBy: 'alice' })).workflowId,
    people: nobody,
    effects: ['writeDegradationReport', 'createWorkItem'],
    isOwn: () => true,
    messages: /./,
    started: ['investigateDegradation'],
  }, ({ result }) => {
    assert.deepEqual([result.outcome, result.finding], ['succeeded', 'data'], result.reason);
    assert.ok(result.workItem !== null);
    return Promise.resolve();
  });
});
