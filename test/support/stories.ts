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

/** Whose stories a file of `test/stories` plays: as many files as a machine of two cores plays beside each other, for stories mostly wait for the test server. */
export const programme = {
  releases: ['releaseModel'],
  production: ['rollBackModel', 'coordinateIncident', 'recoverBatchJob', 'updateEnvironment'],
  models: ['releaseChange', 'reviewPendingReleases', 'unblockRelease', 'investigateDegradation', 'retrainOnDrift', 'resolveTrainingFailures', 'updateTrainingConfig'],
} as const;

/** Told in the docs as text, too. */
const printed = 'releaseModel/approver-asleep';

/** One test for each story of these runbooks; only for those whose path has the variable's text in it, such as `HOLDPOINT_STORIES=rollBackModel/`, where that is set. */
export function testStories(part: keyof typeof programme): void {
  const wanted = process.env['HOLDPOINT_STORIES'] ?? '';
  const told = (runbooks: readonly string[]) => globSync(runbooks.map((runbook) => `docs/stories/${runbook}/*.yml`)).map((file) => `${basename(dirname(file))}/${basename(file, '.yml')}`).filter((name) => name.includes(wanted));
  const names = told(programme[part]).sort();
  if (wanted !== '' && names.length === 0 && told(Object.values(programme).flat()).length > 0) return; // another file plays them
  assert.ok(names.length > 0, `there is no story with "${wanted}" in its path`);
  describe('a story of the docs comes true', () => {
    let theatre: Theatre;
    before(async () => {
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
