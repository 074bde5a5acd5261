/** `retrainOnDrift` with activities that answer at once, on the statistics of the demo's real weather: each branch, each bad input, and the way to an investigation and back. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { analyseDrift } from '../../../activities/statistics/analyse-drift.ts';
import { decide } from '../../../starters/decide.ts';
import { investigateDegradation, retrainOnDrift as runbook, InputError } from '../../../starters/runbooks.ts';
import { AlreadyStarted, startRunbook } from '../../../starters/start-runbook.ts';
import { bundlePath } from '../../../workers/bundle.ts';
import type { InvestigateDegradationResult } from '../../../workflows/domain/degradation.ts';
import type { FinishRetrainingResult, ReleaseEnd, RetrainOnDriftInput, RetrainOnDriftResult } from '../../../workflows/domain/drift-retraining.ts';
import { FailureType } from '../../../workflows/domain/failures.ts';
import { stepKey } from '../../../workflows/domain/keys.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { scheduledRunId } from '../../../workflows/domain/ids.ts';
import { TaskQueue } from '../../../workflows/domain/queues.ts';
import type { RecordEntry } from '../../../workflows/domain/record.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import type { Outcome, Target } from '../../../workflows/domain/vocabulary.ts';
import { eventually } from '../../support/eventually.ts';
import { releaseActivities, steadyStatistics, testPolicy, type ReleaseActivities } from '../../support/release-activities.ts';
import { details } from '../../support/release-model-runs.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { weather } from '../../support/weather.ts';
import { approved, merged, PullRequest, waiting } from '../changes/support/pull-request.ts';

let temporal: TestWorkflowEnvironment;
before(async () => {
  temporal = await startTemporal();
});
after(() => temporal.teardown());

type Activities = Partial<ReleaseActivities>;
type Handle = WorkflowHandle<(input: unknown) => Promise<RetrainOnDriftResult>>;

/** A summer that is as the year before in Seattle, and far too warm in New York; its autumn began at once. */
const [summer, autumn] = ['2015-09-30', '2015-12-31'];
const seattle = { asOf: summer, plant: 'P001' };
const newYork = { asOf: summer, plant: 'P002' };

/** What the stand-in's storage would answer: the statistics themselves are the product's. */
const storage = (csv: string | null): Parameters<typeof analyseDrift>[0] => ({
  arm: { send: async <T>() => ({ status: 200, body: { properties: { accountName: 'a', containerName: 'c' } } as T, header: () => undefined }) },
  blob: { read: async () => csv },
});

class Retraining {
  readonly pullRequest = new PullRequest();
  readonly entries: RecordEntry[] = [];
  readonly moved: string[] = [];
  serving = '1';
  csv: string | null = weather;

  constructor() {
    this.pullRequest.standing = approved;
  }

  activities(more: Activities = {}): Activities {
    const { withdrawChange, ...review } = this.pullRequest.activities();
    return {
      ...review,
      withdrawChange: withdrawChange!,
      loadPolicy: async ({ target }) => ({ ...testPolicy(target), sensor: { station: target.plant === 'P001' ? 'Seattle' : 'New York', column: 'temp_max' } }),
      analyseDrift: (input) => analyseDrift(storage(this.csv), input),
      planConfigurationChange: async ({ target: { plant, circuit }, edit }) => ({
        kind: 'planned', repositoryId: 'b1a7', path: `config/plants/${plant}/${circuit}.yml`, baseCommit: 'ba5e', notes: [],
        changes: [{ field: 'training.cutoff_date', line: 2, before: '2015-06-30', after: `"${edit.cutoffDate}"` }], difference: ['-   cutoff_date: 2015-06-30', `+   cutoff_date: "${edit.cutoffDate}"`],
      }),
      awaitRelease: async ({ target: { plant, circuit } }) => { this.serving = '42-new'; return { kind: 'closed', workflowId: `releaseModel:${plant}:${circuit}:42-new`, version: '42-new', outcome: 'succeeded', reason: 'in production' }; },
      readBatchDeployment: async (ref) => ({ ...(await releaseActivities().readBatchDeployment(ref)), tags: { model_version: this.serving } }),
      moveDriftBaseline: async (input) => { this.moved.push(`${input.until} ${input.modelVersion}`); return steadyStatistics.moveDriftBaseline(input); },
      appendToRecord: async ({ run, entries }) => { if (run.runbook === 'retrainOnDrift') this.entries.push(...entries); return { block: 1, digest: '0'.repeat(64) }; },
      ...more,
    };
  }
}

let circuits = 300;
/** Runs of circuits of their own, and a replay of each afterwards: what is not deterministic fails there. */
async function retrain(activities: Activities, body: (start: (input: Partial<RetrainOnDriftInput> & { plant: string }) => Promise<{ handle: Handle; target: Target }>) => Promise<void>): Promise<void> {
  const started: Handle[] = [];
  await withReleaseWorkers(temporal, activities, () => body(async ({ plant, ...input }) => {
    circuits += 1;
    const target = { plant, circuit: `C${circuits}` };
    const { workflowId } = await startRunbook(temporal.client, runbook, { target, ...input }, { startedBy: 'alice' });
    started.push(temporal.client.workflow.getHandle(workflowId));
    return { handle: started.at(-1)!, target };
  }));
  const histories = await Promise.all(started.map(async (handle) => ({ workflowId: handle.workflowId, history: await handle.fetchHistory() })));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath: bundlePath } }, histories)) assert.equal(error, undefined, `${workflowId} does not replay`);
}

const investigationOf = ({ plant, circuit }: Target) => temporal.client.workflow.getHandle<(input: unknown) => Promise<InvestigateDegradationResult>>(`investigateDegradation:${plant}:${circuit}`);
const causeGate = (target: Target) => eventually(async () => {
  const view = await investigationOf(target).query<GateView | null>('gate');
  assert.equal(view?.gate, 'cause');
  return view;
});
const answer = (target: Target, verdict: 'approve' | 'reject', comment?: string) => decide(temporal.client.workflow, { workflowId: investigationOf(target).workflowId }, { gate: 'cause', verdict, by: 'carol', ...(comment !== undefined && { comment }) });

describe('retrainOnDrift', () => {
  it('retrains on what is expected and gradual, by a reviewed pull request, and moves the baseline once the new version serves', async () => {
    const retraining = new Retraining();
    const seen: { title: string; description: string; source: string }[] = [];
    await retrain(retraining.activities({ openPullRequest: async (input) => { seen.push(input); return { pullRequestId: retraining.pullRequest.id, url: 'https://example.com/pr' }; } }), async (start) => {
      const { handle, target } = await start(seattle);
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.finding, result.drifted, result.newCutoff], ['succeeded', 'retrain', ['temp_max', 'temp_min'], summer], result.reason);
      assert.deepEqual([result.reviewedBy, result.serving, result.release?.end?.kind, result.baseline?.until], [['dana'], '42-new', 'closed', summer]);
      assert.deepEqual((await handle.query<RunStatus>('status')).phases.map(({ name }) => name), ['reviewing the drift report', 'analysing the drift', 'updating the cutoff date', 'creating the pull request', 'review of the pull request', 'following the release', 'updating the drift monitor']);
      await assert.rejects(investigationOf(target).describe(), /not found/i);
    });
    const [{ title, source, description }] = seen as [(typeof seen)[0]];
    assert.match(`${title} ${source}`, /^Update training data for P001\/C\d+ \(drift detected\) refs\/heads\/feature\/retrain-P001-C\d+$/);
    assert.match(description, /^\*\*Drift\*\* of 2015-07-03 to 2015-09-30[^]*\| temp_max \|[^]*season, gradual[^]*drift\.html[^]*```diff\n- {3}cutoff_date: 2015-06-30\n\+ {3}cutoff_date: "2015-09-30"\n```[^]*for alice[^]*<!-- holdpoint:run retrainOnDrift:P001:C\d+ -->$/);
    assert.ok(description.length <= 4_000);
    assert.deepEqual(retraining.moved, ['2015-09-30 42-new']);
    assert.deepEqual(retraining.entries.map((entry) => (entry.kind === 'effect' ? entry.step : entry.kind)), ['finding', 'change', 'pull request', 'merge', 'drift baseline', 'closed']);
  });

  it('asks an investigation about what is unexpected; a person who approves there lets it go on, and it retrains once', async () => {
    const retraining = new Retraining();
    await retrain(retraining.activities(), async (start) => {
      const { handle, target } = await start(newYork);
      const { card } = await causeGate(target);
      assert.match(card.question, /^Start retrainOnDrift for P002\/C\d+\?$/);
      assert.match(card.recommendation, /retrainOnDrift:P002:C\d+ asks: a person decides\. temp_max moved .* unexpected: nothing declared explains it/);
      assert.equal(retraining.pullRequest.looks, 0, 'nothing is proposed before');
      await answer(target, 'approve');
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.finding, result.investigation?.by], ['succeeded', 'investigate', ['carol']], result.reason);
      const { next, outcome, decidedBy } = await investigationOf(target).result();
      assert.deepEqual([outcome, next?.runbook, next?.state, decidedBy], ['succeeded', 'retrainOnDrift', 'already running', ['carol']]);
      assert.match(next!.reason, /which asked for this investigation, goes on/);
      assert.deepEqual(retraining.moved, ['2015-09-30 42-new'], 'once');
    });
  });

  it('is known again by its investigation also where a schedule has started it, under an id of its period', async () => {
    const retraining = new Retraining();
    const target = { plant: 'P002', circuit: `C${(circuits += 1)}` };
    const workflowId = scheduledRunId(runbook.workflowId({ target }), '2026-Q4');
    const { plant: _plant, ...input } = newYork;
    await withReleaseWorkers(temporal, retraining.activities(), async () => {
      const handle = await temporal.client.workflow.start('retrainOnDrift', { taskQueue: TaskQueue.Runbooks, workflowId, args: [{ target, reason: 'Schedule quarterly, 2026-Q4', ...input }] });
      await causeGate(target);
      await answer(target, 'approve');
      const result = (await handle.result()) as RetrainOnDriftResult;
      assert.equal(result.outcome, 'succeeded', result.reason);
      const { next } = await investigationOf(target).result();
      assert.deepEqual([next?.state, next?.reason], ['already running', `${workflowId}, which asked for this investigation, goes on`]);
      assert.deepEqual(retraining.moved, ['2015-09-30 42-new'], 'once');
      await assert.rejects(temporal.client.workflow.getHandle(runbook.workflowId({ target })).describe(), /not found/i);
    });
  });

  it('asks also about what is expected and came at once, and retrains nothing where the person says no', async () => {
    const retraining = new Retraining();
    await retrain(retraining.activities({ loadDriftRules: async () => ({ reportUri: null, changes: [{ what: 'New intake', features: [], from: '2015-10-01', until: '9999-12-31' }], digest: 'd' }) }), async (start) => {
      const { handle, target } = await start({ ...newYork, asOf: autumn });
      assert.match((await causeGate(target)).card.recommendation, /declares "New intake"; sudden, on 2015-10-28/);
      await answer(target, 'reject', 'the sensor was moved');
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.pullRequest, result.baseline], ['rejected', null, null]);
      assert.match(result.reason, /^investigateDegradation:P002:C\d+: carol: the sensor was moved$/);
      assert.deepEqual([retraining.moved, retraining.pullRequest.looks], [[], 0]);
    });
  });

  it('leaves the retraining to the investigation where that takes longer than it waits', async () => {
    const retraining = new Retraining();
    await retrain(retraining.activities(), async (start) => {
      const { handle, target } = await start({ ...newYork, investigationWithinMs: 500 });
      assert.equal((await handle.result()).outcome, 'expired');
      await causeGate(target);
      await answer(target, 'approve');
      const { next } = await investigationOf(target).result();
      assert.deepEqual([next?.state, next?.outcome], ['started', 'succeeded'], next?.reason);
      const second = await temporal.client.workflow.getHandle(handle.workflowId).result() as RetrainOnDriftResult;
      assert.deepEqual([second.investigation?.by, second.newCutoff], [['carol'], summer]);
    });
  });

  it('is started by an investigation that points to drift, and investigates no second time', async () => {
    const retraining = new Retraining();
    const worse: Activities = { measurePredictionErrors: async (input) => { const report = await steadyStatistics.measurePredictionErrors(input); return { ...report, current: { ...report.current, mae: 3, rmse: 3.5 } }; }, measureCircuitDrift: (input) => analyseDrift(storage(weather), { ...input, recorded: null }) };
    await retrain(retraining.activities(worse), async () => {
      circuits += 1;
      const target = { plant: 'P002', circuit: `C${circuits}` };
      await startRunbook(temporal.client, investigateDegradation, { target, asOf: summer }, { startedBy: 'alice' });
      const { finding, next, reason } = await investigationOf(target).result();
      assert.deepEqual([finding, next?.runbook, next?.state, next?.outcome], ['drift', 'retrainOnDrift', 'started', 'succeeded'], reason);
      const result = await temporal.client.workflow.getHandle(next!.workflowId).result() as RetrainOnDriftResult;
      assert.deepEqual([result.finding, result.investigation, result.newCutoff], ['investigate', { workflowId: investigationOf(target).workflowId, finding: 'drift', by: [] }, summer]);
      assert.deepEqual(retraining.moved, ['2015-09-30 42-new']);
    });
  });

  it('leaves an investigation alone that runs already', async () => {
    const retraining = new Retraining();
    await retrain(retraining.activities({ measurePredictionErrors: async (input) => ({ ...(await steadyStatistics.measurePredictionErrors(input)), state: 'no actuals' as const, detail: 'none' }) }), async (start) => {
      const target = { plant: 'P002', circuit: `C${circuits + 1}` };
      await startRunbook(temporal.client, investigateDegradation, { target, asOf: summer }, { startedBy: 'alice' });
      await causeGate(target);
      const { handle } = await start(newYork);
      const result = await handle.result();
      assert.deepEqual([result.outcome, result.investigation], ['rejected', null]);
      assert.match(result.reason, /runs already; it starts the retraining if that is what it comes to$/);
      assert.equal((await investigationOf(target).describe()).status.name, 'RUNNING');
      await investigationOf(target).cancel();
      await assert.rejects(investigationOf(target).result());
    });
  });

  it('does nothing where nothing drifted, and says what cannot be measured', async () => {
    const retraining = new Retraining();
    const ended = async (input: object, csv: string | null = weather): Promise<RetrainOnDriftResult> => {
      retraining.csv = csv;
      let result: RetrainOnDriftResult | undefined;
      await retrain(retraining.activities(), async (start) => { result = await (await start({ ...seattle, ...input })).handle.result(); });
      return result!;
    };
    const quiet = await ended({ features: ['wind'] });
    assert.deepEqual([quiet.outcome, quiet.finding, quiet.reason, quiet.pullRequest], ['succeeded', 'none', 'no feature has drifted: nothing is to be done', null]);
    for (const [input, csv, reason] of [
      [{}, '', /^drift cannot be measured: the readings azureml:.* are empty$/],
      [{}, null, /^drift cannot be measured: the readings azureml:.* do not exist$/],
      [{}, 'location,date,temp_max\nSeattle,2015-09-30,4\n', /^drift cannot be measured: no feature has 20 readings in 2015-07-03 to 2015-09-30 \(at most 1\)/],
      [{ baseline: { from: '2001-01-01', until: '2001-12-31' } }, weather, /in the baseline, 2001-01-01 to 2001-12-31 \(at most 0\)$/],
    ] as const) {
      const result = await ended(input, csv);
      assert.deepEqual([result.outcome, result.finding], ['rejected', null]);
      assert.match(result.reason, reason);
    }
  });

  it('moves no baseline where nothing came to serve, or something else does', async () => {
    for (const [end, serving, outcome, reason] of [
      [{ kind: 'none', reason: 'training job x ended as Failed' }, '1', 'rejected', /^nothing was released: training job x ended as Failed; the drift baseline stays as it is$/],
      [{ kind: 'closed', workflowId: 'releaseModel:1', version: '42-new', outcome: 'expired', reason: 'nobody answered in time' }, '1', 'expired', /^production serves 1, not 42-new \(releaseModel:1: nobody answered in time\)/],
      [{ kind: 'closed', workflowId: 'releaseModel:1', version: '42-new', outcome: 'succeeded', reason: 'in production' }, '41-old', 'rejected', /^production serves 41-old, not 42-new/],
    ] as const) {
      const retraining = new Retraining();
      retraining.serving = serving;
      await retrain(retraining.activities({ awaitRelease: async () => end }), async (start) => {
        const result = await (await start(seattle)).handle.result();
        assert.deepEqual([result.outcome, result.baseline], [outcome, null]);
        assert.match(result.reason, reason);
      });
      assert.deepEqual(retraining.moved, []);
    }
  });

  it('refuses a cutoff that is there already, or lies before it, and a reviewer\'s no', async () => {
    const retraining = new Retraining();
    const plan = (before: string): Activities => ({ planConfigurationChange: async (input) => { const planned = await retraining.activities().planConfigurationChange!(input); return planned.kind === 'planned' ? { ...planned, changes: [{ ...planned.changes[0]!, before }] } : planned; } });
    await retrain(retraining.activities(plan('"2015-11-30"')), async (start) => {
      assert.match((await (await start(seattle)).handle.result()).reason, /^the circuit is trained on data up to 2015-11-30 already, and the newest reading is of 2015-09-30$/);
    });
    await retrain(retraining.activities({ planConfigurationChange: async () => ({ kind: 'unchanged', reason: 'nothing changes: x has these values already' }) }), async (start) => {
      assert.deepEqual((({ outcome, reason }) => [outcome, reason])(await (await start(seattle)).handle.result()), ['rejected', 'nothing changes: x has these values already']);
    });
    retraining.pullRequest.standing = { ...waiting, votes: [{ by: 'dana@example.com', vote: -10, comment: 'too short' }] };
    await retrain(retraining.activities(), async (start) => {
      const result = await (await start(seattle)).handle.result();
      assert.deepEqual([result.outcome, result.release, retraining.pullRequest.withdrawn], ['rejected', null, 1]);
    });
    assert.deepEqual(retraining.moved, []);
  });

  it('takes branch and pull request back when it is cancelled in the review, and the investigation along when it waits for that', async () => {
    const retraining = new Retraining();
    retraining.pullRequest.standing = waiting;
    await retrain(retraining.activities(), async (start) => {
      const { handle } = await start(seattle);
      await eventually(() => assert.ok(retraining.pullRequest.looks >= 2));
      await handle.cancel();
      await assert.rejects(handle.result(), (error: Error) => error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure');
      assert.equal(retraining.pullRequest.withdrawn, 1);

      const { handle: asking, target } = await start(newYork);
      await causeGate(target);
      await asking.cancel();
      await assert.rejects(asking.result(), WorkflowFailedError);
      await assert.rejects(investigationOf(target).result(), (error: Error) => error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure');
      const { memo } = await asking.describe();
      assert.match(JSON.stringify((memo?.['result'] as RetrainOnDriftResult).compensations), /investigation investigateDegradation:P002:C\d+/);
    });
  });

  it('leaves the release that it follows to another run when it is cancelled, which moves the baseline, once, when the version serves; not when it does not', async () => {
    const retraining = new Retraining();
    const ends = new Map<string, Outcome>();
    const keys: string[] = [];
    const { awaitRelease, moveDriftBaseline, ...activities } = retraining.activities();
    await retrain({
      ...activities,
      awaitRelease: async (input) => {
        const outcome = ends.get(input.target.circuit);
        if (outcome === undefined) throw ApplicationFailure.create({ type: FailureType.StillWatching, message: 'it goes on', nextRetryDelay: 50 });
        const end = await awaitRelease!(input);
        if (outcome === 'rejected') retraining.serving = '41-old';
        return { ...end, outcome } as ReleaseEnd;
      },
      moveDriftBaseline: async (input) => { keys.push(input.key.key); return await moveDriftBaseline!(input); },
    }, async (start) => {
      for (const [outcome, moved] of [['succeeded', ['2015-09-30 42-new']], ['rejected', []]] as const) {
        retraining.moved.length = 0;
        const { handle, target } = await start(seattle);
        await eventually(async () => assert.equal((await handle.query<RunStatus>('status')).phase, 'following the release'));
        await handle.cancel();
        await assert.rejects(handle.result(), (error: Error) => error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure');
        const left = `finishRetraining:${target.plant}:${target.circuit}:${retraining.pullRequest.id}`;
        const { memo, runId } = await handle.describe();
        const { compensations, release } = memo!['result'] as RetrainOnDriftResult;
        assert.deepEqual([compensations, release?.end], [[{ step: 'drift baseline', state: 'done', detail: `the change is merged: ${left} follows its release, and moves the baseline once the version serves` }], null]);
        assert.deepEqual(retraining.moved, []);
        ends.set(target.circuit, outcome);
        const finished = (await temporal.client.workflow.getHandle(left).result()) as FinishRetrainingResult;
        assert.deepEqual([finished.outcome, finished.baseline?.modelVersion ?? null, retraining.moved], [outcome, outcome === 'succeeded' ? '42-new' : null, moved], finished.reason);
        if (outcome === 'rejected') assert.match(finished.reason, /^production serves 41-old, not 42-new .*; the drift baseline stays as it is$/);
        else assert.equal(keys[0], stepKey({ workflowId: handle.workflowId, firstExecutionRunId: runId, step: 'move the drift baseline' }).key);
      }
    });
  });

  it('leaves what follows to another run also when it is cancelled before it has seen the merge, and while it takes back its branch', async () => {
    for (const moment of ['before it is seen', 'while the branch is deleted'] as const) {
      const retraining = new Retraining();
      retraining.pullRequest.hidesMerge = moment === 'before it is seen';
      retraining.pullRequest.standing = moment === 'before it is seen' ? waiting : merged;
      let isSlow = moment === 'while the branch is deleted';
      let withdrawals = 0;
      const { withdrawChange, ...activities } = retraining.activities();
      await retrain({
        ...activities,
        withdrawChange: async (input) => {
          withdrawals += 1;
          if (isSlow) throw ApplicationFailure.create({ type: FailureType.Unavailable, message: 'not yet', nextRetryDelay: 50 });
          return await withdrawChange!(input);
        },
      }, async (start) => {
        const { handle, target } = await start(seattle);
        await eventually(() => assert.ok(moment === 'before it is seen' ? retraining.pullRequest.looks >= 1 : withdrawals >= 1));
        retraining.pullRequest.standing = merged;
        await handle.cancel();
        isSlow = false;
        await assert.rejects(handle.result(), (error: Error) => error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure');
        const left = `finishRetraining:${target.plant}:${target.circuit}:${retraining.pullRequest.id}`;
        const { compensations } = (await handle.describe()).memo!['result'] as RetrainOnDriftResult;
        assert.match(compensations?.at(-1)?.detail ?? '', new RegExp(`the change is merged: ${left} follows its release`), moment);
        const finished = (await temporal.client.workflow.getHandle(left).result()) as FinishRetrainingResult;
        assert.deepEqual([finished.outcome, retraining.moved], ['succeeded', ['2015-09-30 42-new']], `${moment}: ${finished.reason}`);
      });
    }
  });

  it('goes by the platform\'s report, and notes one that it cannot read', async () => {
    const retraining = new Retraining();
    const rules = { reportUri: 'azureml://datastores/x/paths/drift.json', changes: [], digest: 'd' };
    await retrain(retraining.activities({ loadDriftRules: async () => rules }), async (start) => {
      const { handle } = await start({ ...seattle, features: ['wind'] });
      assert.equal((await handle.result()).finding, 'none');
      assert.match(await details(handle), /Drift is computed alone: there is no drift report azureml:.*No drift baseline is recorded yet: the year before is taken/s);
    });
    const reported = { uri: rules.reportUri, signal: 'data-drift', features: [{ feature: 'wind', metric: 'PopulationStabilityIndex', value: 0.4, threshold: 0.2, drifted: true }] };
    await retrain(retraining.activities({ loadDriftRules: async () => rules, readPlatformDriftReport: async () => ({ report: reported }) }), async (start) => {
      const result = await (await start({ ...seattle, features: ['wind'] })).handle.result();
      assert.deepEqual([result.outcome, result.drifted], ['succeeded', ['wind']], result.reason);
    });
  });

  it('runs once at a time for a circuit, fails with what the platform said, and refuses inputs that do not fit', async () => {
    const retraining = new Retraining();
    retraining.pullRequest.standing = waiting;
    await retrain(retraining.activities(), async (start) => {
      const { handle, target } = await start(seattle);
      await assert.rejects(startRunbook(temporal.client, runbook, { target }), AlreadyStarted);
      await handle.cancel();
      await assert.rejects(handle.result());
    });
    await retrain(retraining.activities({ loadDriftRules: async () => { throw ApplicationFailure.nonRetryable('estate.yml:1: drift.report: must contain {plant}', FailureType.EstateInvalid); } }), async (start) => {
      const { handle } = await start(seattle);
      await assert.rejects(handle.result(), (error: Error) => /drift\.report: must contain/.test(String(error.cause)));
    });
    await retrain(retraining.activities({ loadDriftRules: async () => { throw ApplicationFailure.nonRetryable('estate.yml:1: plants.P001.circuits: there is no circuit P001/C999', FailureType.TargetUnknown); } }), async (start) => {
      const { outcome, reason } = await (await start(seattle)).handle.result();
      assert.deepEqual([outcome, reason], ['rejected', 'estate.yml:1: plants.P001.circuits: there is no circuit P001/C999']);
    });
    const refusal = (input: object) => startRunbook(temporal.client, runbook, { target: { plant: 'P001', circuit: 'C001' }, ...input }).then(() => '', (error: unknown) => (error instanceof InputError ? error.message : String(error)));
    for (const [input, complaint] of [
      [{ asOf: '2015-02-30' }, /asOf: must be a date/], [{ dataUri: 'https://x' }, /dataUri: must be azureml:\/\/datastores/], [{ thresholds: { worseBy: 1 } }, /thresholds\.worseBy: is not a field/],
      [{ baseline: { from: '2015-01-01', until: '2014-01-01' } }, /baseline\.until: must not be before/], [{ target: { plant: 'P/1', circuit: 'C001' } }, /target\.plant: must be letters/],
    ] as const) assert.match(await refusal(input), complaint);
  });
});
