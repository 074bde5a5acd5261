/**
 * Every story of `docs/stories/<runbook>/<branch>.yml` comes true, and those with a picture in the docs are told by it as they happen now. One time-skipping server for all of them; each
 * has a namespace, workers and a stand-in of its own.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { playStory } from '../../../scripts/simulate/simulation.ts';
import { readStory } from '../../../scripts/simulate/story-file.ts';
import { Theatre } from '../../../scripts/simulate/theatre.ts';
import { timelineSvg } from '../../../scripts/simulate/timeline-svg.ts';
import { timelineText } from '../../../scripts/simulate/timeline-text.ts';
import { runbooks } from '../../../starters/runbooks.ts';
import { buildBundle } from '../../../workers/bundle.ts';

/** All of them, or only those whose path has this in it: `HOLDPOINT_STORIES=rollBackModel/`. */
const wanted = process.env['HOLDPOINT_STORIES'] ?? '';
const files = globSync('docs/stories/*/*.yml').sort().filter((file) => file.includes(wanted));

/** Told in the docs as text, too. */
const printed = 'docs/stories/releaseModel/approver-asleep.yml';

describe('a story of the docs comes true', () => {
  let theatre: Theatre;
  before(async () => {
    await buildBundle();
    theatre = await Theatre.open();
  });
  after(() => theatre.close());

  for (const file of files) {
    it(`${basename(dirname(file))}: ${basename(file, '.yml')}`, { timeout: 180_000 }, async (test) => {
      const runbook = runbooks.find(({ name }) => name === basename(dirname(file)));
      assert.ok(runbook, `${file}: its folder is no runbook`);
      if (!(await theatre.skips())) {
        await theatre.close();
        theatre = await Theatre.open();
      }
      const played = await playStory(theatre, runbook, {}, readStory(file));
      test.diagnostic(`${played.realSeconds} s`);
      assert.deepEqual(played.unmet, [], timelineText(played));
      const picture = `docs/images/story-${basename(file, '.yml')}.svg`;
      if (existsSync(picture)) assert.equal(timelineSvg(played), readFileSync(picture, 'utf8'));
      if (file !== printed) return;
      const lines = timelineText(played).split('\n').filter((line) => /^ +\+\d/.test(line));
      assert.ok(lines.length > 20);
      for (const line of lines) assert.ok(readFileSync('docs/simulate.md', 'utf8').includes(`${line}\n`), `docs/simulate.md lacks ${line}`);
    });
  }
});

void it('every runbook that people start has a story', () => {
  const told = new Set(globSync('docs/stories/*').map((directory) => basename(directory)));
  const untold = runbooks.map(({ name }) => name).filter((name) => !told.has(name));
  assert.deepEqual(untold, ['sweepRuns', 'reconcileAlerts'], 'a runbook without a story: docs/simulate.md says how to write one');
});
