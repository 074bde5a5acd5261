/** `releaseChange` with its worker killed over and over: the change is released as if nothing had happened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEach, killsAt, killTable, type Moment } from './kill-run.ts';
import { mixedChange, type KillScenario } from './kill-scenario.ts';
import { assertOnce, fromNow, noTwins } from './once.ts';

/** Kills the worker at these moments of each step, and finds every effect once. */
export function testChangeKills({ stack, releases, steps }: KillScenario, title: string, moments: readonly Moment[]): void {
  test(title, async (context) => {
    const target = { plant: 'P001', circuit: 'C001' };
    const since = await fromNow(stack);
    const pullRequest = await stack.standIn.completePullRequest(mixedChange(target));
    await releases.start(pullRequest);
    const kills = await killAtEach(stack, killsAt(steps.releaseChange, moments), async () => undefined);
    context.diagnostic(killTable(kills));

    const { result, releases: [release, ...others] } = await releases.trained(pullRequest);
    assert.equal(result.outcome, 'succeeded');
    assert.deepEqual([others, result.refused.map(({ path }) => path)], [[], ['config/plants/P002/C002.yml']]);
    await releases.approveStages(release!);
    const { outcome, serving, version } = await releases.result(release!);
    assert.deepEqual([outcome, serving], ['succeeded', version]);
    const twins = await assertOnce(stack, { target, version, pullRequestId: pullRequest.pullRequestId, production: 1, threads: 1, workItems: 0, since });
    assert.deepEqual({ ...twins, chat: 0 }, noTwins); // the release has begun when its change is killed at its last step, and may be telling the channel just then
    await stack.worker!.stop();
  });
}
