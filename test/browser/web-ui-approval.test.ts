/**
 * People approve a release in Temporal Web UI: a real browser, a real Temporal server, the product's own processes, models that are really trained. What is copied from the card is what
 * is pasted into the dialog. With HOLDPOINT_SCREENSHOTS=docs/images the pictures of the documentation are taken on the way.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { Releases, circuitChange } from '../support/releases.ts';
import { Stack } from '../support/stack.ts';
import { webUiAddress } from '../support/temporal-server.ts';
import { launchChromium, listedRuns, RunPage } from './support/web-ui.ts';

const screenshots = process.env['HOLDPOINT_SCREENSHOTS'];
const first = { plant: 'P001', circuit: 'C001' };
const second = { plant: 'P001', circuit: 'C002' };

let stack: Stack;
let releases: Releases;
let browser: Browser;
let releaseIds: string[];

before(async () => {
  stack = await Stack.start({ ui: true, estate: { monitoring: { for: '2s', every: '1s' } } });
  releases = new Releases(stack);
  await stack.startWorker();
  [browser, { releases: releaseIds }] = await Promise.all([launchChromium(), releases.train({ ...circuitChange(first), ...circuitChange(second) })]);
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** The page of a release's current details, by the address that the command line prints. */
async function openRelease({ plant, circuit }: typeof first): Promise<{ workflowId: string; run: RunPage }> {
  const workflowId = releaseIds.find((id) => id.startsWith(`releaseModel:${plant}:${circuit}:`));
  assert.ok(workflowId !== undefined, `no release of ${plant}/${circuit} was started`);
  await releases.reaches(workflowId, 'Stage 1 approval');
  const { runId } = await stack.client.workflow.getHandle(workflowId).describe();
  const run = await RunPage.open(browser, `${webUiAddress(stack.temporal)}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/user-metadata`);
  await run.refreshUntil('To answer:');
  return { workflowId, run };
}

/** Copies the card's JSON, writes the name into it and sends it as the signal. */
async function approveInBrowser(run: RunPage, by: string): Promise<void> {
  const { answer } = await run.card();
  const dialog = await run.openDialog('Send a Signal');
  await dialog.choose('approve');
  await dialog.paste(answer.replace('YOUR NAME', by));
  await dialog.send();
}

async function picture(run: RunPage, name: string): Promise<void> {
  if (screenshots !== undefined) await run.page.screenshot({ path: join(screenshots, `${name}.png`) });
}

async function failedTasks(workflowId: string): Promise<number> {
  const { events } = await stack.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes).length;
}

describe('approval in Temporal Web UI', () => {
  it('takes a release through both stages with the JSON that the card shows', async () => {
    const { workflowId, run } = await openRelease(first);
    const stage1 = await run.card();
    assert.match(stage1.heading, /^Promote P001\/C001 \d+-[0-9a-f]{8} to the registry\?$/);
    const [names, ...figures] = stage1.table;
    assert.deepEqual(names, ['on 365 hold-out rows', 'MAE', 'RMSE', 'R²']);
    assert.deepEqual(figures.map(([version]) => version), ['candidate', 'production', 'threshold']);
    assert.match(figures.pop()?.[1] ?? '', /^≤ \d/);
    assert.ok(figures.flatMap(([, ...values]) => values).every((value) => Number.parseFloat(value) > 0), JSON.stringify(figures));
    assert.notDeepEqual(figures[0]?.slice(1), figures[1]?.slice(1));
    assert.ok((await run.roomBelowAnswer()) >= 0, 'the card with its JSON fits one screen');
    await picture(run, 'stage1-card');

    const dialog = await run.openDialog('Send a Signal');
    const choices = await dialog.choices();
    assert.deepEqual(choices.map(({ name }) => name), ['approve', 'reject', 'supersede', 'alert', 'lock', 'overrideFreeze', 'Custom']);
    assert.match(choices[0]!.description, /^Approve the open gate: \{"gate", "by", "evidence", "comment"\}/);
    assert.match(choices[1]!.description, /^Reject the open gate/);
    await dialog.choose('approve');
    await dialog.paste(stage1.answer.replace('YOUR NAME', 'alice'));
    await picture(run, 'signal-dialog');
    await dialog.send();

    await run.refreshUntil(/Last answer: alice: counted, approve of stage1 .*Deploy P001\/C001 /s);
    assert.match((await run.card()).heading, /^Deploy P001\/C001 \d+-[0-9a-f]{8} to production\?$/);
    assert.ok((await run.roomBelowAnswer()) >= 0, 'the card of Stage 3 fits one screen');
    await approveInBrowser(run, 'bob');

    await run.refreshUntil(/succeeded: in production/);
    await run.waitForStatus('Completed');
    const result = await releases.result(workflowId);
    assert.equal(result.outcome, 'succeeded');
    assert.equal(result.production, 'changed');
    await run.close();
  });

  it('lists by a bookmark what waits for somebody', async () => {
    await openRelease(second).then(({ run }) => run.close());
    const query = encodeURIComponent('Gate is not null and ExecutionStatus = "Running"');
    const listed = await listedRuns(browser, `${webUiAddress(stack.temporal)}/namespaces/default/workflows?query=${query}`);
    assert.deepEqual(listed, releaseIds.filter((id) => id.startsWith('releaseModel:P001:C002:')));
  });

  it('is not disturbed by what cannot be decoded nor by an unknown signal, refuses an update with its reason, and counts the good answer that comes after', async () => {
    const { workflowId, run } = await openRelease(second);
    const { answer } = await run.card();
    const signed = answer.replace('YOUR NAME', 'alice');

    const undecodable = await run.openDialog('Send a Signal');
    await undecodable.choose('approve');
    await undecodable.encodeAsProtobuf('example.Approval');
    await undecodable.paste(signed);
    await undecodable.send();
    await run.refreshUntil(/Last answer: an unnamed answer: not counted, it could not be decoded .*send it with encoding json\/plain.*Promote/s);

    const unknown = await run.openDialog('Send a Signal');
    await unknown.chooseCustom('aprove');
    await unknown.encodeAsProtobuf('example.Approval');
    await unknown.paste(signed);
    await unknown.send();
    await run.refreshUntil(/Last answer: an unnamed answer: not counted, there is no signal “aprove”; send “approve” or “reject”/);

    const update = await run.openDialog('Send an Update');
    assert.match((await update.choices()).find(({ name }) => name === 'decide')?.description ?? '', /^Decide the open gate/);
    await update.choose('decide');
    await update.paste(JSON.stringify({ gate: 'stage1', verdict: 'approve', by: 'dana' }, null, 2));
    await update.submit();
    assert.equal(await update.refusal(), 'not counted: dana asked for this change and may not decide it');
    await update.cancel();
    assert.equal((await releases.status(workflowId)).gate?.id, 'stage1');
    assert.equal(await failedTasks(workflowId), 0);

    await approveInBrowser(run, 'alice');
    await run.refreshUntil(/Last answer: alice: counted, approve of stage1 .*Deploy P001\/C002 /s);
    await run.close();
  });
});
