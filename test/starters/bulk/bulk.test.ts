import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { decideAll, type BulkResult } from '../../../starters/bulk/decide-all.ts';
import { planDecision } from '../../../starters/bulk/planned-decision.ts';
import { decide } from '../../../starters/decide.ts';
import { readGate } from '../../../starters/gates/read-gate.ts';
import type { TargetPolicy } from '../../../workflows/domain/policy.ts';
import { testPolicy } from '../../support/release-activities.ts';
import { withReleaseWorkers } from '../../support/release-worker.ts';
import { startTemporal } from '../../support/temporal-server.ts';
import { assertRefused as refused, holdpointAt, type Holdpoint } from '../run-holdpoint.ts';
import { startReleases, waitingAt } from './bulk-runs.ts';

let temporal: TestWorkflowEnvironment;
let holdpoint: Holdpoint;
const directory = mkdtempSync(join(tmpdir(), 'holdpoint-bulk-'));

before(async () => {
  temporal = await startTemporal();
  holdpoint = holdpointAt(temporal.address);
});
after(async () => {
  await temporal.teardown();
  rmSync(directory, { recursive: true, force: true });
});

/** Stage 1 wants two. */
const twoOfThree = async ({ target }: { target: TargetPolicy['target'] }): Promise<TargetPolicy> => {
  const policy = testPolicy(target);
  return { ...policy, gates: { ...policy.gates, stage1: { ...policy.gates.stage1, quorum: 2 } } };
};
const circuits = (plant: string, ...names: string[]) => names.map((circuit) => ({ plant, circuit }));
const results = (stdout: string): BulkResult[] => (JSON.parse(stdout) as { results: BulkResult[] }).results;
const kinds = (all: readonly BulkResult[]): string[] => all.map(({ workflowId, result }) => `${workflowId.split(':')[2]} ${result}`).toSorted();

describe('holdpoint approve --all', () => {
  it('shows what waits, asks, and decides each on the evidence that it showed', () => withReleaseWorkers(temporal, {}, async () => {
    const ids = await startReleases(temporal, [...circuits('B001', 'C001', 'C002', 'C003'), ...circuits('B002', 'C001')], '1-aaaa');
    const views = await waitingAt(temporal, 'stage1', ids);
    const all = ['approve', '--all', '--target', 'B001:*', '--except', 'B001:C003', '--gate', 'stage1', '--as', 'alice'];

    const seen = await holdpoint([...all, '--dry-run']);
    assert.equal(seen.code, 0, seen.stderr);
    for (const circuit of ['C001', 'C002']) assert.match(seen.stdout, new RegExp(`releaseModel:B001:${circuit}:1-aaaa +stage1 +Promote B001/${circuit} .*${views.find(({ target }) => target?.circuit === circuit && target.plant === 'B001')!.evidence}`));
    assert.doesNotMatch(seen.stdout, /C003|B002/);

    const unasked = await holdpoint(all);
    assert.deepEqual([unasked.code, /nobody is there to confirm it[^]*--yes/.test(unasked.stderr)], [2, true]);
    assert.equal((await waitingAt(temporal, 'stage1', ids)).length, 4);

    const decided = await holdpoint([...all, '--comment', 'looks good', '--yes', '--json']);
    assert.equal(decided.code, 0, decided.stderr);
    assert.deepEqual(results(decided.stdout).map(({ result, state }) => [result, state]), [['counted', 'approved'], ['counted', 'approved']]);
    await waitingAt(temporal, 'stage3', ids.filter((id) => /B001:C00[12]/.test(id)));
    await waitingAt(temporal, 'stage1', ids.filter((id) => /C003|B002/.test(id)));

    const again = await holdpoint([...all, '--yes']);
    assert.deepEqual([again.code, again.stdout.trim()], [0, 'Nothing waits for such a decision.']);
    const rejected = await holdpoint(['reject', '--all', '--target', 'B00*', '--gate', 'stage1', '--as', 'bob', '--reason', 'not this week', '--yes', '--json']);
    assert.deepEqual(kinds(results(rejected.stdout)), ['C001 counted', 'C003 counted']);
    await Promise.all(ids.filter((id) => /C003|B002/.test(id)).map(async (id) => assert.equal(((await temporal.client.workflow.getHandle(id).result()) as { outcome: string }).outcome, 'rejected')));
  }));

  it('asks on a terminal, and takes no for an answer', () => withReleaseWorkers(temporal, {}, async () => {
    const ids = await startReleases(temporal, circuits('T001', 'C001'), '1-aaaa');
    await waitingAt(temporal, 'stage1', ids);
    const main = new URL('../../../starters/cli/main.ts', import.meta.url).pathname;
    const onTerminal = async (reply: string): Promise<{ code: number | null; shown: string }> => {
      const child = spawn('script', ['-qefc', `'${process.execPath}' '${main}' approve --all --target T001 --as alice`, '/dev/null'], { env: { ...process.env, TEMPORAL_ADDRESS: temporal.address, NO_COLOR: '1', XDG_STATE_HOME: directory } });
      let shown = '';
      child.stdout.on('data', (piece: Buffer) => {
        const asked = shown.includes('[y/N]');
        shown += String(piece);
        if (!asked && shown.includes('[y/N]')) child.stdin.write(`${reply}\n`);
      });
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, shown };
    };
    const no = await onTerminal('n');
    assert.equal(no.code, 1);
    assert.match(no.shown, /Promote T001\/C001[^]*Approve 1 gate as alice\? \[y\/N\][^]*Nothing was sent/);
    await waitingAt(temporal, 'stage1', ids);
    const yes = await onTerminal('y');
    assert.equal(yes.code, 0, yes.shown);
    assert.match(yes.shown, /counted +approved[^]*1 counted\./);
    await waitingAt(temporal, 'stage3', ids);
  }));

  it('again changes nothing and says so; what is refused is named and fails the command', () => withReleaseWorkers(temporal, { loadPolicy: twoOfThree }, async () => {
    const ids = await startReleases(temporal, circuits('Q001', 'C001', 'C002'), '1-aaaa');
    const [own] = await startReleases(temporal, circuits('Q001', 'C003'), '1-aaaa', ['dana@example.com', 'alice']);
    await waitingAt(temporal, 'stage1', [...ids, own!]);
    const all = ['approve', '--all', '--target', 'Q001', '--as', 'alice', '--yes'];
    const first = await holdpoint([...all, '--json']);
    assert.equal(first.code, 1);
    assert.deepEqual(kinds(results(first.stdout)), ['C001 counted', 'C002 counted', 'C003 refused']);
    assert.match(results(first.stdout).find(({ result }) => result === 'refused')!.reason, /alice asked for this change and may not decide it/);
    const lengths = () => Promise.all(ids.map(async (id) => (await temporal.client.workflow.getHandle(id).describe()).historyLength));
    await new Promise((resolve) => setTimeout(resolve, 3_000)); // the record gathers decisions for two seconds
    const before = await lengths();
    const second = await holdpoint([...all, '--except', 'Q001:C003']);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /alice has said so already[^]*2 were decided so before\. Nothing was changed\./);
    assert.deepEqual(await lengths(), before);
  }));

  it('one and the same decision sent twice at the same time counts once, and a withdrawn one can be made again', () => withReleaseWorkers(temporal, { loadPolicy: twoOfThree }, async () => {
    const [id] = await startReleases(temporal, circuits('W001', 'C001'), '1-aaaa');
    await waitingAt(temporal, 'stage1', [id!]);
    const { client } = temporal;
    const view = (await readGate(client, id!))!;
    const planned = planDecision(view, { verdict: 'approve', by: 'alice' });
    const twice = await Promise.all([decideAll(client, [planned], { timeoutMs: 10_000 }), decideAll(client, [planned], { timeoutMs: 10_000 })]);
    assert.deepEqual(twice.flat().map(({ result, missing }) => [result, missing]), [['counted', 1], ['counted', 1]]);
    assert.equal((await readGate(client, id!))!.decisions.length, 1);
    await decide(client.workflow, { workflowId: id! }, { gate: 'stage1', verdict: 'withdraw', by: 'alice' });
    assert.deepEqual((await readGate(client, id!))!.decisions, []);
    const [anew] = await decideAll(client, [planDecision((await readGate(client, id!))!, { verdict: 'approve', by: 'alice' })], { timeoutMs: 10_000 });
    assert.equal(anew!.result, 'counted');
    assert.deepEqual((await readGate(client, id!))!.decisions.map(({ by }) => by), ['alice']);
    const [stale] = await decideAll(client, [{ ...planned, view: { ...view, evidence: '000000000000' }, answer: { ...planned.answer, by: 'bob', evidence: '000000000000' } }], { timeoutMs: 10_000 });
    assert.deepEqual([stale!.result, stale!.reason], ['refused', 'it was made on other evidence than is shown']);
  }));

  it('says that nobody took the decisions when no worker is there', async () => {
    const view = await withReleaseWorkers(temporal, {}, async () => {
      const ids = await startReleases(temporal, circuits('N001', 'C001'), '1-aaaa');
      return (await waitingAt(temporal, 'stage1', ids))[0]!;
    });
    const [unanswered] = await decideAll(temporal.client, [planDecision(view, { verdict: 'approve', by: 'alice' })], { timeoutMs: 500 });
    assert.equal(unanswered!.result, 'unanswered');
  });
});

describe('holdpoint decide --file', () => {
  it('checks everything before it sends anything, decides each its own way, and again changes nothing', () => withReleaseWorkers(temporal, {}, async () => {
    const ids = await startReleases(temporal, circuits('F001', 'C001', 'C002', 'C003'), '1-aaaa');
    const [first, second, third] = (await waitingAt(temporal, 'stage1', ids)).sort((one, other) => (one.workflowId < other.workflowId ? -1 : 1));
    const file = join(directory, 'decisions.yml');
    const decideBy = (...more: string[]) => holdpoint(['decide', '--file', file, '--as', 'bob', ...more]);

    writeFileSync(file, `- {run: '${first!.workflowId}', gate: stage1, verdict: approve}\n- {run: releaseModel:no:such:run, gate: stage1, verdict: approve}\n- {run: '${third!.workflowId}', gate: stage1, verdict: approve, evidence: '000000000000'}\n`);
    const wrong = await decideBy('--yes');
    refused(wrong, 1, /decisions\.yml:2: run: there is no run releaseModel:no:such:run[^]*decisions\.yml:3: evidence: .* shows [0-9a-f]{12} now[^]*Nothing was sent/);
    writeFileSync(file, '- {run: x, gate: stage1}\n');
    refused(await decideBy('--yes'), 2, /decisions\.yml:1: verdict: is missing/);
    await waitingAt(temporal, 'stage1', ids);

    writeFileSync(file, [
      `- {run: '${first!.workflowId}', gate: stage1, verdict: approve, comment: fine, evidence: '${first!.evidence}'}`,
      `- {run: '${second!.workflowId}', gate: stage1, verdict: reject, comment: loss still falls}`,
      `- {run: '${third!.workflowId}', gate: stage3, verdict: approve}`,
    ].join('\n'));
    const seen = await decideBy('--dry-run', '--json');
    assert.deepEqual((JSON.parse(seen.stdout) as { preview: { verdict: string; evidence: string }[] }).preview.map(({ verdict, evidence }) => [verdict, evidence]), [['approve', first!.evidence], ['reject', second!.evidence]]);
    const sent = await decideBy('--yes', '--json');
    assert.equal(sent.code, 1);
    assert.deepEqual(kinds(results(sent.stdout)), ['C001 counted', 'C002 counted', 'C003 refused']);
    assert.match(results(sent.stdout).find(({ result }) => result === 'refused')!.reason, /gate "stage3" is not open; open is "stage1"/);
    await waitingAt(temporal, 'stage3', [first!.workflowId]);

    const again = await decideBy('--yes', '--json');
    assert.deepEqual(kinds(results(again.stdout)), ['C001 already', 'C002 already', 'C003 refused']);
  }));
});

describe('holdpoint decide --file where gates bind evidence', () => {
  const binding = async ({ target }: { target: TargetPolicy['target'] }): Promise<TargetPolicy> => {
    const policy = testPolicy(target);
    return { ...policy, gates: { ...policy.gates, stage1: { ...policy.gates.stage1, bindEvidence: true } } };
  };

  it('takes --yes only for evidence that somebody has seen: that of the file, or of a preview that is fed back', () => withReleaseWorkers(temporal, { loadPolicy: binding }, async () => {
    const ids = await startReleases(temporal, circuits('E001', 'C001', 'C002', 'C003'), '1-aaaa');
    const views = await waitingAt(temporal, 'stage1', ids);
    const [seen, unseen, rejected] = ids;
    const evidence = views.find(({ workflowId }) => workflowId === seen)!.evidence;
    const list = [{ run: seen, gate: 'stage1', verdict: 'approve', evidence }, { run: unseen, gate: 'stage1', verdict: 'approve' }, { run: rejected, gate: 'stage1', verdict: 'reject', comment: 'loss still falls' }];
    const decideBy = (file: unknown, ...more: string[]) => holdpoint(['decide', '--file', '-', '--as', 'bob', ...more], { input: file });
    refused(await decideBy(list, '--yes'), 1, /standard input:1: evidence: is missing: stage1 of releaseModel:E001:C002:1-aaaa binds it[^]*--dry-run --json/);
    await waitingAt(temporal, 'stage1', ids);

    const preview = await decideBy(list, '--dry-run', '--json');
    assert.equal(preview.code, 0, preview.stderr);
    const changed = preview.stdout.replaceAll(evidence, '0123456789ab');
    refused(await decideBy(changed, '--yes'), 1, /evidence: releaseModel:E001:C001:1-aaaa shows [0-9a-f]{12} now/);
    const sent = await decideBy(preview.stdout, '--yes', '--json');
    assert.equal(sent.code, 0, sent.stderr);
    assert.deepEqual(kinds(results(sent.stdout)), ['C001 counted', 'C002 counted', 'C003 counted']);
    await waitingAt(temporal, 'stage3', [seen!, unseen!]);
    assert.deepEqual(((await temporal.client.workflow.getHandle(rejected!).result()) as { reason: string }).reason, 'bob: loss still falls');
  }));

  it('takes the preview of approve --all as well', () => withReleaseWorkers(temporal, { loadPolicy: binding }, async () => {
    const ids = await startReleases(temporal, circuits('E002', 'C001', 'C002'), '1-aaaa');
    await waitingAt(temporal, 'stage1', ids);
    const preview = await holdpoint(['approve', '--all', '--target', 'E002', '--as', 'alice', '--dry-run', '--json']);
    const sent = await holdpoint(['decide', '--file', '-', '--as', 'alice', '--yes', '--json'], { input: preview.stdout });
    assert.deepEqual(kinds(results(sent.stdout)), ['C001 counted', 'C002 counted'], sent.stderr);
  }));
});

describe('bulk decisions on gates of identity attributed', () => {
  it('are signals, which Temporal gives to their sender, and what became of each is told', () => withReleaseWorkers(temporal, { loadPolicy: async ({ target }) => {
    const policy = testPolicy(target);
    return { ...policy, gates: { ...policy.gates, stage1: { ...policy.gates.stage1, identity: target.circuit === 'C001' ? 'attributed' : 'claimed' } } };
  } }, async () => {
    const ids = await startReleases(temporal, circuits('A001', 'C001', 'C002'), '1-aaaa');
    await waitingAt(temporal, 'stage1', ids);
    const sent = await holdpoint(['approve', '--all', '--target', 'A001', '--as', 'alice', '--yes', '--json']);
    // This server tells no principals, so nobody proves to be alice: a proposal.
    assert.deepEqual(kinds(results(sent.stdout)), ['C001 proposed', 'C002 counted'], sent.stderr);
    assert.deepEqual(results(sent.stdout).map(({ workflowId, channel }) => [workflowId, channel]).toSorted(), [[ids[0], 'signal'], [ids[1], undefined]]);
    const events = async (id: string) => ((await temporal.client.workflow.getHandle(id).fetchHistory()).events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal, workflowExecutionUpdateAcceptedEventAttributes: update }) => [...(signal ? [`signal ${signal.signalName}`] : []), ...(update ? [`update ${update.acceptedRequest?.input?.name}`] : [])]);
    assert.deepEqual([await events(ids[0]!), await events(ids[1]!)], [['signal approve'], ['update decide']]);
    assert.match((await holdpoint(['approve', '--all', '--target', 'A001:C001', '--as', 'alice', '--yes'])).stdout, /1 are kept as proposals only\. Sent as signals: 1, which count if Temporal's server says/);
  }));
});

describe('the gate\'s other answers', () => {
  it('have commands of their own', () => withReleaseWorkers(temporal, { loadPolicy: async (input) => {
    const policy = await twoOfThree(input);
    return { ...policy, gates: { ...policy.gates, stage1: { ...policy.gates.stage1, breakGlass: ['carol'], approvers: ['alice', 'bob'] } } };
  } }, async () => {
    const [id] = await startReleases(temporal, circuits('V001', 'C001'), '1-aaaa');
    await waitingAt(temporal, 'stage1', [id!]);
    const gate = async () => (await readGate(temporal.client, id!))!;
    const say = async (...args: string[]) => {
      const ended = await holdpoint([args[0]!, id!, '--gate', 'stage1', ...args.slice(1)]);
      assert.equal(ended.code, 0, ended.stderr);
      return ended.stdout;
    };
    await say('approve', '--as', 'alice', '--effective-at', '2h');
    assert.deepEqual((await gate()).decisions.map(({ by }) => by), ['alice']);
    assert.match(await say('withdraw', '--as', 'alice'), /Withdrew the decision on stage1/);
    assert.deepEqual((await gate()).decisions, []);
    assert.match(await say('delegate', '--as', 'alice', '--to', 'carol', '--until', '8h'), /Named carol until .* for stage1/);
    assert.ok((await gate()).eligible.includes('carol'));
    assert.match(await say('defer', '--as', 'bob', '--until', '2099-01-01T00:00:00Z'), /Deferred until 2099-01-01/);
    refused(await holdpoint(['defer', id!, '--gate', 'stage1', '--as', 'bob', '--until', 'tomorrow']), 2, /--until must be an instant/);
    refused(await holdpoint(['bypass', id!, '--gate', 'stage1', '--as', 'bob', '--incident', 'INC-1', '--reason', 'down']), 1, /bob may not break the glass here \(carol\)/);
    const { runId } = await temporal.client.workflow.getHandle(id!).describe();
    assert.match((await holdpoint(['show', id!, '--run', runId])).stdout, new RegExp(runId));
    refused(await holdpoint(['show', id!, '--run', '00000000-0000-0000-0000-000000000000']), 3, /There is no run/);
  }));

  it('refuses what does not go together', async () => {
    for (const [args, message] of [
      [['approve', '--as', 'alice'], /needs the run, or --all/],
      [['approve', 'x', '--all', '--as', 'alice'], /--all takes no run/],
      [['approve', 'x', '--gate', 'g', '--as', 'alice', '--yes'], /go with --all/],
      [['approve', '--all', '--as', 'alice', '--target', 'P 1'], /"P 1" is no target/],
    ] as const) refused(await holdpoint([...args]), 2, message);
  });
});
