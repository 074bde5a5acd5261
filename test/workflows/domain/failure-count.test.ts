import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countFailures, defaultFailureRules as rules, emptyCount, readEndedRun, readFailures, runEnded, runStarted, settleJobs, tooMany, type FailureCount, type TrainingFailure } from '../../../workflows/domain/failure-count.ts';

const start = Date.parse('2026-11-21T00:00:00.000Z');
const hour = 3_600_000;
const iso = (afterMs: number): string => new Date(start + afterMs).toISOString();
const failure = (jobName: string, afterMs: number): TrainingFailure => ({ jobName, target: { plant: 'P001', circuit: 'C001' }, failedAt: iso(afterMs) });
const count = (times: number[], nowMs = Math.max(...times)): FailureCount => countFailures(emptyCount('dev'), times.map((time, index) => failure(`job-${index}`, time)), rules, iso(nowMs));
const names = (failures: TrainingFailure[] | null): string[] | undefined => failures?.map(({ jobName }) => jobName);

describe('too many training failures', () => {
  it('five are not, six are', () => {
    assert.equal(tooMany(count([0, 1, 2, 3, 4]), rules), null);
    assert.equal(tooMany(count([0, 1, 2, 3, 4, 5]), rules)?.length, 6);
  });

  it('a window of 24 hours slides: one that is a millisecond inside counts, one that is 24 hours old does not', () => {
    assert.equal(tooMany(count([0, 1, 2, 3, 4, 24 * hour]), rules), null);
    assert.equal(tooMany(count([0, 1, 2, 3, 4, 24 * hour - 1]), rules)?.length, 6);
    assert.deepEqual(names(tooMany(count([0, 10 * hour, 11 * hour, 12 * hour, 13 * hour, 14 * hour, 24 * hour]), rules)), ['job-1', 'job-2', 'job-3', 'job-4', 'job-5', 'job-6']);
  });

  it('is judged by when they failed, not by when they were told', () => {
    assert.equal(tooMany(count([0, 1, 2, 3, 4, 5], 30 * hour), rules)?.length, 6);
    assert.equal(count([0, 1], 48 * hour + 1).counted.length, 0); // two windows old
  });

  it('a job counts once, however often it is told; a failure of the future counts as of now', () => {
    const once = count([0, 1, 2, 3, 4]);
    const again = countFailures(once, [failure('job-0', 0), failure('job-0', 9), failure('job-9', 9), failure('job-9', 9)], rules, iso(10));
    assert.equal(again.counted.length, 6);
    assert.equal(countFailures(emptyCount('dev'), [failure('job-0', 99 * hour)], rules, iso(0)).counted[0]!.failedAt, iso(0));
  });

  it('what a run deals with counts no more, told again or not; other failures do', () => {
    const six = count([0, 1, 2, 3, 4, 5]);
    const running = runStarted(six, { workflowId: 'resolve', runId: 'r1', startedAt: iso(6), jobs: names(tooMany(six, rules))! });
    assert.deepEqual([running.counted.length, running.run?.runId], [0, 'r1']);
    const seventh = countFailures(running, [...six.counted, failure('job-6', 6)], rules, iso(7));
    assert.deepEqual([names(seventh.counted), tooMany(seventh, rules)], [['job-6'], null]);
    const ended = runEnded(seventh, { workflowId: 'resolve', runId: 'r1', jobs: ['job-6', 'retry-1'] }, iso(8));
    assert.deepEqual([ended.run, ended.counted.length], [null, 0]);
    assert.equal(countFailures(ended, [failure('retry-1', 8)], rules, iso(9)).counted.length, 0);
  });

  it('the end of another run leaves the one that is under way there', () => {
    const running = runStarted(emptyCount('dev'), { workflowId: 'resolve', runId: 'r2', startedAt: iso(0), jobs: [] });
    assert.equal(runEnded(running, { workflowId: 'resolve', runId: 'r1', jobs: ['a'] }, iso(1)).run?.runId, 'r2');
  });

  it('keeps no more than it can carry', () => {
    const many = Array.from({ length: 600 }, (_, index) => failure(`job-${index}`, index));
    const kept = countFailures(emptyCount('dev'), many, rules, iso(600));
    assert.deepEqual([kept.counted.length, kept.counted.at(-1)?.jobName], [500, 'job-599']);
    assert.equal(settleJobs(kept, many.map(({ jobName }) => jobName), iso(601)).settled.length, 500);
  });

  it('what is no failure is not read as one', () => {
    const good = failure('job-1', 0);
    assert.deepEqual(readFailures(good), [good]);
    assert.deepEqual(readFailures([good, null, 'x', {}, { ...good, jobName: '' }, { ...good, failedAt: 'yesterday' }, { ...good, target: null }, { undecodable: 'protobuf' }]), [good]);
    assert.deepEqual(readEndedRun({ workflowId: 'w', runId: 'r', jobs: ['a', 1] }), { workflowId: 'w', runId: 'r', jobs: ['a'] });
    assert.deepEqual([readEndedRun(null), readEndedRun({ workflowId: 'w' })], [null, null]);
  });
});
