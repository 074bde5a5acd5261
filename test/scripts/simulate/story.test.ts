import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { holdpointAt, assertRefused as refused } from '../../starters/run-holdpoint.ts';

describe('a story file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdpoint-stories-'));
  after(() => rmSync(directory, { recursive: true }));
  const holdpoint = holdpointAt('127.0.0.1:1');
  const play = async (text: string, runbook = 'releaseModel') => {
    const file = join(directory, 'story.yml');
    writeFileSync(file, text);
    return await holdpoint(['simulate', runbook, '--story', file]);
  };

  it('is refused with file, line and field of all that is wrong, and with what to do', async () => {
    const wrong = await play(`title: Wrong
people:
  - who: alice
    answers:
      - {gate: stage1, verdict: perhaps}
      - {gate: stage3, verdict: reject}
faults:
  - {platform: registry}
jobs:
  - {takes: 40}
events:
  - {at: 1h}
colour: red
`);
    for (const complaint of [
      /story\.yml:5: people\.0\.answers\.0\.verdict: must be one of approve, reject/,
      /story\.yml:6: people\.0\.answers\.1\.comment: is missing: a rejection says why/,
      /story\.yml:8: faults\.0\.answers: give the status that is answered/,
      /story\.yml:8: faults\.0\.for: say when it ends/,
      /story\.yml:10: jobs\.0\.takes: must be a duration with its unit/,
      /story\.yml:12: events\.0: must have at and exactly one of alert/,
      /story\.yml:13: colour: unknown field/,
    ]) refused(wrong, 2, complaint);
  });

  it('is refused with what is wrong in its scene, in an incident and in what it expects', async () => {
    const wrong = await play(`title: Wrong
scene:
  serving: {version: "2", versions: {"1": splendid}}
  batchJob: {fails: gravity}
people:
  - {who: bob, acts: [{at: 3m, action: panic}]}
events:
  - {at: 1h, worker: vanish}
expect:
  outcome: perfect
  effects: {miracles: 1}
`, 'rollBackModel');
    for (const complaint of [/story\.yml:3: scene\.serving\..*versions\.1: must be one of good, bad/, /story\.yml:4: scene\.batchJob\.fails: must be one of memory, time/, /story\.yml:6: people\.0\.acts\.0\.action: must be one of acknowledge/, /story\.yml:8: events\.0\.worker: must be restart/, /story\.yml:10: expect\.outcome: must be one of succeeded/, /story\.yml:11: expect\.effects/]) refused(wrong, 2, complaint);
  });

  it('is refused with what is wrong in what others do beside the run', async () => {
    const wrong = await play(`title: Wrong
scene:
  branch: {name: feature/tune}
change: {into: "", build: {ends: soon, result: perhaps}}
people:
  - {who: alice, answers: [{gate: stage1, verdict: approve, at: -2}]}
events:
  - {at: 1h, release: {target: P001}}
  - {at: 1h, rollback: {by: carol}}
  - {at: 1h, stop: {scope: P001/C001/x, by: carol, reason: because}}
  - {at: 1h, lift: {scope: all}}
  - {at: 1h, merge: {by: carol, files: [a.yml]}}
  - {at: 1h, serving: {version: 2}}
  - {at: 1h, override: {by: carol}}
  - {at: "-1h", cancel: too early}
`);
    for (const complaint of [
      /story\.yml:3: scene\.branch\.by: /,
      /story\.yml:3: scene\.branch\.files: /,
      /story\.yml:4: change\.into: must not be empty/,
      /story\.yml:4: change\.build\.ends: must be a duration with its unit/,
      /story\.yml:4: change\.build\.result: must be one of succeeded, failed/,
      /story\.yml:6: people\.0\.answers\.0\.at: must be a duration with its unit, such as "30m"; with a minus before the start/,
      /story\.yml:8: events\.0\.release\.target: must be <plant>\/<circuit>/,
      /story\.yml:9: events\.1\.rollback\.reason: /,
      /story\.yml:10: events\.2\.stop\.scope: must be <plant>\/<circuit>, <plant> or all/,
      /story\.yml:11: events\.3\.lift\.by: /,
      /story\.yml:12: events\.4\.merge\.files: /,
      /story\.yml:13: events\.5\.serving\.version: must be a text/,
      /story\.yml:14: events\.6\.override\.reason: /,
      /story\.yml:15: events\.7\.at: must not be before the run begins/,
    ]) refused(wrong, 2, complaint);
  });

  it('begins in the future of the machine, for the clock only goes forward', async () => {
    refused(await play('title: Long ago\nstart: "2020-03-03T09:00:00Z"\n'), 2, /start: 2020-03-03T09:00:00Z is not in this machine's future/);
  });

  it('is played for runbooks that exist, from a file that exists', async () => {
    refused(await play('title: A cake\n', 'releaseCake'), 2, /releaseChange, releaseModel/);
    refused(await holdpoint(['simulate', 'releaseModel', '--story', join(directory, 'none.yml')]), 2, /none\.yml: cannot be read/);
    refused(await holdpoint(['simulate', 'releaseModel']), 2, /--story/);
  });
});
