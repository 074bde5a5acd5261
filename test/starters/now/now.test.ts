/** `holdpoint now` beside the whole product: a real release, a real alert, and each place away in turn. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { EverywhereReport } from '../../../starters/now/everywhere.ts';
import type { NowReport } from '../../../starters/now/report.ts';
import { parseInput } from '../../../starters/runbook.ts';
import { rollBackModel } from '../../../starters/runbooks/serving.ts';
import { freePort } from '../../scripts/free-port.ts';
import { eventually } from '../../support/eventually.ts';
import { circuitChange, Releases } from '../../support/releases.ts';
import { Stack } from '../../support/stack.ts';
import { holdpointAt, type Ended } from '../run-holdpoint.ts';

const stack = await Stack.start({ estate: { monitoring: { for: '2s', every: '1s' } } });
after(() => stack.stop());
await stack.startWorker();
const releases = new Releases(stack);
const target = { plant: 'P001', circuit: 'C001' };
let version = '';

const holdpoint = holdpointAt(stack.environment['TEMPORAL_ADDRESS']!);
const ask = async (args: string[], environment: Record<string, string> = {}): Promise<Ended> => await holdpoint(['now', ...args], { environment: { ...stack.environment, ...environment } });
const askJson = async <T = NowReport>(args: string[], environment: Record<string, string> = {}): Promise<T & { code: number | null; readMs: number }> => {
  const { stdout, stderr, code } = await ask([...args, '--json'], environment);
  assert.notEqual(stdout, '', stderr);
  return { ...(JSON.parse(stdout) as T & { readMs: number }), code };
};
/** Reading is bounded, whatever is away; how long a process takes to start on a busy machine is not this command's. */
const inTime = (readMs: number): void => assert.ok(readMs < 5_000, `took ${readMs} ms`);

describe('holdpoint now <target>', () => {
  it('tells of a gate that waits, from its deadline to the command that answers it', async (context) => {
    const { releases: [id] } = await releases.train(circuitChange(target));
    const waiting = await eventually(async () => {
      const report = await askJson(['P001/C001', '--as', 'alice']);
      assert.equal(report.gates?.length, 1, JSON.stringify(report.unread));
      return report;
    });
    assert.deepEqual([waiting.code, waiting.unread, waiting.next.rule], [0, [], 'yourAnswer']);
    assert.deepEqual([waiting.serving?.version, waiting.alerts, waiting.incidents, waiting.stops], ['1', [], [], []]);
    assert.deepEqual(waiting.runs?.map(({ workflowId, runbook }) => [workflowId, runbook]), [[id, 'releaseModel']]);
    assert.match(waiting.next.commands[0]!, new RegExp(`approve ${id} --gate stage1 --as alice --evidence [0-9a-f]{12}$`));
    context.diagnostic(`read in ${waiting.readMs} ms`);

    const everywhere = await askJson<EverywhereReport>(['--as', 'alice']);
    assert.deepEqual([everywhere.code, everywhere.gates?.map(({ workflowId, isYours }) => [workflowId, isYours])], [0, [[id, true]]]);

    await releases.approveStages(id!);
    const result = await releases.result(id!);
    assert.equal(result.outcome, 'succeeded');
    version = result.version;
  });

  it('suggests the rollback when an alert follows a release, with a command that does it', async (context) => {
    const quiet = await askJson(['P001:C001']);
    assert.deepEqual([quiet.code, quiet.next.rule, quiet.serving?.version, quiet.serving?.verdict, quiet.lock?.holder, quiet.gates], [0, 'nothing', version, 'good', null, []], JSON.stringify(quiet));
    assert.deepEqual([quiet.lastChange?.by, quiet.lastChange?.shownBy, quiet.findings], [['bob'], ['record', 'platform'], []]);
    assert.equal(quiet.serving?.rollback?.to, '1');

    await stack.standIn.alert('P001', 'C001', { rule: 'mae-high', severity: 1 });
    const { code, stdout } = await ask(['P001/C001']);
    context.diagnostic(stdout);
    assert.equal(code, 0);
    assert.match(stdout, /alerts +mae-high \(Sev1\)/);
    assert.match(stdout, /Next: Roll back to 1\./);
    assert.ok(stdout.split('\n').length < 40);
    const input = /^ {2}echo '(.*)' \| .* start rollBackModel --input -$/m.exec(stdout)?.[1];
    assert.deepEqual((JSON.parse(input!) as { target: object }).target, target);
    assert.equal(parseInput(rollBackModel, JSON.parse(input!)).alert?.name, 'mae-high');
  });

  it('names a target that the estate does not have, and one that is none', async () => {
    const unknown = await ask(['P001/C009']);
    assert.deepEqual([unknown.code, unknown.stdout], [3, '']);
    assert.match(unknown.stderr, /The estate has no P001\/C009\nNearest are P001\/C00\d/);
    assert.equal((await ask(['P001'])).code, 2);
  });

  it('shows the platform when Temporal is away', async () => {
    const report = await askJson(['P001/C001'], { TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
    assert.deepEqual([report.code, report.serving?.version, report.runs, report.gates, report.lock], [4, version, null, null, null]);
    assert.deepEqual(report.unread.map(({ source }) => source), ['Temporal']);
    inTime(report.readMs);
  });

  it('shows the runs when the platforms are away, slow, or not configured', async () => {
    const nobody = `https://127.0.0.1:${await freePort()}`;
    const away = await askJson(['P001/C001'], { AZURE_RESOURCE_MANAGER_ENDPOINT: nobody });
    assert.deepEqual([away.code, away.serving, away.alerts, away.lock?.holder, away.gates], [5, null, null, null, []]);
    assert.deepEqual(away.unread.map(({ source }) => source).sort(), ['alerts', 'batch jobs', 'model registry', 'production deployment']);
    assert.equal(away.lastChange?.shownBy.join(), 'record');

    await stack.standIn.fault({ path: 'AlertsManagement/alerts', times: 1 }, { kind: 'slow', ms: 20_000 });
    const slow = await askJson(['P001/C001']);
    assert.deepEqual([slow.code, slow.serving?.version, slow.alerts, slow.unread.map(({ source }) => source)], [5, version, null, ['alerts']]);
    inTime(slow.readMs);

    const { stdout } = await holdpoint(['now', 'P001/C001', '--json'], { environment: { HOLDPOINT_STATE: '/nowhere' } });
    const bare = JSON.parse(stdout) as NowReport;
    assert.deepEqual([bare.serving, bare.runs !== null, bare.unread[0]?.source], [null, true, 'estate and platforms']);
    assert.match(bare.unread[0]!.reason, /AZURE_TENANT_ID: is not set/);
  });

  it('says that nobody answers when no worker runs, and shows the rest', async () => {
    await stack.worker!.stop();
    const { code, unread, serving, runs, lock, readMs } = await askJson(['P001/C001']);
    assert.deepEqual([code, serving?.version, lock, runs !== null], [5, version, null, true]);
    assert.ok(unread.some(({ source }) => source === 'lock'), JSON.stringify(unread));
    inTime(readMs);
  });
});
