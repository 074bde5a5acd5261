/** `releaseModel`, from the review to the rollback and its work item, with its worker killed over and over. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { releaseModelId } from '../../../workflows/domain/ids.ts';
import { deploymentOf } from '../../support/platform-state.ts';
import { versionOf } from '../../support/releases.ts';
import { killAtEach, killsAt, killTable, peopleAndPlatforms, type Moment } from './kill-run.ts';
import { learnSteps, mixedChange } from './kill-scenario.ts';
import { assertOnce, assertRolledBack, fromNow, noTwins } from './once.ts';

/** Kills the worker at these moments of each step, and finds every effect once. */
export async function testKills(title: string, moments: readonly Moment[]): Promise<void> {
  const { stack, releases, steps } = await learnSteps();
  after(() => stack.stop());

  test(title, async (context) => {
    const target = { plant: 'P002', circuit: 'C001' };
    const before = await deploymentOf(stack, target);
    const since = await fromNow(stack);
    const files = mixedChange(target);
    const pullRequest = await stack.standIn.completePullRequest(files);
    const version = versionOf(target, pullRequest, files);
    const release = releaseModelId(target, version);
    await releases.start(pullRequest);
    // A release begins as soon as its version is registered, so the worker that registers it has to die first.
    const plan = [{ at: 'registerModel:afterEffect', unserved: [] }, ...killsAt(steps.releaseModel, moments)];
    const kills = await killAtEach(stack, plan, peopleAndPlatforms(stack, releases, release));
    context.diagnostic(killTable(kills));

    const result = await releases.result(release);
    assert.deepEqual([result.outcome, result.version, result.serving, result.production], ['rejected', version, '1', 'unchanged']);
    assert.match(result.reason, /^rolled back to 1: alert prediction-drift/);
    await assertRolledBack(stack, target, before, version);
    const twins = await assertOnce(stack, { target, version, pullRequestId: pullRequest.pullRequestId, production: 2, threads: 1, workItems: 1, since });
    assert.deepEqual({ ...twins, chat: 0 }, noTwins);
    context.diagnostic(`${twins.chat} messages came again, each with the id that it had`); // at least once: the worker died before it could record the first
    await stack.worker!.stop();
  });
}
