/**
 * A stage of an Azure pipeline is held, and people decide it in a real Chromium: its card is seen in the inbox and in Temporal Web UI. With HOLDPOINT_SCREENSHOTS=docs/images the picture
 * of the documentation is taken on the way.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { PROJECT } from '../../sandbox/core/tenancy.ts';
import type { StageRun } from '../../sandbox/azure-devops/checks/stage-runs.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import { holdpointAt } from '../starters/run-holdpoint.ts';
import { eventually } from '../support/eventually.ts';
import { credentials, StageChecks } from '../support/stage-checks.ts';
import { webUiAddress } from '../support/temporal-server.ts';
import { Desk, type DeskPlace } from './support/desk.ts';
import { launchChromium, RunPage } from './support/web-ui.ts';

let checks: StageChecks;
let browser: Browser;
let place: DeskPlace;

before(async () => {
  [checks, browser] = await Promise.all([StageChecks.start({ ui: true, inbox: true }), launchChromium()]);
  place = { browser, address: checks.receiverUrl, seen: new Set() };
});
after(async () => {
  await browser?.close();
  await checks?.stop();
});

/** Attaches as a user does, with a command. */
async function attach(mode: 'observe' | 'enforce'): Promise<string> {
  const holdpoint = holdpointAt('127.0.0.1:1'); // attaching needs no Temporal
  const environment = { ...sandboxEnvironment(checks.sandbox), HOLDPOINT_WEBHOOK_USER: credentials.user, HOLDPOINT_WEBHOOK_PASSWORD: credentials.password };
  const { code, stdout, stderr } = await holdpoint(['attach', 'azure-pipelines', '--project', PROJECT, '--environment', 'production', '--mode', mode, '--url', checks.receiverUrl], { environment });
  assert.equal(code, 0, stderr);
  return stdout;
}

/** What Azure DevOps was told of the stage. */
const told = ({ planId }: StageRun) => checks.ledger(new RegExp(`/plans/${planId}/events$`)).map(({ status }) => status);

/** The stage's card, opened from the list of what waits, where it appears within moments. */
async function openCard(desk: Desk, run: StageRun): Promise<void> {
  const link = desk.page.getByRole('link', { name: `Let Deploy of deploy-models run ${run.buildId} into production?` });
  await eventually(async () => {
    await desk.go('/inbox');
    assert.equal(await link.count(), 1);
  });
  await link.click();
  await desk.page.getByRole('heading', { name: 'Your decision' }).waitFor();
}

describe('a held stage of an Azure pipeline in a browser', () => {
  it('waits, shows its card in the inbox and in Temporal Web UI, and goes on when it is approved with a click', async () => {
    assert.match(await attach('enforce'), /^Environment production of .* has a new check: enforce mode/);
    const pullRequestId = await checks.pullRequest();
    const run = await checks.startRun({ pullRequestId, tests: { total: 120, passed: 120 } });
    await checks.gateOpen(run);

    const { workflowId } = await checks.handle(run);
    const { runId } = await (await checks.handle(run)).describe();
    const ui = await RunPage.open(browser, `${webUiAddress(checks.temporal)}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/user-metadata`);
    await ui.refreshUntil('To answer:');
    const { heading, answer } = await ui.card();
    assert.equal(heading, `Let Deploy of deploy-models run ${run.buildId} into production?`);
    assert.match(answer, /"gate": "stage"/);
    assert.match(await ui.details.locator('main').innerText(), /all 120 tests passed/);

    const desk = await Desk.signedIn(place, 'alice');
    await openCard(desk, run);
    const card = await desk.page.locator('main').innerText();
    assert.ok(card.includes(`approve: all 120 tests passed, and pull request ${pullRequestId} was merged.`), card);
    assert.match(card, /lets Azure DevOps run Deploy into production at once\. Rejecting fails the stage\./);
    assert.match(card, /It is measured again before it takes effect\./);
    await desk.isAccessible('card of a stage');
    await desk.picture('azure-stage-card');
    const waiting = await checks.run(run);
    assert.deepEqual([waiting.result, waiting.checks.map(({ state }) => state), told(run)], [null, ['inProgress'], []], 'the stage waits');

    await desk.page.getByLabel(/^Comment/).fill('tests read');
    await desk.page.getByRole('button', { name: 'Approve' }).click();
    await desk.page.getByText('Your approval counts, and the gate is approved.').waitFor();
    assert.equal((await checks.stageEnded(run)).result, 'succeeded');
    const { outcome, reason, answer: sent } = await checks.result(run);
    assert.deepEqual([outcome, reason, sent?.result, sent?.delivery], ['succeeded', 'alice approved', 'succeeded', 'delivered']);
    assert.deepEqual(told(run), [200]);
    await ui.waitForStatus('Completed');
    await ui.close();
    await desk.close();
  });

  it('fails when it is rejected, and is not offered to the person it runs for', async () => {
    const run = await checks.startRun({ requestedFor: 'dana@example.com', tests: { total: 120, passed: 118 } });
    const view = await checks.gateOpen(run);
    const dana = await Desk.signedIn(place, 'dana');
    await dana.goToGate(view);
    assert.match(await dana.page.locator('#decide').innerText(), /You asked for this change, so somebody else has to decide it \(four eyes\)\./);
    assert.equal(await dana.page.getByRole('button', { name: 'Approve' }).count(), 0);
    await dana.close();

    const desk = await Desk.signedIn(place, 'carol');
    await openCard(desk, run);
    assert.match(await desk.page.locator('main').innerText(), /look closely: 2 of 120 tests did not pass/);
    await desk.page.getByLabel(/^Comment/).fill('two tests are red');
    await desk.page.getByRole('button', { name: 'Reject' }).click();
    await desk.page.getByText('Your rejection counts, and the gate is rejected.').waitFor();
    assert.equal((await checks.stageEnded(run)).result, 'failed');
    const { outcome, reason, answer } = await checks.result(run);
    assert.deepEqual([outcome, reason, answer?.result], ['rejected', 'carol rejected: two tests are red', 'failed']);
    await desk.close();
  });

  it('has passed already in observe mode, as its card says, and a rejection is only recorded', async () => {
    assert.match(await attach('observe'), /has its check changed: observe mode/);
    const run = await checks.startRun({ tests: { total: 120, passed: 120 } });
    assert.equal((await checks.stageEnded(run)).result, 'succeeded');
    const desk = await Desk.signedIn(place, 'bob');
    await checks.gateOpen(run);
    await openCard(desk, run);
    const card = await desk.page.locator('main').innerText();
    assert.match(card, /observe mode: the stage has passed already; this records what you would have said/);
    assert.match(card, /changes nothing: Azure DevOps runs the stage without waiting\./);
    assert.match(card, /It is not measured again: decide on what is shown here\./);
    await desk.isAccessible('card of an observed stage');
    await desk.page.getByLabel(/^Comment/).fill('not on a Friday');
    await desk.page.getByRole('button', { name: 'Reject' }).click();
    await desk.page.getByText(/^Your rejection counts/).waitFor();
    const { outcome, observed } = await checks.result(run);
    assert.deepEqual([outcome, observed?.by, observed?.reason], ['rejected', ['bob'], 'not on a Friday']);
    assert.equal((await checks.run(run)).result, 'succeeded');
    assert.deepEqual(told(run), [200], 'nothing was sent over it');
    await desk.close();
  });
});
