/** Stages that a freeze of their environment holds, once they are approved. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { StageRun } from '../../../sandbox/azure-devops/checks/stage-runs.ts';
import { decide } from '../../../starters/decide.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import type { RunStatus } from '../../../workflows/domain/run-status.ts';
import { eventually } from '../../support/eventually.ts';
import { details } from '../../support/release-model-runs.ts';
import { StageChecks } from '../../support/stage-checks.ts';

let checks: StageChecks;
let plain = '';

before(async () => {
  checks = await StageChecks.start();
  await checks.attach({ mode: 'enforce' });
  plain = await readFile(join(checks.directory, 'estate.yml'), 'utf8');
});
after(() => checks.stop());

const freeze = (forMs: number, more = '') => writeFile(join(checks.directory, 'estate.yml'), `${plain}\nfreezes:\n  - {name: audit, reason: they read, from: "${new Date(Date.now() - 60_000).toISOString()}", until: "${new Date(Date.now() + forMs).toISOString()}"${more}}\n`);
const isFrozen = (run: StageRun) => eventually(async () => assert.deepEqual((await (await checks.handle(run)).query<RunStatus>('status')).frozen?.by, ['audit']));
const approved = async (): Promise<StageRun> => {
  const run = await checks.startRun({ tests: { total: 1, passed: 1 } });
  await checks.gateOpen(run);
  await checks.decide(run, 'approve', 'alice');
  return run;
};

describe('a stage that a freeze holds', () => {
  it('is told to go on at the next opening by itself, and not before', async () => {
    const run = await checks.startRun({ tests: { total: 1, passed: 1 } });
    await checks.gateOpen(run);
    const until = Date.now() + 10_000;
    await freeze(10_000);
    await checks.decide(run, 'approve', 'alice');
    assert.equal((await checks.stageEnded(run)).result, 'succeeded');
    assert.deepEqual([(await checks.result(run)).reason], ['alice approved']);
    const { phases } = await (await checks.handle(run)).query<RunStatus>('status');
    const { startedAt } = phases.find(({ name }) => name === 'answering the check')!;
    assert.ok(Date.parse(startedAt) >= until, `${startedAt} is before the opening`);
  });

  it('shows the next opening, and goes on before that when somebody whom the freeze names overrides it', async () => {
    await freeze(3_600_000, ', actions: [pipelineStage], mayOverride: [alice, carol]');
    const run = await approved();
    await isFrozen(run);
    assert.match(await details(await checks.handle(run)), /waiting out a freeze[^]*Frozen until .*It goes on by itself then\.[^]*audit: they read/);
    await eventually(async () => assert.match((await checks.run(run)).log, /Approved; frozen until \d{4}-\d\d-\d\d \d\d:\d\d UTC \(audit\)/));
    assert.equal((await checks.run(run)).result, null);
    const handle = await checks.handle(run);
    await handle.executeUpdate<unknown, [object]>('overrideFreeze', { args: [{ by: 'alice', reason: 'the shop is down' }] });
    const { eligible, card } = await eventually(async () => {
      const open = await handle.query<GateView | null>('gate');
      assert.equal(open?.gate, 'freeze');
      return open;
    });
    assert.deepEqual([eligible, card.question], [['carol'], 'Let Deploy into production go on in spite of the freeze audit?']);
    await decide(checks.temporal.client.workflow, { workflowId: handle.workflowId }, { gate: 'freeze', verdict: 'approve', by: 'carol' });
    assert.equal((await checks.stageEnded(run)).result, 'succeeded');
    await checks.result(run);
  });

  it('is let go when its pipeline is cancelled, also while its override is asked for; nothing is sent', async () => {
    await freeze(3_600_000, ', mayOverride: [carol]');
    const run = await approved();
    await isFrozen(run);
    const handle = await checks.handle(run);
    await handle.signal('overrideFreeze', { by: 'alice', reason: 'the shop is down' });
    await eventually(async () => assert.equal((await handle.query<RunStatus>('status')).gate?.id, 'freeze'));
    await checks.control('POST', `stage-runs/${run.buildId}/cancel`);
    const { outcome, answer } = await checks.result(run);
    assert.deepEqual([outcome, answer], ['expired', null]);
  });

  it('is not held by a freeze of circuits, of other actions, or of another environment, and a rejected one never', async () => {
    for (const more of [', targets: [P001]', ', actions: [release]', ', environments: [development]']) {
      await freeze(3_600_000, more);
      assert.equal((await checks.result(await approved())).outcome, 'succeeded');
    }
    await freeze(3_600_000);
    const run = await checks.startRun();
    await checks.gateOpen(run);
    await checks.decide(run, 'reject', 'carol', 'not now');
    assert.equal((await checks.result(run)).outcome, 'rejected');
  });
});
