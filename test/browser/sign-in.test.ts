/** Signing in with a real Chromium, at a real identity provider and as a user of the demo, while other sites try to get in between. Every page that is seen is looked at by axe-core. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { OpenId } from '../../starters/receiver/inbox/open-id.ts';
import { freePort } from '../scripts/free-port.ts';
import { providerOf } from '../starters/identity-provider.ts';
import { InboxStage } from '../starters/inbox-stage.ts';
import { Desk, type DeskPlace } from './support/desk.ts';
import { launchChromium } from './support/web-ui.ts';

const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 1, isMobile: true, hasTouch: true };

let stage: InboxStage;
let browser: Browser;
let place: DeskPlace;
let provider: Server;
/** A site of somebody else. */
let elsewhere: Server;
let evil: string;

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
};

before(async () => {
  [stage, browser] = await Promise.all([InboxStage.start(), launchChromium('--host-resolver-rules=MAP rebound.example.com 127.0.0.1')]);
  provider = createServer();
  elsewhere = createServer((request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(pageOf(request.url ?? '/')));
  const issuer = `http://127.0.0.1:${await listening(provider)}`;
  evil = `http://localhost:${await listening(elsewhere)}`;
  const port = await freePort();
  const answer = providerOf(issuer, `http://127.0.0.1:${port}/inbox/sign-in/callback`).callback();
  provider.on('request', (request, response) => void answer(request, response));
  const address = await stage.listen({ openId: new OpenId({ issuer, clientId: 'holdpoint', clientSecret: 'a-secret-of-the-test', personClaim: 'preferred_username', allowInsecure: true }) }, {}, port);
  place = { browser, address, seen: new Set() };
});
after(async () => {
  await browser?.close();
  for (const server of [provider, elsewhere]) {
    server?.closeAllConnections();
    server?.close();
  }
  await stage?.stop();
});

/** A link and a form that lead to the inbox; the path says where. */
function pageOf(path: string): string {
  const to = `${place.address}${path}`;
  return `<!doctype html><title>Elsewhere</title><a href="${to}">Have a look</a><form method="post" action="${to}"><input name="name" value="bob"><input name="password" value="bob"><button>Win a prize</button></form>`;
}

/** At the provider: whoever types a name is that person, and then agrees. */
async function atProvider(page: Page, name: string): Promise<void> {
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

describe('signing in', () => {
  it('leads to the provider and back, on a phone', async () => {
    const desk = await Desk.open(place, phone);
    await desk.go('/inbox');
    await desk.isAccessible('phone, sign in, with a provider');
    const way = desk.page.getByRole('link', { name: 'Sign in with your company account' });
    const { height } = (await way.boundingBox())!;
    assert.ok(height >= 44, 'a thumb finds it');
    await way.tap();
    await atProvider(desk.page, 'dana');
    await desk.page.getByText('Signed in as dana').waitFor();
    assert.equal(new URL(desk.page.url()).pathname, '/inbox');
    await desk.isAccessible('phone, empty list');
    await desk.close();
  });

  it('works with the keyboard alone', async () => {
    const desk = await Desk.open(place);
    await desk.go('/inbox');
    const order: string[] = [];
    for (let stop = 0; stop < 6; stop += 1) {
      await desk.page.keyboard.press('Tab');
      order.push(await desk.page.evaluate<string>(`(document.activeElement.labels?.[0] ?? document.activeElement).innerText.trim()`));
    }
    assert.deepEqual(order, ['Skip to the content', 'Holdpoint approvals', 'Sign in with your company account', 'Name', 'Password', 'Sign in']);
    assert.notEqual(await desk.page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`), 'none', 'it is seen where one is');
    for (let stop = 0; stop < 2; stop += 1) await desk.page.keyboard.press('Shift+Tab');
    await desk.page.keyboard.type('carol');
    await desk.page.keyboard.press('Tab');
    await desk.page.keyboard.type('carol');
    await desk.page.keyboard.press('Enter');
    await desk.page.getByText('Signed in as carol').waitFor();
    await desk.close();
  });

  it('is not disturbed by other sites: nobody is signed out, or in as somebody else', async () => {
    const desk = await Desk.signedIn(place, 'alice');
    for (const path of ['/inbox/sign-in/start', '/inbox/sign-in/callback?code=x&state=y', '/inbox/sign-in']) {
      await desk.page.goto(`${evil}${path}`);
      await desk.page.getByRole('link', { name: 'Have a look' }).click();
      await desk.page.getByText('Signed in as alice').waitFor();
    }
    for (const path of ['/inbox/sign-in', '/inbox/sign-out']) {
      await desk.page.goto(`${evil}${path}`);
      await desk.page.getByRole('button', { name: 'Win a prize' }).click();
      await desk.page.getByRole('heading', { name: 'This form was not taken' }).waitFor();
      await desk.go('/inbox');
      await desk.page.getByText('Signed in as alice').waitFor();
    }
    await desk.close();
  });

  it('goes on where another site leads to its beginning meanwhile', async () => {
    const desk = await Desk.open(place);
    await desk.go('/inbox');
    await desk.page.getByRole('link', { name: 'Sign in with your company account' }).click();
    await desk.page.locator('input[name=login]').waitFor();
    const lured = await desk.page.context().newPage();
    await lured.goto(`${evil}/inbox/sign-in/start`);
    await lured.getByRole('link', { name: 'Have a look' }).click();
    await lured.getByRole('heading', { name: 'Sign in' }).waitFor();
    await lured.close();
    await atProvider(desk.page, 'dana');
    await desk.page.getByText('Signed in as dana').waitFor();
    await desk.close();
  });

  it('says on a phone that there were too many wrong passwords, and for whom else it is open', async () => {
    const desk = await Desk.open(place, phone);
    await desk.go('/inbox');
    for (let n = 0; n < 10; n += 1) {
      await desk.page.getByLabel('Name').fill('bob');
      await desk.page.getByLabel('Password').fill(`wrong ${n}`);
      await desk.page.getByRole('button', { name: 'Sign in', exact: true }).tap();
      await desk.page.getByText('Name or password is wrong.').waitFor();
    }
    await desk.isAccessible('phone, sign in, refused');
    await desk.page.getByLabel('Password').fill('bob');
    await desk.page.getByRole('button', { name: 'Sign in', exact: true }).tap();
    await desk.page.getByRole('heading', { name: 'Too many attempts' }).waitFor();
    await desk.isAccessible('phone, too many attempts');
    await desk.close();
    await (await Desk.signedIn(place, 'carol')).close();
  });

  it('is offered by no name that another site points here', async () => {
    const desk = await Desk.open(place, phone);
    await desk.page.goto(`http://rebound.example.com:${new URL(place.address).port}/inbox`);
    await desk.page.getByRole('heading', { name: 'Not by this name' }).waitFor();
    await desk.isAccessible('phone, not by this name');
    assert.deepEqual(await desk.page.context().cookies(), []);
    await desk.close();
  });
});
