/** The inbox in a real Chromium, as one person uses it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

/** Where the pictures of the documentation go; none are taken without it. */
export const screenshots = process.env['HOLDPOINT_SCREENSHOTS'];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface DeskPlace {
  browser: Browser;
  /** Of the receiver. */
  address: string;
  /** Names of the pages that axe-core has looked at. */
  seen: Set<string>;
}

/** A browser of one person. */
export class Desk {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #place: DeskPlace;

  private constructor(place: DeskPlace, context: BrowserContext, page: Page) {
    this.#place = place;
    this.#context = context;
    this.page = page;
  }

  static async open(place: DeskPlace, options: BrowserContextOptions = {}): Promise<Desk> {
    const context = await place.browser.newContext({ viewport: { width: 1180, height: 860 }, ...options });
    context.setDefaultTimeout(20_000);
    return new Desk(place, context, await context.newPage());
  }

  /** Signed in as a user of the demo, whose password is the name. */
  static async signedIn(place: DeskPlace, name: string, options?: BrowserContextOptions): Promise<Desk> {
    const desk = await Desk.open(place, options);
    await desk.go('/inbox');
    await desk.page.getByLabel('Name').fill(name);
    await desk.page.getByLabel('Password').fill(name);
    await desk.page.getByRole('button', { name: 'Sign in' }).click();
    await desk.page.getByText(`Signed in as ${name}`).waitFor();
    return desk;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.#place.address}${path}`);
  }

  async goToGate({ workflowId }: { workflowId: string }): Promise<void> {
    await this.go(`/inbox/gates/${encodeURIComponent(workflowId)}`);
  }

  /** Nobody is kept out of this page: axe-core finds nothing, and nothing is wider than the window. */
  async isAccessible(name: string): Promise<void> {
    this.#place.seen.add(name);
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate<AxeResults>('axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })');
    assert.deepEqual(violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`), [], name);
    const overflow = await this.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    assert.equal(overflow, 0, `${name} is wider than the window`);
  }

  async picture(name: string): Promise<void> {
    if (screenshots !== undefined) await this.page.screenshot({ path: join(screenshots, `${name}.png`) });
  }

  /** What the page says in its notice. */
  async notice(): Promise<string> {
    return await this.page.locator('.notice').first().innerText();
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}
