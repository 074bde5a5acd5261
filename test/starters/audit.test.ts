import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { blockName, sealBlock, type Block } from '../../activities/record/block.ts';
import { openFolderStore } from '../../activities/record/folder-store.ts';
import { createRecordActivities } from '../../activities/record/index.ts';
import { keyFiles, mintKeys, readSigningKey, rotateKey } from '../../activities/record/key-ring.ts';
import type { Audit } from '../../starters/audit/audit.ts';
import { createDecisionSigner } from '../../starters/decision-signer.ts';
import { TaskQueue } from '../../workflows/domain/queues.ts';
import { releaseModel } from '../../starters/runbooks.ts';
import { testInput, type ReleaseActivities } from '../support/release-activities.ts';
import { gateOpen, type Handle } from '../support/release-model-runs.ts';
import { withReleaseWorkers } from '../support/release-worker.ts';
import { eventually } from '../support/eventually.ts';
import { StoppableTemporal } from './audit-temporal.ts';
import { assertRefused, holdpointAt, type Holdpoint } from './run-holdpoint.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdpoint-audit-'));
const places = { record: join(directory, 'record'), anchors: join(directory, 'anchors'), keys: join(directory, 'keys') };
let temporal: StoppableTemporal;
let holdpoint: Holdpoint;
before(async () => {
  await mintKeys(places.keys);
  temporal = await StoppableTemporal.start(join(directory, 'temporal.db'));
  holdpoint = holdpointAt(temporal.address);
});
after(async () => {
  await temporal.stop();
  rmSync(directory, { recursive: true, force: true });
});

const record = () => createRecordActivities({ record: openFolderStore(places.record), anchors: openFolderStore(places.anchors), keysDirectory: places.keys, build: '0.1.0+audited' });

/** The real runbook with the real record; what it says of the platforms is plain data. */
const work = <T>(body: () => Promise<T>, replaced: Partial<ReleaseActivities> = {}) => {
  const { appendToRecord, verifyAnswers } = record();
  return withReleaseWorkers(temporal.environment, { appendToRecord, verifyAnswers, ...replaced }, body);
};

const start = async (version: string): Promise<Handle> => {
  const input = { ...testInput, version };
  return (await temporal.environment.client.workflow.start('releaseModel', { taskQueue: TaskQueue.Runbooks, workflowId: releaseModel.workflowId(input), args: [input] })) as Handle;
};
const firstRunId = async (handle: Handle): Promise<string> => (await handle.describe()).runId;

/** Two stages: the first signed by the receiver for alice, the second a signal that names bob, after one that does not count. */
async function release(version: string): Promise<Handle> {
  const handle = await start(version);
  await gateOpen(handle, 'stage1');
  const sign = createDecisionSigner({ privateKeysFile: keyFiles(places.keys, 'decisions').privateKeys });
  await handle.executeUpdate('decide', { args: [await sign({ workflowId: handle.workflowId, runId: await firstRunId(handle), via: 'inbox', by: 'alice', answer: { gate: 'stage1', verdict: 'approve', comment: `metrics of ${version} look fine` } })] });
  await gateOpen(handle, 'stage3');
  await handle.signal('approve', { gate: 'stage3', by: 'dana', comment: 'mine' });
  await handle.signal('approve', { gate: 'stage3', by: 'bob', comment: `tests of ${version} look good` });
  assert.equal((await handle.result()).outcome, 'succeeded');
  return handle;
}

/** What `holdpoint audit --json` says of a record, by default of the one that the runs of this file write. */
async function audit(args: string[], where: { record?: string; anchors?: string; keys?: string } = {}, environment: Record<string, string> = {}): Promise<Audit & { code: number | null }> {
  const { stdout, stderr, code } = await holdpoint(['audit', ...args, '--json'], { environment: { ...variables(where), ...environment } });
  assert.notEqual(stdout, '', stderr);
  return { ...(JSON.parse(stdout) as Audit), code };
}

function variables({ record: inRecord = places.record, anchors = places.anchors, keys = places.keys }: { record?: string; anchors?: string; keys?: string } = {}): Record<string, string> {
  return { HOLDPOINT_RECORD: inRecord, HOLDPOINT_ANCHORS: anchors, HOLDPOINT_KEYS: keys };
}

describe('holdpoint audit', () => {
  let released: Handle;
  let rejected: Handle;
  before(() => work(async () => {
    released = await release('1-aaaaaaaa');
    rejected = await start('2-bbbbbbbb');
    await gateOpen(rejected, 'stage1');
    await rejected.executeUpdate('decide', { args: [{ gate: 'stage1', verdict: 'reject', by: 'carol', comment: 'too little data' }] });
    await rejected.result();
    await record().anchorRecord({ at: '2026-11-21T00:00:00.000Z' });
  }));

  it('tells of a run who decided what, on which evidence, how far that is proven, and what came of it', async () => {
    const { runs, code, findings, verified } = await audit([released.workflowId, '--verify']);
    assert.deepEqual(findings, []);
    assert.equal(code, 0);
    assert.deepEqual(verified, { decisions: 2, history: true });
    const [run] = runs;
    assert.equal(runs.length, 1);
    assert.equal(run!.runId, await firstRunId(released));
    assert.deepEqual(run!.gates.map(({ gate, closed, answers }) => [gate, closed?.state, closed?.by, answers.map(({ verdict, by, level, via }) => [verdict, by, level, via])]), [
      ['stage1', 'approved', ['alice'], [['approve', 'alice', 'authenticated', 'inbox']]],
      ['stage3', 'approved', ['bob'], [['approve', 'bob', 'claimed', null]]],
    ]);
    assert.ok(run!.gates.every(({ opened, answers }) => answers.every(({ evidence }) => evidence === opened?.evidenceDigest)));
    assert.equal(run!.gates[1]!.uncounted.length, 1);
    assert.deepEqual(run!.effects.map(({ step, resource, after: version }) => [step, resource, version]), [
      ['registry promotion', 'azureml://registries/ml-registry/models/P001-C001/versions/1-aaaaaaaa', '1-aaaaaaaa'],
      ['production deployment', 'prod-ml-workspace/batch-endpoint-plant-P001/deployment-circuit-C001', '1-aaaaaaaa'],
    ]);
    assert.equal(run!.closed?.outcome, 'succeeded');
    assert.deepEqual(run!.builds, ['0.1.0+audited']);
    const order = run!.entries.map(({ kind }) => kind);
    assert.ok(order.indexOf('gateClosed') < order.indexOf('effect'), 'the decision is on record before its effect');
  });

  it('is a report that people can read', async () => {
    const { stdout, code } = await holdpoint(['audit', rejected.workflowId], { environment: variables() });
    assert.equal(code, 0);
    assert.match(stdout, /Gate stage1\n[^]*carol +reject +claimed +update +[0-9a-f]{12} +too little data\n[^]*rejected by carol: too little data/);
    assert.match(stdout, /Ended rejected: carol: too little data/);
    assert.match(stdout, /Effects\nnone on record/);
    assert.match(stdout, /Findings\nnone/);
  });

  it('verifies the whole record, also after its keys were rotated', async () => {
    await rotateKey(places.keys, 'record');
    await rotateKey(places.keys, 'decisions');
    const later = await work(() => release('3-cccccccc'));
    await record().anchorRecord({ at: '2026-11-22T00:00:00.000Z' });
    const { findings, code, runs } = await audit(['--verify']);
    assert.deepEqual(findings, []);
    assert.equal(code, 0);
    assert.deepEqual(runs.map(({ workflowId }) => workflowId), [released, rejected, later].map(({ workflowId }) => workflowId));
  });

  it('is refused without a run or a period, for a period that is none, and for a run that the record does not know', async () => {
    const environment = variables();
    assertRefused(await holdpoint(['audit'], { environment }), 2, /Nothing to audit/);
    assertRefused(await holdpoint(['audit', '--period', 'november'], { environment }), 2, /november is no period/);
    assertRefused(await holdpoint(['audit', 'x', '--period', '2026-11'], { environment }), 2, /not both/);
    assertRefused(await holdpoint(['audit', 'releaseModel:P009:C001:1'], { environment }), 3, /The record has no run releaseModel:P009:C001:1/);
    assertRefused(await holdpoint(['audit', '--verify'], { environment: { ...environment, HOLDPOINT_KEYS: directory } }), 2, /record\.public\.json: cannot be read/);
  });

  it('does without Temporal, and says what was not compared', async () => {
    const { code, findings, notes, verified } = await audit(['--verify'], {}, { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    assert.deepEqual([code, findings, verified?.history], [0, [], false]);
    assert.match(notes.join('\n'), /Temporal does not answer at 127\.0\.0\.1:1: the history was not compared/);
  });

  describe('of a record that somebody has changed', () => {
    let copies = 0;
    const copied = (): { record: string; anchors: string } => {
      copies += 1;
      const copy = { record: join(directory, `copy-${copies}`, 'record'), anchors: join(directory, `copy-${copies}`, 'anchors') };
      for (const place of ['record', 'anchors'] as const) cpSync(places[place], copy[place], { recursive: true });
      return copy;
    };
    const write = (file: string, bytes: Buffer | string): void => {
      chmodSync(file, 0o644);
      writeFileSync(file, bytes);
    };
    const found = async (where: { record: string; anchors: string }) => {
      const { code, findings } = await audit(['--verify'], where);
      assert.equal(code, 1);
      return findings.filter(({ about }) => about === 'record' || about === 'anchor').map(({ where: place, what }) => `${place}: ${what}`);
    };

    it('names the block of which a byte was changed', async () => {
      const where = copied();
      const name = readdirSync(where.record).sort().find((one) => readFileSync(join(where.record, one), 'utf8').includes('metrics of 1-aaaaaaaa'))!;
      const file = join(where.record, name);
      write(file, readFileSync(file, 'utf8').replace('metrics of', 'metrics or'));
      const findings = await found(where);
      const number = Number(/\d+/.exec(name)![0]);
      assert.match(findings.join('\n'), new RegExp(`^${name}: its contents have been changed`, 'm'));
      assert.match(findings.join('\n'), new RegExp(`^${blockName(number + 1)}: it does not follow block ${number} `, 'm'));
    });

    it('names a block that was removed', async () => {
      const where = copied();
      rmSync(join(where.record, blockName(2)));
      assert.deepEqual(await found(where), ['block-000000000002.json: block 2 is missing']);
    });

    it('names the last blocks, where they were cut off after they had been anchored', async () => {
      const where = copied();
      const last = readdirSync(where.record).sort().at(-1)!;
      rmSync(join(where.record, last));
      assert.deepEqual(await found(where), [`${last}: block ${Number(/\d+/.exec(last)![0])} is gone; it was there on 2026-11-22T00:00:00.000Z, when it was anchored`]);
    });

    it('names a block that was forged with another key, chain and all', async () => {
      const where = copied();
      const elsewhere = join(directory, 'elsewhere');
      await mintKeys(elsewhere);
      const names = readdirSync(where.record).sort();
      const forger = await readSigningKey(keyFiles(elsewhere, 'record').privateKeys);
      // From the second block on everything is made anew, so that the chain is whole again.
      let previous = (JSON.parse(readFileSync(join(where.record, names[0]!), 'utf8')) as { digest: string }).digest;
      for (const name of names.slice(1)) {
        const { block } = JSON.parse(readFileSync(join(where.record, name), 'utf8')) as { block: Block };
        const { bytes, digest } = await sealBlock({ ...block, previous }, forger);
        write(join(where.record, name), bytes);
        previous = digest;
      }
      const findings = await found(where);
      for (const name of names.slice(1)) assert.ok(findings.includes(`${name}: its signature is by a key that is not the record's (${forger.kid})`), name);
      assert.ok(!findings.some((finding) => finding.startsWith(names[0]!)));
    });

    it('names a block that the record\'s own key has signed anew, where it had been anchored', async () => {
      const where = copied();
      const names = readdirSync(where.record).sort();
      const last = names.at(-1)!;
      const { block } = JSON.parse(readFileSync(join(where.record, last), 'utf8')) as { block: Block };
      const { bytes } = await sealBlock({ ...block, writtenAt: '2020-01-01T00:00:00.000Z' }, await readSigningKey(keyFiles(places.keys, 'record').privateKeys));
      write(join(where.record, last), bytes);
      const findings = await found(where);
      assert.equal(findings.length, 1);
      assert.match(findings[0]!, /it is not the block that was anchored on 2026-11-22/);
    });

    it('names an anchor that the record has not signed', async () => {
      const where = copied();
      const [name] = readdirSync(where.anchors);
      write(join(where.anchors, name!), readFileSync(join(where.anchors, name!), 'utf8').replace('2026-11-21', '2026-11-20'));
      assert.deepEqual(await found(where), [`${name}: its signature is not the one that was made for it`]);
    });
  });

  describe('of a history that somebody has changed', () => {
    const historyFindings = async (handle: Handle) => (await audit([handle.workflowId, '--verify'])).findings.filter(({ about }) => about === 'history');
    const eventOf = async (handle: Handle, text: string): Promise<string> => {
      const { events } = await handle.fetchHistory();
      const event = events?.find((one) => [...(one.workflowExecutionSignaledEventAttributes?.input?.payloads ?? []), ...(one.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.args?.payloads ?? [])].some(({ data }) => Buffer.from(data ?? []).includes(text)));
      assert.ok(event, `no event holds ${text}`);
      return String(event.eventId);
    };

    it('names the event of which a byte was changed in the stopped server\'s database', async () => {
      const handle = await work(() => release('4-dddddddd'));
      const runId = await firstRunId(handle);
      const [update, signal] = [await eventOf(handle, 'metrics of 4-dddddddd'), await eventOf(handle, 'tests of 4-dddddddd')];
      assert.deepEqual(await historyFindings(handle), []);
      await temporal.stop();
      assert.ok(temporal.changeHistory('metrics of 4-dddddddd look fine', 'metrics of 4-dddddddd look fane') > 0);
      assert.ok(temporal.changeHistory('tests of 4-dddddddd look good', 'tests of 4-dddddddd look food') > 0);
      await temporal.startAgain();
      const findings = await historyFindings(handle);
      assert.deepEqual(findings.map(({ where }) => where).sort(), [update, signal].map((event) => `${handle.workflowId}, run ${runId}, event ${event}`).sort());
      assert.match(findings.map(({ what }) => what).join('\n'), /update "decide" is not the one that was recorded at .* \(approve of alice, block \d+\): it was changed/);
      assert.match(findings.map(({ what }) => what).join('\n'), /signal "approve" is not the one that was recorded at .*: it was changed/);
      assert.deepEqual(await historyFindings(released), [], 'other runs are as they were');
    });

    it('says of an open run that its latest events are not on record yet, and finds nothing wrong in that', async () => {
      await work(async () => {
        const handle = await start('5-eeeeeeee');
        await gateOpen(handle, 'stage1');
        await handle.signal('approve', { gate: 'stage1', by: 'dana' });
        await eventually(async () => assert.match(JSON.stringify(await handle.query('status')), /dana/));
        // The opening is recorded with the next entries; until then the record knows nothing of the run.
        await handle.executeUpdate('decide', { args: [{ gate: 'stage1', verdict: 'approve', by: 'alice' }] });
        await gateOpen(handle, 'stage3');
        await handle.signal('approve', { gate: 'stage3', by: 'dana' });
        await eventually(async () => {
          const { findings, notes } = await audit([handle.workflowId, '--verify']);
          assert.deepEqual(findings, []);
          assert.match(notes.join('\n'), /signal "approve"\) is not on record yet; the run is open/);
        });
        await handle.terminate('the test is over');
        const { findings } = await audit([handle.workflowId, '--verify']);
        assert.match(findings.map(({ what }) => what).join('\n'), /the run ended by termination and the record has no end of it/);
      });
    });

    it('takes a reset for what it is', async () => {
      await work(async () => {
        const handle = await start('6-ffffffff');
        await gateOpen(handle, 'stage1');
        await handle.signal('approve', { gate: 'stage1', by: 'alice', comment: 'again' });
        await gateOpen(handle, 'stage3');
        const runId = await firstRunId(handle);
        const { events } = await handle.fetchHistory();
        const task = events?.find((event) => event.workflowTaskCompletedEventAttributes);
        const { client } = temporal.environment;
        await client.workflowService.resetWorkflowExecution({ namespace: 'default', workflowExecution: { workflowId: handle.workflowId, runId }, workflowTaskFinishEventId: task!.eventId, reason: 'a test of resets', requestId: 'r1' });
        const again: Handle = client.workflow.getHandle(handle.workflowId);
        // The signal is applied again, and comes before its gate has opened: it does not count this time.
        await gateOpen(again, 'stage1');
        await again.signal('approve', { gate: 'stage1', by: 'alice', comment: 'once more' });
        await gateOpen(again, 'stage3');
        await again.executeUpdate('decide', { args: [{ gate: 'stage3', verdict: 'approve', by: 'bob' }] });
        await again.result();
        const { findings, runs } = await audit([handle.workflowId, '--verify']);
        assert.deepEqual(findings, []);
        assert.equal(runs.length, 1);
      });
    });

    it('works when the history is deleted', async () => {
      const { client } = temporal.environment;
      await client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution: { workflowId: released.workflowId } });
      // The server deletes in steps of its own: the run first, its events a little later.
      await eventually(async () => {
        const { code, findings, notes, runs } = await audit([released.workflowId, '--verify']);
        assert.deepEqual([code, findings], [0, []]);
        assert.match(notes.join('\n'), /The history of releaseModel:P001:C001:1-aaaaaaaa \(.*\) no longer exists: only the record was examined/);
        assert.equal(runs[0]!.gates.length, 2);
      }, { timeoutMs: 90_000, everyMs: 500 });
    });
  });

});
