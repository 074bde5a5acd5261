import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { findLastChange } from '../../../starters/now/last-change.ts';
import { nearestTargets, readTarget } from '../../../starters/now/named-target.ts';
import { Sources } from '../../../starters/now/sources.ts';
import type { DeploymentState } from '../../../starters/audit/production-changes.ts';
import type { AuditedRun } from '../../../starters/audit/recorded-run.ts';

const plants = { P001: { station: 'Seattle', circuits: { C001: { column: 'a' }, C002: { column: 'b' } } }, P002: { station: 'New York', circuits: { C001: { column: 'a' } } } };
const resource = 'prod/endpoint/deployment';
const deployment: DeploymentState = { target: { plant: 'P001', circuit: 'C001' }, resource, exists: true, taggedVersion: '42', servedVersion: '42', releasedBy: 'alice', run: 'releaseModel:P001:C001:42/r', changedAt: '2026-11-20T10:00:10.000Z', changedBy: 'worker' };
const recordedRun = (at: string): AuditedRun => ({
  workflowId: 'releaseModel:P001:C001:42', runId: 'r', runbook: 'releaseModel', target: null, firstEntryAt: '2026-11-20T09:00:00.000Z', lastEntryAt: at, builds: [], blocks: [], approvedElsewhere: [], findings: [], entries: [],
  gates: [{ gate: 'stage3', generation: 0, opened: null, closed: { kind: 'gateClosed', gate: 'stage3', generation: 0, state: 'approved', by: ['bob'], except: [], checks: [], reason: '', remeasured: [], bypass: null, effectiveAt: null, at: '2026-11-20T09:59:00.000Z', block: 0, build: '' }, changes: [], answers: [], uncounted: [] }],
  effects: [{ kind: 'effect', step: 'production deployment', what: 'P001-C001 42', platform: 'azure-ml', resource, before: '1', after: '42', at, block: 0, build: '' }], closed: null,
});

describe('what holdpoint now is put together from', () => {
  it('reads a target as people and as ids write it, and offers the nearest', () => {
    assert.deepEqual([readTarget('P001/C001'), readTarget(' P001:C002 ')], [{ plant: 'P001', circuit: 'C001' }, { plant: 'P001', circuit: 'C002' }]);
    assert.deepEqual(['P001', 'P001/C001/x', 'P 1/C1', '/C001', ''].map(readTarget), [null, null, null, null, null]);
    assert.deepEqual(nearestTargets({ plants }, 'p002/c01')[0], 'P002/C001');
  });

  it('takes the last change from record and platform, from either alone, and names what they do not agree on', () => {
    const at = '2026-11-20T10:00:00.000Z';
    const both = findLastChange({ resource, workspace: 'prod', deployment, runs: [recordedRun(at)] });
    assert.deepEqual([both.change?.at, both.change?.by, both.change?.shownBy, both.findings], [at, ['bob'], ['record', 'platform'], []]);
    const shown = findLastChange({ resource, workspace: 'prod', deployment, runs: null });
    assert.deepEqual([shown.change?.version, shown.change?.by, shown.change?.shownBy], ['42', ['alice'], ['platform']]);
    const recorded = findLastChange({ resource, workspace: 'prod', deployment: null, runs: [recordedRun(at)] });
    assert.deepEqual([recorded.change?.version, recorded.change?.shownBy], ['42', ['record']]);
    const byHand = findLastChange({ resource, workspace: 'prod', deployment: { ...deployment, changedAt: '2026-11-20T12:00:00.000Z', changedBy: 'mallory' }, runs: [recordedRun(at)] });
    assert.deepEqual([byHand.change?.run, byHand.change?.at], [null, '2026-11-20T12:00:00.000Z']);
    assert.match(byHand.findings.join(), /changed at 2026-11-20T12:00:00.000Z by mallory, without a run on record/);
    const settings: AuditedRun = { ...recordedRun(at), workflowId: 'recoverBatchJob:P001:C001:job', runbook: 'recoverBatchJob', gates: [], effects: [{ kind: 'effect', step: 'settings', what: 'mini_batch_size from 10 to 5', platform: 'azure-ml', resource, before: '{}', after: '{"miniBatchSize":5}', at: '2026-11-20T11:00:00.000Z', block: 1, build: '' }] };
    const retuned = findLastChange({ resource, workspace: 'prod', deployment: { ...deployment, changedAt: '2026-11-20T11:00:01.000Z' }, runs: [recordedRun(at), settings] });
    assert.deepEqual([retuned.findings, retuned.change?.version, retuned.change?.what], [[], null, 'settings: mini_batch_size from 10 to 5']);
    assert.equal(findLastChange({ resource, workspace: 'prod', deployment: null, runs: null }).change, null);
    assert.equal(findLastChange({ resource, workspace: 'prod', deployment: { ...deployment, exists: false, changedAt: null }, runs: [] }).change, null);
  });

  it('names a source that is late or fails, and keeps what the others say', async () => {
    const sources = new Sources({ withinMs: 60, explain: (error) => ({ reason: (error as Error).message, kind: 'refused' }) });
    const read = await Promise.all([sources.read('quick', async () => 1), sources.read('late', () => sleep(5_000, 2, { ref: false })), sources.read('broken', async () => { throw new Error('no such thing\nat line 1'); })]);
    assert.deepEqual(read, [1, null, null]);
    assert.deepEqual(sources.unread, [{ source: 'broken', reason: 'no such thing', kind: 'refused' }, { source: 'late', reason: 'did not answer in time', kind: 'away' }]);
  });
});
