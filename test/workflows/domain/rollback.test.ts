import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeploymentSnapshot } from '../../../workflows/domain/release.ts';
import type { Preempted } from '../../../workflows/domain/resource-lock.ts';
import { chooseVersion, incidentHtml, rollbackTags, type RegisteredModel } from '../../../workflows/domain/rollback.ts';

const version = (name: string, verdict: RegisteredModel['verdict'] = 'good'): RegisteredModel => ({ version: name, assetId: `azureml:${name}`, verdict, problem: null });
const versions = [version('1'), version('2', 'bad'), version('3'), version('4'), version('5', null)];
const serves = (model_version: string, previous_version = ''): DeploymentSnapshot => ({ definition: {}, model: `azureml:${model_version}`, tags: { model_version, previous_version }, provisioningState: 'Succeeded' });
const preempted = (brought: string, before: string | null): Preempted => ({ workflowId: 'releaseModel:P:C:5', runId: 'r', version: brought, preImage: { version: before, model: null }, epoch: 1 });
const chosen = (...[input, serving, former]: [Parameters<typeof chooseVersion>[0], DeploymentSnapshot, Preempted | null]) => {
  const choice = chooseVersion(input, serving, former, versions);
  return choice.kind === 'none' ? choice.reason : [choice.from, choice.to.version, choice.previous];
};

describe('the version to go back to', () => {
  it('is what the tag of the deployment names, and the newest good one older than that comes before it', () => {
    assert.deepEqual(chosen({}, serves('4', '3'), null), ['4', '3', '1']);
  });

  it('is what served before a pre-empted release, whether or not its write has arrived', () => {
    assert.deepEqual(chosen({}, serves('4', '3'), preempted('5', '4')), ['5', '4', '3']);
    assert.deepEqual(chosen({}, serves('5', '4'), preempted('5', '4')), ['5', '4', '3']);
    assert.deepEqual(chosen({}, serves('5', '4'), preempted('5', null)), '5 has no previous version (tag previous_version)');
  });

  it('is older than the version that is said to be bad, though a release is under way', () => {
    assert.deepEqual(chosen({ from: '4' }, serves('4', '3'), preempted('5', '4')), ['4', '3', '1']);
  });

  it('is the newest good one, or the one that is named, when it is asked for', () => {
    assert.deepEqual(chosen({ to: 'newestGood' }, serves('5', '2'), null), ['5', '4', '3']);
    assert.deepEqual(chosen({ to: '1' }, serves('5', '2'), null), ['5', '1', null]);
  });

  it('is none where the tag is empty or names a bad one, where nothing serves, or where the bad one does not serve', () => {
    assert.equal(chosen({}, serves('5'), null), '5 has no previous version (tag previous_version)');
    assert.equal(chosen({}, serves('5', '2'), null), 'version 2 is recorded bad');
    assert.equal(chosen({}, { definition: null, model: null, tags: {}, provisioningState: null }, null), 'there is no such deployment in production');
    assert.equal(chosen({ from: '3' }, serves('5', '4'), null), '3 does not serve: 5 does');
    assert.equal(chosen({ to: '5' }, serves('5', '4'), null), '5 is the version to be rolled back');
    assert.equal(chooseVersion({}, serves('5', '2'), null, versions).kind === 'none' && chooseVersion({}, serves('5', '2'), null, versions).from, '5');
  });

  it('is offered where there is none: the newest good one that neither is the bad one nor serves already', () => {
    const offered = (...[input, serving]: [Parameters<typeof chooseVersion>[0], DeploymentSnapshot]) => {
      const choice = chooseVersion(input, serving, null, versions);
      return choice.kind === 'none' ? choice.offered : 'rolls back';
    };
    assert.equal(offered({}, serves('5', '2')), '4');
    assert.equal(offered({ from: '2' }, serves('4', '3')), '3');
    assert.equal(offered({ to: 'newestGood' }, serves('5', '2')), 'rolls back');
  });

  it('is doubted where it is not recorded good', () => {
    const choice = chooseVersion({ to: '5' }, serves('4', '3'), null, versions);
    assert.match(choice.kind === 'roll back' ? choice.doubt! : '', /^version 5 is not recorded good/);
  });
});

it('the tags of a rollback take the former previous version off where no good one is older', () => {
  const choice = chooseVersion({ to: '1' }, serves('5', '2'), null, versions);
  assert.ok(choice.kind === 'roll back');
  assert.deepEqual(rollbackTags(choice, 'run/1', 'alice'), { model_version: '1', rolled_back_from: '5', previous_version: null, released_by: 'alice', run: 'run/1' });
});

it('the incident escapes what people and logs say', () => {
  const html = incidentHtml({
    input: { target: { plant: 'P001', circuit: 'C001' }, reason: '<b>far</b> off' }, from: '5', to: '4', secondsToServing: 1.26, phases: [{ name: 'verifying', startedAt: '2026-11-21T03:00:00.000Z', endedAt: null }], alerts: [],
    log: { jobName: 'j', status: 'Failed', error: null, startedAt: null, jobs: 1, logUri: 'https://example.com/log', tail: ['<script>'], errors: [] }, inference: null, notes: ['a & b'], run: 'run/1',
  });
  assert.match(html, /^<p>P001\/C001 was rolled back from 5 to 4, which served 1\.3 s after the rollback had begun\. Reason: &lt;b&gt;far&lt;\/b&gt; off\. Started by nobody named; run run\/1\.<\/p>/);
  assert.match(html, /<li>2026-11-21T03:00:00\.000Z: verifying<\/li>.*None\..*<pre>&lt;script&gt;<\/pre>.*No test inference was made.*a &amp; b.*Root cause/s);
});
