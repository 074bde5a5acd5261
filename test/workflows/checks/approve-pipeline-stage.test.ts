import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { createStagePolicyActivities } from '../../../activities/estate/stage-policy-activities.ts';
import type { StageRun } from '../../../sandbox/azure-devops/checks/stage-runs.ts';
import { decide } from '../../../starters/decide.ts';
import type { ApprovePipelineStageResult } from '../../../workflows/domain/stage-check.ts';
import { eventually } from '../../support/eventually.ts';
import { credentials, StageChecks } from '../../support/stage-checks.ts';
import { holdpointAt } from '../../starters/run-holdpoint.ts';

let checks: StageChecks;

before(async () => {
  checks = await StageChecks.start();
  await checks.attach({ mode: 'enforce' });
});
after(() => checks.stop());

const posts = ({ planId }: StageRun) => checks.ledger(new RegExp(`/plans/${planId}/events$`)).map(({ status }) => status);

describe('a held stage', () => {
  it('waits for a person and goes on once approved; the token is gone then', async () => {
    const pullRequestId = await checks.pullRequest();
    const run = await checks.startRun({ pullRequestId, tests: { total: 120, passed: 120 } });
    const { card, requestedBy, measuredAgain } = await checks.gateOpen(run);
    assert.equal(measuredAgain, true);
    assert.equal(card.question, `Let Deploy of deploy-models run ${run.buildId} into production?`);
    assert.match(card.recommendation, new RegExp(`approve: all 120 tests passed, and pull request ${pullRequestId} was merged`));
    assert.deepEqual(requestedBy, ['dana']);
    const waiting = await checks.run(run);
    assert.deepEqual([waiting.result, waiting.checks[0]!.deliveries.map(({ status }) => status)], [null, [200]]);
    const { secret } = (await checks.handle(run).then((handle) => handle.fetchHistory())).events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads!.map((payload) => JSON.parse(Buffer.from(payload.data!).toString()) as { secret: string })[0]!;
    assert.notEqual(await checks.vault.get(secret), null);

    await checks.decide(run, 'approve', 'alice', 'looks right');
    const ended = await checks.stageEnded(run);
    assert.equal(ended.result, 'succeeded');
    assert.match(ended.log, /Holdpoint asks alice, bob, carol/);
    const result = await checks.result(run);
    assert.deepEqual([result.outcome, result.reason, result.answer?.delivery, result.answer?.credential], ['succeeded', 'alice approved', 'delivered', 'jobToken']);
    assert.equal(await checks.vault.get(secret), null);
    assert.deepEqual(posts(run), [200]);
  });

  it('fails when rejected, and the author may not approve', async () => {
    const run = await checks.startRun({ pullRequestId: await checks.pullRequest({ createdBy: 'bob' }), requestedFor: 'dana@example.com' });
    const { eligible, card } = await checks.gateOpen(run);
    assert.deepEqual(eligible, ['alice', 'carol']);
    assert.match(card.facts.join('\n'), /production has run \d+ of /); // the run of the test before
    await assert.rejects(checks.decide(run, 'approve', 'bob'), (error: Error) => /bob asked for this change and may not decide it/.test(String(error.cause)));
    await checks.decide(run, 'reject', 'carol', 'not on a Friday');
    assert.equal((await checks.stageEnded(run)).result, 'failed');
    const { outcome, reason } = await checks.result(run);
    assert.deepEqual([outcome, reason], ['rejected', 'carol rejected: not on a Friday']);
  });

  it('is listed, shown and answered by the command line', async () => {
    const run = await checks.startRun();
    await checks.gateOpen(run);
    const holdpoint = holdpointAt(checks.temporal.address);
    const { workflowId } = await checks.handle(run);
    await eventually(async () => {
      const listed = JSON.parse((await holdpoint(['list', '--waiting', '--json'])).stdout) as { workflowId: string; target: null; gate: { id: string } }[];
      assert.deepEqual(listed.map((entry) => [entry.workflowId, entry.target, entry.gate.id]), [[workflowId, null, 'stage']]);
    });
    const shown = await holdpoint(['show', workflowId]);
    assert.deepEqual([shown.code, shown.stdout.includes(`Let Deploy of deploy-models run ${run.buildId} into production?`)], [0, true]);
    const approved = await holdpoint(['approve', workflowId, '--gate', 'stage', '--as', 'alice']);
    assert.equal(approved.code, 0, approved.stderr);
    assert.equal((await checks.stageEnded(run)).result, 'succeeded');
  });

  it('has a checklist that a machine answers by reading the run once more; what it cannot look at is refused', async () => {
    const file = join(checks.directory, 'estate.yml');
    const before = await readFile(file, 'utf8');
    const estate = parse(before) as { azureDevOps: { stages: object } };
    // A severity of its own keeps the items of stages from the releases that share their gate.
    const withItems = (severity: string, ...ids: string[]) => writeFile(file, stringify({
      ...estate, azureDevOps: { ...estate.azureDevOps, stages: { ...estate.azureDevOps.stages, environments: { production: { severity: 'P3' } } } }, gateDefaults: [{ severity, checklist: ids.map((id) => ({ id, text: id, by: 'machine' })) }],
    }));
    try {
      await withItems('P3', 'pull-request-completed', 'tests-passed');
      const answers = async (run: StageRun) => await eventually(async () => {
        const { state, checklist } = await checks.gateOpen(run);
        assert.ok(checklist.length === 2 && checklist.every(({ ok }) => ok !== null));
        return [state, ...checklist.map(({ ok, comment }) => `${ok}: ${comment}`)];
      });
      await checks.control('POST', 'commits', { branch: 'refs/heads/main', by: 'dana@example.com', files: { 'README.md': 'pushed by hand, without a pull request' } });
      const doubtful = await checks.startRun({ tests: { total: 120, passed: 118 } });
      const seen = await answers(doubtful);
      assert.deepEqual(seen.map((line) => line.replace(/commit .*/, 'commit')), ['checklist', 'false: no pull request of this repository made commit', 'false: 118 of 120 tests passed']);
      await assert.rejects(checks.decide(doubtful, 'approve', 'alice'), (error: Error) => /the checklist is not answered: pull-request-completed, tests-passed/.test(String(error.cause)));
      await checks.decide(doubtful, 'reject', 'alice', 'no tests');
      await checks.result(doubtful);

      const pullRequestId = await checks.pullRequest();
      const good = await checks.startRun({ pullRequestId, tests: { total: 120, passed: 120 } });
      assert.deepEqual(await answers(good), ['open', `true: pull request ${pullRequestId} is completed`, 'true: 120 of 120 tests passed']);
      await checks.decide(good, 'approve', 'alice');
      assert.equal((await checks.result(good)).outcome, 'succeeded');

      // What went before is known now.
      await withItems('P3', 'tests-passed', 'previous-version-available');
      const next = await checks.startRun({ tests: { total: 1, passed: 1 } });
      assert.match((await answers(next)).join(), /^open,true: 1 of 1 tests passed,true: run .* of .* can be run again$/);
      await checks.decide(next, 'reject', 'alice', 'enough');
      await checks.result(next);

      const { loadStagePolicy } = createStagePolicyActivities({ estateFile: file });
      await withItems('P2', 'no-firing-alerts');
      assert.deepEqual((await loadStagePolicy({ environment: 'production' })).gate.checklist, []);
      await assert.rejects(loadStagePolicy({ environment: 'staging' }), /estate\.yml:\d+: gateDefaults\.0\.checklist\.0\.id: the gate before a pipeline's stage cannot check "no-firing-alerts"; .* \(environment staging\)/);
    } finally {
      await writeFile(file, before);
    }
  });

  it('is on record before Azure DevOps is told', async () => {
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.decide(run, 'approve', 'alice', 'recorded');
    await checks.result(run);
    const { events = [] } = (await (await checks.handle(run)).fetchHistory()) as { events?: { activityTaskScheduledEventAttributes?: { activityType?: { name?: string } } | null }[] };
    const steps = events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []).filter((name) => name === 'appendToRecord' || name === 'completeStageCheck');
    assert.ok(steps.indexOf('appendToRecord') >= 0 && steps.indexOf('appendToRecord') < steps.indexOf('completeStageCheck'), steps.join());
  });

  it('is one run however often Azure DevOps delivers its check, and no token is in its history', async () => {
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.control('POST', `stage-runs/${run.buildId}/redeliver`);
    await checks.control('POST', `stage-runs/${run.buildId}/redeliver`);
    const { checks: [check] } = await checks.run(run);
    assert.deepEqual(check!.deliveries.map(({ status }) => status), [200, 200, 200]);
    assert.equal((await checks.workflowsOf(run)).length, 1);
    await checks.decide(run, 'approve', 'alice');
    await checks.result(run);
    const history = JSON.stringify(await (await checks.handle(run)).fetchHistory());
    const payloads = [...history.matchAll(/"data":"([^"]+)"/g)].map(([, data]) => Buffer.from(data!, 'base64').toString()).join('\n');
    assert.equal(/eyJ[A-Za-z0-9_-]+\.eyJ/.test(`${payloads}${checks.log.join('')}`), false);
    // A delivery after the end finds the run closed, and leaves no token behind.
    await checks.control('POST', `stage-runs/${run.buildId}/redeliver`);
    assert.deepEqual(posts(run), [200]);
  });

  it('closes its gate when the pipeline is cancelled', async () => {
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.control('POST', `stage-runs/${run.buildId}/cancel`);
    const { outcome, reason, answer } = await checks.result(run);
    assert.deepEqual([outcome, answer], ['expired', null]);
    assert.match(reason, /was cancelled/);
    assert.deepEqual(posts(run), []);
  });

  it('closes its gate when the check times out in Azure DevOps, which skips the stage', async () => {
    await checks.attach({ mode: 'enforce', timeoutMinutes: 60 });
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.advance(2);
    const { outcome, reason } = await checks.result(run);
    assert.deepEqual([outcome, (await checks.run(run)).result], ['expired', 'skipped']);
    assert.match(reason, /timed out on the side of Azure DevOps/);
    await checks.attach({ mode: 'enforce' });
  });

  it('reports a decision that comes too late', async () => {
    await checks.attach({ mode: 'enforce', timeoutMinutes: 60 });
    const run = await checks.startRun();
    await checks.gateOpen(run);
    // Nobody sees that the stage was skipped: the look at its timeline fails.
    await checks.control('POST', 'faults', { match: { method: 'GET', path: `/build/builds/${run.buildId}/timeline$`, times: 1000 }, effect: { kind: 'status', status: 503 } });
    await checks.advance(2);
    await checks.decide(run, 'approve', 'alice');
    const { outcome, reason, answer } = await checks.result(run);
    assert.deepEqual([outcome, answer?.delivery, (await checks.run(run)).result], ['expired', 'late', 'skipped']);
    assert.match(reason, /alice approved, but too late: the check had ended as "skipped"/);
    assert.deepEqual(posts(run), []);
    await checks.control('DELETE', 'faults').catch(() => undefined); // it answers without a body
    await checks.attach({ mode: 'enforce' });
  });

  it('asks again when another run was deployed meanwhile', async () => {
    const [first, second] = [await checks.startRun(), await checks.startRun()];
    const shown = await checks.gateOpen(first);
    await checks.gateOpen(second);
    await checks.decide(second, 'approve', 'alice');
    assert.equal((await checks.stageEnded(second)).result, 'succeeded');
    await checks.decide(first, 'approve', 'alice');
    await eventually(async () => assert.equal((await checks.gateOpen(first)).generation, 1));
    assert.match((await checks.gateOpen(first)).changes.join(), /deployment before/);
    assert.equal((await checks.run(first)).result, null);
    assert.equal(shown.generation, 0);
    await checks.decide(first, 'approve', 'carol');
    assert.equal((await checks.stageEnded(first)).result, 'succeeded');
  });

  it('fails its check when the run is cancelled, so that nothing waits for a decision that nobody will make', async () => {
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await (await checks.handle(run)).cancel();
    assert.equal((await checks.stageEnded(run)).result, 'failed');
  });
});

describe('observe mode', () => {
  it('lets the stage pass at once, and records what a person would have said', async () => {
    assert.equal((await checks.attach({ mode: 'observe' })).action, 'changed');
    const run = await checks.startRun();
    assert.equal((await checks.stageEnded(run)).result, 'succeeded');
    const { card, measuredAgain } = await checks.gateOpen(run);
    assert.match(card.facts[0]!, /observe mode: the stage has passed already/);
    assert.equal(measuredAgain, false);
    await checks.decide(run, 'reject', 'carol', 'too many changes');
    const { outcome, observed, answer } = await checks.result(run);
    assert.deepEqual([outcome, answer?.result, answer?.delivery], ['rejected', 'succeeded', 'delivered']);
    assert.deepEqual([observed?.verdict, observed?.by, observed?.reason], ['rejected', ['carol'], 'too many changes']);
    assert.ok(Date.parse(observed!.at) > 0);
    assert.equal((await checks.run(run)).result, 'succeeded');
    await checks.attach({ mode: 'enforce' });
  });
});

describe('after the token has expired', () => {
  for (const [name, hours] of [['49 hours', 49], ['20 days', 480]] as const) {
    it(`an answer after ${name} goes by the service's own credential`, async () => {
      const run = await checks.startRun();
      await checks.gateOpen(run);
      await checks.advance(hours);
      await checks.decide(run, 'approve', 'alice');
      assert.equal((await checks.stageEnded(run)).result, 'succeeded');
      const { outcome, answer } = await checks.result(run);
      assert.deepEqual([outcome, answer?.delivery, answer?.credential], ['succeeded', 'delivered', 'service']);
    });
  }

  it('where the service may not answer, the run keeps trying, and a repaired permission lets it through', async () => {
    await checks.control('PUT', 'check-settings', { serviceCredentialCompletes: false });
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.advance(49);
    await checks.decide(run, 'approve', 'alice');
    const handle = await checks.handle(run);
    await eventually(async () => {
      const { raw } = await handle.describe();
      assert.match(raw.pendingActivities?.[0]?.lastFailure?.message ?? '', /403/);
    });
    assert.equal((await checks.run(run)).result, null);
    await checks.control('PUT', 'check-settings', { serviceCredentialCompletes: true });
    assert.equal((await checks.result(run)).answer?.delivery, 'delivered'); // within the 10 s of a refused credential
  });
});

describe('the polling form', () => {
  it('answers from the state of the run whenever Azure DevOps asks, also after 20 days', async () => {
    await checks.attach({ form: 'polling', timeoutMinutes: 43_200 });
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.advance(73); // one evaluation each 72 hours
    await eventually(async () => assert.ok((await checks.run(run)).checks[0]!.deliveries.length >= 2));
    assert.equal((await checks.run(run)).result, null);
    await checks.advance(17 * 24 - 1);
    await eventually(async () => assert.ok((await checks.run(run)).checks[0]!.deliveries.length >= 3));
    assert.equal((await checks.workflowsOf(run)).length, 1);
    await checks.decide(run, 'approve', 'alice');
    const { outcome, answer } = await checks.result(run);
    assert.deepEqual([outcome, answer?.delivery], ['succeeded', 'fetched']);
    assert.equal((await checks.run(run)).result, null);
    await checks.advance(73);
    assert.equal((await checks.stageEnded(run)).result, 'succeeded');
    assert.deepEqual(posts(run), []);
  });

  it('what was approved while it was only observed lets nothing pass once the check is enforced', async () => {
    await checks.attach({ form: 'polling', mode: 'enforce', timeoutMinutes: 43_200 });
    const run = await checks.startRun();
    const gate = await checks.gateOpen(run);
    const asked = await checks.handle(run);
    // The same stage, asked for in the other mode, as after the check was changed.
    const post = async (mode: string) => {
      const { projectId, planId, timelineId, stage, checks: [own] } = await checks.run(run);
      const headers = { PlanUrl: checks.settings.devOpsUrl, ProjectId: projectId, HubName: 'build', PlanId: planId, JobId: own!.jobId, TimelineId: timelineId, TaskInstanceId: own!.taskInstanceId };
      const response = await fetch(`${checks.receiverUrl}/checks/azure-pipelines`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ buildId: String(run.buildId), stage, attempt: '1', environment: 'production', environmentId: '2', mode, form: 'polling' }),
      });
      return (await response.json()) as { status: string; observed?: string; workflowId: string };
    };
    const observed = await post('observe');
    assert.notEqual(observed.workflowId, asked.workflowId);
    const observing = checks.temporal.client.workflow.getHandle(observed.workflowId);
    await eventually(async () => assert.ok(await observing.query('gate')));
    await decide(checks.temporal.client.workflow, { workflowId: observed.workflowId }, { gate: 'stage', verdict: 'approve', by: 'alice' });
    assert.equal(((await observing.result()) as ApprovePipelineStageResult).outcome, 'succeeded');
    assert.deepEqual([(await post('observe')).observed, (await post('enforce')).status, gate.decisions], ['approved', 'waiting', []]);
    await checks.advance(73);
    await eventually(async () => assert.ok((await checks.run(run)).checks[0]!.deliveries.length >= 2));
    assert.equal((await checks.run(run)).result, null);
    await asked.terminate('a test');
    await checks.control('POST', `stage-runs/${run.buildId}/cancel`);
  });

  it('a rejection never lets the stage pass: Azure DevOps asks on, and its timeout skips it', async () => {
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.decide(run, 'reject', 'carol', 'no');
    await checks.result(run);
    await checks.advance(73);
    await eventually(async () => assert.ok((await checks.run(run)).checks[0]!.deliveries.length >= 2));
    assert.equal((await checks.run(run)).result, null);
    await checks.advance(31 * 24);
    assert.equal((await checks.stageEnded(run)).result, 'skipped');
    await checks.attach({ form: 'callback' });
  });
});
