import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { leftOutText, whyLeftOut } from '../../starters/bulk/left-out.ts';
import { assertRefused, holdpointAt } from './run-holdpoint.ts';

const holdpoint = holdpointAt('127.0.0.1:1'); // no server is asked
const declared = `freezes:
  - name: year-end
    reason: nobody is there
    environments: [production]
    duration: 17d
    rule: |
      DTSTART;TZID=America/Los_Angeles:20261218T170000
      RRULE:FREQ=YEARLY
  - {name: audit, reason: the auditors are here, from: 2026-12-01, until: 2026-12-03, targets: [P002]}
`;

let directory: string;
let environment: Record<string, string>;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdpoint-freezes-'));
  environment = { HOLDPOINT_ESTATE: join(directory, 'estate.yml'), HOLDPOINT_STATE: directory };
  await writeFile(join(directory, 'estate.yml'), `${await readFile('estate/demo.yml', 'utf8')}\n${declared}`);
});
after(() => rm(directory, { recursive: true }));

describe('holdpoint freezes', () => {
  it('shows what is in force and what comes next, without a server', async () => {
    const { stdout, code, stderr } = await holdpoint(['freezes', '--at', '2026-12-24T00:00:00Z', '--json'], { environment });
    assert.equal(code, 0, stderr);
    const [yearEnd, audit] = JSON.parse(stdout) as { name: string; isInForce: boolean; actions: string[]; windows: { from: string; until: string }[] }[];
    assert.deepEqual([yearEnd?.isInForce, yearEnd?.actions, yearEnd?.windows[0]?.until, yearEnd?.windows[1]?.from], [true, ['release', 'environmentUpdate', 'pipelineStage'], '2027-01-05T01:00:00.000Z', '2027-12-19T01:00:00.000Z']);
    assert.deepEqual([audit?.isInForce, audit?.windows], [false, []]);
    const page = await holdpoint(['freezes', 'P001/C001', '--at', '2026-11-24T00:00:00Z'], { environment });
    assert.match(page.stdout, /year-end .*open .*2026-12-19 01:00:00 UTC to 2027-01-05 01:00:00 UTC .*nobody is there/);
    assert.doesNotMatch(page.stdout, /audit/);
  });

  it('does not say that nothing is frozen of a target that the estate does not have', async () => {
    assertRefused(await holdpoint(['freezes', 'P001/C01'], { environment }), 3, /The estate has no P001\/C01\n.*Nearest are P001\/C001, /);
    assertRefused(await holdpoint(['freezes', 'P009'], { environment }), 3, /its plants are P001, P002/);
    const asInIds = await holdpoint(['freezes', 'P002:C001', '--json'], { environment });
    assert.deepEqual((JSON.parse(asInIds.stdout) as { name: string }[]).map(({ name }) => name), ['year-end', 'audit'], asInIds.stderr);
  });

  it('says what is wrong with its arguments and with the estate', async () => {
    assertRefused(await holdpoint(['freezes', '--at', 'christmas'], { environment }), 2, /--at christmas is no instant/);
    await writeFile(join(directory, 'broken.yml'), 'freezes: [1]');
    assertRefused(await holdpoint(['freezes'], { environment: { ...environment, HOLDPOINT_ESTATE: join(directory, 'broken.yml') } }), 2, /broken\.yml:1: freezes\.0/);
  });
});

describe('a decision on all gates', () => {
  it('leaves out those that override a freeze, and says so', () => {
    const target = { plant: 'P001', circuit: 'C001', version: '1' };
    assert.equal(whyLeftOut({ gate: 'freeze', target }), 'freeze');
    assert.match(leftOutText([{ workflowId: 'a', gate: 'freeze', reason: 'freeze' }]), /1 gate, where to approve is to override a freeze \(--gate freeze\)/);
  });
});
