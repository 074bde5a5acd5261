/**
 * The table of all stories, `docs/stories/<runbook>/<branch>.yml`: each is played and must come true; those with a picture in the docs are told by it as they happen now. One time-skipping
 * server for all of a file; each story has a namespace, workers and a stand-in of its own.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { playStory } from '../../scripts/simulate/simulation.ts';
import { readStory } from '../../scripts/simulate/story-file.ts';
import { Theatre } from '../../scripts/simulate/theatre.ts';
import { timelineSvg } from '../../scripts/simulate/timeline-svg.ts';
import { timelineText } from '../../scripts/simulate/timeline-text.ts';
import { runbooks } from '../../starters/runbooks.ts';
import { buildBundle } from '../../workers/bundle.ts';

/** Stories with many looks or many real jobs: they are played in the lane `chaos`, so that the default one stays quick. */
const long = ['releaseModel/alert-rolls-back', 'releaseModel/approver-asleep', 'releaseModel/registry-throttled', 'releaseModel/rolled-back', 'releaseModel/rolled-back-by-policy', 'releaseModel/weekend', 'releaseModel/worker-restarts', 'recoverBatchJob/out-of-memory', 'recoverBatchJob/too-slow', 'updateEnvironment/exception', 'updateEnvironment/rolled-back', 'reviewPendingReleases/one-decision', 'reviewPendingReleases/exception', 'releaseModel/expired-at-stage3', 'releaseModel/watch-inconclusive', 'recoverBatchJob/remedies-used-up', 'recoverBatchJob/next-job-fails', 'updateEnvironment/kept', 'releaseModel/superseded', 'releaseModel/taken-over', 'releaseModel/emergency-stop', 'releaseModel/asked-again', 'releaseModel/reopened', 'releaseModel/quorum', 'releaseModel/silence-approves', 'releaseModel/break-glass', 'releaseModel/opening-hours', 'rollBackModel/pre-empts', 'releaseChange/followed'];

/** Told in the docs as text, too. */
const printed = 'releaseModel/approver-asleep';

/** Those of a lane, or those whose path has the variable's text in it, such as `HOLDPOINT_STORIES=rollBackModel/`. */
export function storiesOf(lane: 'default' | 'chaos'): string[] {
  const wanted = process.env['HOLDPOINT_STORIES'];
  const names = globSync('docs/stories/*/*.yml').map((file) => `${basename(dirname(file))}/${basename(file, '.yml')}`).sort();
  return names.filter((name) => (wanted === undefined ? long.includes(name) === (lane === 'chaos') : name.includes(wanted)));
}

/** One test for each of them. */
export function testStories(names: readonly string[]): void {
  describe('a story of the docs comes true', () => {
    let theatre: Theatre;
    before(async () => {
      await buildBundle();
      theatre = await Theatre.open();
    });
    after(() => theatre.close());

    for (const name of names) {
      it(name, { timeout: 180_000 }, async (test) => {
        if (!(await theatre.skips())) {
          await theatre.close();
          theatre = await Theatre.open();
        }
        const runbook = runbooks.find((each) => each.name === dirname(name));
        assert.ok(runbook, `docs/stories/${dirname(name)}: there is no such runbook`);
        const played = await playStory(theatre, runbook, {}, readStory(`docs/stories/${name}.yml`));
        test.diagnostic(`${played.realSeconds} s`);
        assert.deepEqual(played.unmet, [], timelineText(played));
        const picture = `docs/images/story-${basename(name)}.svg`;
        if (existsSync(picture)) assert.equal(timelineSvg(played), readFileSync(picture, 'utf8'));
        if (name === printed) assertPrinted(timelineText(played));
      });
    }
  });
}

function assertPrinted(timeline: string): void {
  const page = readFileSync('docs/simulate.md', 'utf8');
  const lines = timeline.split('\n').filter((line) => /^ +\+\d/.test(line));
  assert.ok(lines.length > 20);
  for (const line of lines) assert.ok(page.includes(`${line}\n`), `docs/simulate.md lacks ${line}`);
}
