/** The stories of the docs are played as they are printed there: a picture that is not what happens now fails here. Each play is compared with an earlier one, so two plays of a story tell the same. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { simulate } from '../../../scripts/simulate/simulation.ts';
import { readStory } from '../../../scripts/simulate/story-file.ts';
import { timelineSvg } from '../../../scripts/simulate/timeline-svg.ts';
import { timelineText } from '../../../scripts/simulate/timeline-text.ts';
import { releaseModel } from '../../../starters/runbooks.ts';
import { buildBundle } from '../../../workers/bundle.ts';

const story = (name: string) => `docs/stories/${name}.yml`;
const picture = (name: string) => readFileSync(`docs/images/story-${name}.svg`, 'utf8');
const play = async (name: string) => await simulate(releaseModel, {}, readStory(story(name)));

describe('a story of the docs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-pictures-'));
  before(() => buildBundle());
  after(() => rmSync(directory, { recursive: true }));

  it('tells, in the picture and in the text, that the approver sleeps for nine hours', async () => {
    const played = await play('approver-asleep');
    assert.equal(timelineSvg(played), picture('approver-asleep'));
    const printed = readFileSync('docs/simulate.md', 'utf8');
    const lines = timelineText(played).split('\n').filter((line) => /^ +\+\d/.test(line));
    assert.ok(lines.length > 20);
    for (const line of lines) assert.ok(printed.includes(`${line}\n`), `docs/simulate.md lacks ${line}`);
  });

  it('tells that the registry is throttled for twenty minutes', async () => {
    const played = await play('registry-throttled');
    assert.equal(timelineSvg(played), picture('registry-throttled'));
    const promotion = played.entries.find(({ text }) => text.startsWith('promoteModel'));
    assert.match(promotion?.text ?? '', /Throttled \d+ times/);
    assert.equal(Math.floor(((promotion?.untilMs ?? 0) - (promotion?.atMs ?? 0)) / 60_000), 20);
  });

  it('tells on the command line that the job dies, with the exit code of the outcome that the story expects', async () => {
    const file = join(directory, 'job-dies.svg');
    const { stdout } = await promisify(execFile)(process.execPath, ['starters/cli/main.ts', 'simulate', 'releaseModel', '--story', story('job-dies'), '--svg', file, '--json']);
    assert.equal(readFileSync(file, 'utf8'), picture('job-dies'));
    const { outcome, entries, lengthMinutes, realSeconds } = JSON.parse(stdout) as { outcome: string; entries: { atMinutes: number; text: string }[]; lengthMinutes: number; realSeconds: number };
    assert.deepEqual([outcome, lengthMinutes], ['rejected', 75]);
    assert.ok(entries.some(({ atMinutes, text }) => atMinutes === 10 && /^awaitJob: the job ended Failed/.test(text)));
    assert.ok(realSeconds > 0);
  });
});
