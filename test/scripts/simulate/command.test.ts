/** `holdpoint simulate`, in a process of its own: what it prints, and its exit code. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';

interface Printed {
  outcome: string;
  unmet: string[];
  effects: Record<string, number>;
  entries: { atMinutes: number; kind: string; text: string }[];
  lengthMinutes: number;
  realSeconds: number;
}

describe('the simulation of a story on the command line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-pictures-'));
  after(() => rmSync(directory, { recursive: true }));
  const play = async (runbook: string, ...more: string[]): Promise<{ code: number; printed: Printed }> => {
    const command = promisify(execFile)(process.execPath, ['starters/cli/main.ts', 'simulate', runbook, '--json', ...more]);
    const { code = 0, stdout, stderr } = (await command.catch((error: unknown) => error)) as { code?: number; stdout: string; stderr: string };
    assert.notEqual(stdout, '', stderr);
    return { code, printed: JSON.parse(stdout) as Printed };
  };

  it('draws a picture, and ends well when the story came true', async () => {
    const file = join(directory, 'job-dies.svg');
    const { code, printed: { outcome, unmet, lengthMinutes, entries, realSeconds } } = await play('releaseModel', '--story', 'docs/stories/releaseModel/job-dies.yml', '--svg', file);
    assert.equal(readFileSync(file, 'utf8'), readFileSync('docs/images/story-job-dies.svg', 'utf8'));
    assert.deepEqual([code, outcome, unmet, lengthMinutes], [0, 'rejected', [], 75]);
    assert.ok(entries.some(({ atMinutes, text }) => atMinutes === 10 && /^awaitJob: the job ended Failed/.test(text)));
    assert.ok(realSeconds > 0);
  });

  it('names everything that came otherwise than the story expects', async () => {
    const story = join(directory, 'hopeful.yml');
    writeFileSync(story, `title: Hopeful
expect:
  reason: all is well
  result: {offered: "7", phases: [{name: hope}]}
  phases: [hoping]
  effects: {workItems: 2}
  timeline: [effect rollback, [phase identifying, phase dreaming]]
`);
    const input = join(directory, 'input.json');
    writeFileSync(input, JSON.stringify({ target: { plant: 'P001', circuit: 'C001' }, reason: 'far off' }));
    const { code, printed } = await play('rollBackModel', '--story', story, '--input', input);
    assert.equal(code, 1);
    for (const complaint of [/^the outcome is rejected, not succeeded/, /^the reason "nothing was rolled back.*does not fit all is well/, /^result\.offered: null, not "7"/, /^result\.phases: \[.*\], not/, /^the phases are identifying the issue, .*; not hoping/, /^effects\.workItems: 0, not 2/, /^no line of the timeline fits effect rollback/, /^no line of the timeline fits phase dreaming/]) {
      assert.ok(printed.unmet.some((each) => complaint.test(each)), `${complaint}: ${printed.unmet.join('\n')}`);
    }
  });
});
