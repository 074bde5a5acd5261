import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Audit } from '../../starters/audit/audit.ts';
import { Releases, circuitChange } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { holdpointAt } from './run-holdpoint.ts';

const stack = await Stack.start({ estate: { monitoring: { for: '2s', every: '1s' } } });
after(() => stack.stop());

describe('a release of the whole product', () => {
  it('is on record from its first gate to its end, and agrees with history and platform', async () => {
    await stack.startWorker();
    const releases = new Releases(stack);
    const { releases: [id] } = await releases.train(circuitChange({ plant: 'P001', circuit: 'C001' }));
    await releases.approveStages(id!);
    const { version, outcome } = await releases.result(id!);
    assert.equal(outcome, 'succeeded');
    const audit = async (...args: string[]): Promise<Audit> => {
      const { stdout, stderr } = await holdpointAt(stack.environment['TEMPORAL_ADDRESS']!)(['audit', '--json', ...args], { environment: { ...stack.environment } });
      assert.notEqual(stdout, '', stderr);
      return JSON.parse(stdout) as Audit;
    };
    const { runs: [run], findings } = await audit(id!, '--verify');
    assert.deepEqual(findings, []);
    assert.deepEqual(run!.gates.map(({ gate, closed }) => [gate, closed?.state, closed?.by]), [['stage1', 'approved', ['alice']], ['stage3', 'approved', ['bob']]]);
    assert.match(run!.builds.join(), /^\d+\.\d+\.\d+\+bundle\.[0-9a-f]{12}$/);
    const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
    const period = await audit('--period', `${day(0)}..${day(1)}`, '--verify');
    assert.deepEqual(period.findings, []);
    const [change] = period.changes;
    assert.deepEqual([change?.run?.split('/')[0], change?.version, change?.decidedBy, change?.shownBy], [id, version, ['bob'], ['record', 'platform']]);
  });
});
