/**
 * People decide in the inbox: a real Chromium, the receiver, real runs on a real Temporal server. Every page that is seen is looked at by axe-core. With
 * HOLDPOINT_SCREENSHOTS=docs/images the pictures of the documentation are taken on the way.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { mintButton, openButtonKeys } from '../../activities/notifications/button-token.ts';
import { slackSignature } from '../../starters/receiver/chat-actions/slack-signature.ts';
import { gateClock } from '../support/release-activities.ts';
import { InboxStage, people } from '../starters/inbox-stage.ts';
import { Desk, type DeskPlace } from './support/desk.ts';
import { launchChromium } from './support/web-ui.ts';

const hour = 3_600_000;
const slackSecret = 'the secret of Slack';

let stage: InboxStage;
let address: string;
let browser: Browser;
let place: DeskPlace;
const seen = new Set<string>();

before(async () => {
  [stage, browser] = await Promise.all([InboxStage.start(), launchChromium()]);
  const keys = await openButtonKeys(join(stage.directory, 'keys', 'buttons.private.json'));
  // Five hours later for the pages, so that the age of a gate is something to see.
  address = await stage.listen({ now: () => new Date(Date.now() + 5 * hour) }, { slack: { signingSecret: slackSecret, buttonKeys: async () => keys, people: async () => people, gates: stage.gates, inboxUrl: null } });
  place = { browser, address, seen };
});
after(async () => {
  await browser?.close();
  await stage?.stop();
});

describe('the inbox in a browser', () => {
  it('is signed in to, shows what waits and why, and takes the decision', async () => {
    const terms = { quorum: 2, groups: [{ name: 'plant operators', members: ['carol'] }], mandatoryGroups: ['plant operators'], clock: gateClock(9 * hour, hour) };
    const severe = await stage.openGate('C001', { mae: 1.62, policy: { ...terms, severity: 'P1', breakGlass: ['alice'], evidence: { lifetimeMs: 24 * hour, tolerance: {} } } });
    await stage.openGate('C002', { mae: 2.02, policy: terms });
    await stage.openGate('C003', { mae: 1.95, policy: terms });
    await stage.openGate('C004', { policy: { approvers: ['bob', 'carol'] } });

    const desk = await Desk.open(place);
    await desk.go('/inbox');
    await desk.isAccessible('sign in');
    await desk.page.getByLabel('Name').fill('alice');
    await desk.page.getByLabel('Password').fill('wrong');
    await desk.page.keyboard.press('Enter');
    assert.equal(await desk.notice(), 'Name or password is wrong.');
    await desk.isAccessible('sign in, refused');
    await desk.page.getByLabel('Password').fill('alice');
    await desk.page.keyboard.press('Enter');
    await desk.page.getByRole('heading', { name: '3 gates wait for you' }).waitFor();
    assert.deepEqual(await desk.page.getByRole('list', { name: 'Waiting for you' }).locator('.where strong').allInnerTexts(), ['P001/C001', 'P001/C002', 'P001/C003']);
    await desk.isAccessible('list');
    await desk.picture('inbox-list');

    await desk.page.getByRole('link', { name: /Promote P001\/C001/ }).click();
    await desk.page.getByRole('heading', { name: 'Your decision' }).waitFor();
    assert.deepEqual((await desk.page.getByRole('row', { name: /MAE/ }).locator('td').allInnerTexts()).slice(0, 2), ['1.620', '2.100']);
    await desk.isAccessible('card');
    await desk.picture('inbox-card');
    for (const summary of await desk.page.locator('summary').all()) await summary.click();
    await desk.isAccessible('card, all opened');

    await desk.page.getByRole('button', { name: 'Reject' }).click();
    assert.equal(await desk.notice(), 'A rejection needs a reason: write it into the comment.');
    await desk.isAccessible('card, problem');
    await desk.page.getByLabel(/^Comment/).fill('figures and log read');
    await desk.page.getByRole('button', { name: 'Approve' }).click();
    await desk.page.getByText('Your approval counts; 1 more is needed.').waitFor();
    await desk.isAccessible('card, decided');
    const { decisions } = (await stage.gate(severe.workflowId))!;
    assert.deepEqual(decisions.map(({ by, level, comment }) => [by, level, comment]), [['alice', 'authenticated', 'figures and log read']]);

    await desk.page.getByRole('button', { name: 'Take my decision back' }).click();
    await desk.page.getByText('Your decision is taken back.').waitFor();
    assert.deepEqual((await stage.gate(severe.workflowId))?.decisions, []);
    await desk.page.getByRole('button', { name: 'Sign out' }).click();
    await desk.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await desk.page.goBack();
    await desk.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await desk.close();
  });

  it('refuses the own request, under an alias too, and whoever is in no group of the gate', async () => {
    const view = await stage.openGate('C010', { policy: { approvers: ['bob', 'dana'] } }, { requestedBy: ['Dana@Example.com'] });
    for (const [name, reason] of [['dana', 'You asked for this change, so somebody else has to decide it (four eyes).'], ['carol', 'You are not among those who may decide this gate: bob.']] as const) {
      const desk = await Desk.signedIn(place, name);
      await desk.goToGate(view);
      assert.ok((await desk.page.locator('#decide').innerText()).includes(reason));
      assert.equal(await desk.page.getByRole('button', { name: 'Approve' }).count(), 0);
      await desk.isAccessible(`card, ${name} may not decide`);
      // A button is easily put there by hand; the gate itself refuses.
      await desk.page.evaluate(`(() => {
        const form = document.querySelector('.who').cloneNode(true);
        form.action = location.pathname;
        for (const [name, value] of Object.entries({ gate: 'stage1', generation: '0', evidence: '${view.evidence}', nonce: 'n', verdict: 'approve' })) form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
        document.body.append(form);
        form.submit();
      })()`);
      await desk.page.getByText(/^Not counted: /).waitFor();
      assert.match(await desk.notice(), name === 'dana' ? /dana asked for this change and may not decide it/ : /carol is not among the approvers/);
      await desk.close();
    }
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
  });

  it('refuses a decision on evidence that changed while the page was open, and shows what changed', async () => {
    const view = await stage.openGate('C011', { policy: { approvers: ['bob', 'carol'] } });
    const desk = await Desk.signedIn(place, 'bob');
    await desk.goToGate(view);
    await stage.remeasure(view, 2.4);
    await desk.page.getByRole('button', { name: 'Approve' }).click();
    assert.match(await desk.notice(), /The gate has moved on: your decision was not sent\.\s+metrics: .*1\.9 → 2\.4/);
    await desk.isAccessible('card, moved on');
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
    await desk.page.getByLabel(/^Comment/).fill('worse than production');
    await desk.page.getByRole('button', { name: 'Reject' }).click();
    await desk.page.getByText('Your rejection counts, and the gate is rejected.').waitFor();
    await stage.temporal.client.workflow.getHandle(view.workflowId).result();
    await desk.page.reload();
    await desk.page.getByText('The run has ended: rejected.').waitFor();
    await desk.isAccessible('closed');
    await desk.close();
  });

  it('refuses a form of another site, and a replayed button of Slack', async () => {
    const view = await stage.openGate('C012', { policy: { approvers: ['alice', 'bob'], quorum: 2 } });
    const desk = await Desk.signedIn(place, 'bob');
    await desk.goToGate(view);
    const fields = await desk.page.evaluate<Record<string, string>>(`Object.fromEntries(new FormData(document.querySelector('#decide form')))`);
    // Another origin of the same machine, which the browser even sends cookies to.
    const evil = `<form method="post" action="${address}/inbox/gates/${encodeURIComponent(view.workflowId)}">${Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join('')}<input name="verdict" value="approve"></form>`;
    await desk.page.route('http://127.0.0.1:9/', (route) => route.fulfill({ contentType: 'text/html', body: evil }));
    await desk.page.goto('http://127.0.0.1:9/');
    await desk.page.evaluate(`document.forms[0].submit()`);
    await desk.page.getByRole('heading', { name: 'This form was not taken' }).waitFor();
    await desk.isAccessible('forged');
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);

    const [key] = await openButtonKeys(join(stage.directory, 'keys', 'buttons.private.json'));
    const value = await mintButton(key, { ...view, verdict: 'approve', expiresAt: view.deadline });
    const body = new URLSearchParams({ payload: JSON.stringify({ type: 'block_actions', user: { id: 'U0ALICE' }, actions: [{ type: 'button', value }] }) }).toString();
    const press = async (at: number): Promise<number> => {
      const timestamp = String(Math.floor(at / 1000));
      return (await fetch(`${address}/chat/slack`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': timestamp, 'x-slack-signature': slackSignature(slackSecret, timestamp, body) } })).status;
    };
    assert.deepEqual([await press(Date.now()), await press(Date.now()), await press(Date.now() - 400_000)], [200, 200, 401]);
    await desk.goToGate(view);
    assert.equal(await desk.page.getByText('alice approved').count(), 1);
    await desk.isAccessible('card, with a decision');
    await desk.close();
  });

  it('decides several together with an exception, and shows each with its evidence before', async () => {
    const terms = { policy: { approvers: ['erin', 'bob'] } };
    const views = [await stage.openGate('C020', { ...terms, mae: 1.71 }), await stage.openGate('C021', { ...terms, mae: 1.88 }), await stage.openGate('C022', { ...terms, mae: 2.3 })] as const;
    const desk = await Desk.signedIn(place, 'erin');
    await desk.page.getByLabel(/All 3/).check();
    await desk.page.getByLabel('Comment for all').fill('same change, same data');
    await desk.page.getByRole('button', { name: 'Review and approve…' }).click();
    await desk.page.getByRole('heading', { name: 'Approve 3 gates?' }).waitFor();
    const text = await desk.page.locator('main').innerText();
    for (const { evidence } of views) assert.ok(text.includes(evidence));
    await desk.page.getByLabel(/^Decision on .*C021/).selectOption('leave out');
    await desk.page.getByLabel(/^Decision on .*C022/).selectOption('reject');
    await desk.page.getByLabel('Own comment').nth(2).fill('worse than production');
    await desk.isAccessible('bulk preview');
    await desk.page.getByRole('heading', { name: 'Approve 3 gates?' }).scrollIntoViewIfNeeded();
    await desk.picture('inbox-bulk-preview');
    assert.deepEqual((await stage.gate(views[0].workflowId))?.decisions, [], 'nothing has been sent yet');
    await desk.page.getByRole('button', { name: 'Send the decisions' }).click();
    await desk.page.getByRole('heading', { name: '2 of 2 decisions counted' }).waitFor();
    await desk.isAccessible('bulk result');
    await stage.waiting(views[0].workflowId, 'stage3');
    assert.deepEqual((await stage.gate(views[1].workflowId))?.decisions, []);
    const { reason } = (await stage.temporal.client.workflow.getHandle(views[2].workflowId).result()) as { reason: string };
    assert.equal(reason, 'erin: worse than production');
    await desk.close();
  });

  it('leaves parts of a change out by ticking them', async () => {
    const view = await stage.openChange(['C060', 'C061', 'C062']);
    const desk = await Desk.signedIn(place, 'bob');
    await desk.goToGate(view);
    await desk.isAccessible('card of a change');
    await desk.page.getByRole('group', { name: /^Leave out/ }).getByLabel('P001/C062').check();
    await desk.page.getByRole('button', { name: 'Approve' }).click();
    await desk.page.getByText('Your approval counts, and the gate is approved.').waitFor();
    const { reason } = (await stage.temporal.client.workflow.getHandle(view.workflowId).result()) as { reason: string };
    assert.equal(reason, 'released P001/C060, P001/C061; rejected P001/C062');
    await desk.close();
  });

  it('works with the keyboard alone, and without script', async () => {
    const view = await stage.openGate('C030', { policy: { approvers: ['carol'] } });
    const desk = await Desk.open(place, { javaScriptEnabled: false });
    await desk.go(`/inbox/gates/${encodeURIComponent(view.workflowId)}`);
    const { keyboard } = desk.page;
    const focused = (): Promise<string> => desk.page.evaluate<string>('document.activeElement.innerText || document.activeElement.name || ""');
    const tabTo = async (wanted: string): Promise<void> => {
      for (let n = 0; n < 40; n += 1) {
        await keyboard.press('Tab');
        if ((await focused()).trim() === wanted) return;
      }
      assert.fail(`${wanted} is not reached with the keyboard`);
    };
    await tabTo('name');
    await keyboard.type('carol');
    await tabTo('password');
    await keyboard.type('carol');
    await keyboard.press('Enter');
    await desk.page.getByRole('heading', { name: 'Your decision' }).waitFor();
    await keyboard.press('Tab');
    assert.equal(await focused(), 'Skip to the content');
    await keyboard.press('Enter');
    await tabTo('comment');
    await keyboard.type('by keyboard');
    await tabTo('Approve');
    await keyboard.press('Space');
    await desk.page.getByText('Your approval counts, and the gate is approved.').waitFor();
    await stage.waiting(view.workflowId, 'stage3');
    await desk.close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits a phone, ${colorScheme}`, async () => {
      const view = await stage.openGate(colorScheme === 'light' ? 'C040' : 'C041', { policy: { approvers: ['carol', 'bob'], severity: 'P1', checklist: [{ id: 'plant', text: 'The plant knows of the change', by: 'person', people: null }] } });
      const desk = await Desk.signedIn(place, 'carol', { viewport: { width: 360, height: 740 }, deviceScaleFactor: 1, isMobile: true, hasTouch: true, colorScheme });
      await desk.isAccessible(`phone, list, ${colorScheme}`);
      await desk.goToGate(view);
      await desk.isAccessible(`phone, card, ${colorScheme}`);
      await desk.page.getByRole('link', { name: 'Go to the decision' }).tap();
      await desk.picture(colorScheme === 'light' ? 'inbox-phone' : 'inbox-phone-dark');
      const { width, height } = (await desk.page.getByRole('button', { name: 'Reject' }).boundingBox())!;
      assert.ok(width >= 44 && height >= 44, 'a thumb finds it');
      await desk.page.getByRole('button', { name: 'I have checked this' }).tap();
      await desk.page.getByText('The item is answered.').waitFor();
      await desk.page.getByRole('button', { name: 'Approve' }).tap();
      await desk.page.getByText('Your approval counts, and the gate is approved.').waitFor();
      await desk.close();
    });
  }

  it('was looked at by axe-core on each kind of page', () => {
    for (const page of ['sign in', 'list', 'card', 'card, all opened', 'card, problem', 'card, moved on', 'closed', 'forged', 'bulk preview', 'bulk result', 'phone, list, light', 'phone, card, dark']) assert.ok(seen.has(page), page);
  });
});
