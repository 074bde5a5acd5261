/** Temporal Web UI in a real Chromium, as an approver uses it: the page of one run with its current details, and the dialogs that send a signal or an update. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type FrameLocator, type Locator, type Page } from 'playwright-core';

const patienceMs = 60_000;
export const windowSize = { width: 1280, height: 900 };

/** Starts Chromium without a window. Throws the line that installs it when there is none. */
export async function launchChromium(...more: string[]): Promise<Browser> {
  const executablePath = findChromium();
  return await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', '--disable-component-update', '--disable-sync', ...more],
  });
}

function findChromium(): string {
  const script = fileURLToPath(new URL('../../../scripts/setup-system.sh', import.meta.url));
  try {
    return execFileSync(script, ['--chromium-path'], { encoding: 'utf8' }).trim();
  } catch (cause) {
    throw new Error('This test drives Chromium, which is not installed. Install it with: sudo scripts/setup-system.sh', { cause });
  }
}

/** The card as a person reads it: text of the rendered page, not markdown. */
export interface ShownCard {
  heading: string;
  /** Row by row, with the heading row. */
  table: string[][];
  /** The JSON to send. */
  answer: string;
}

export interface Choice {
  name: string;
  description: string;
}

/** The workflow ids in the list at this address, once it is not empty. */
export async function listedRuns(browser: Browser, url: string): Promise<string[]> {
  const page = await browser.newPage({ viewport: windowSize });
  await page.goto(url, { waitUntil: 'load' });
  const ids = page.locator('tbody').getByRole('link', { name: ':' });
  await ids.first().waitFor({ timeout: patienceMs });
  const listed = await ids.allInnerTexts();
  await page.close();
  return listed;
}

/** A browser window that stays on one run's page. */
export class RunPage {
  readonly page: Page;
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
  }

  /** Opens the tab with the current details by its address, and waits until the card is rendered. */
  static async open(browser: Browser, url: string): Promise<RunPage> {
    const context = await browser.newContext({ viewport: windowSize, permissions: ['clipboard-read', 'clipboard-write'] });
    context.setDefaultTimeout(patienceMs);
    const run = new RunPage(context, await context.newPage());
    await run.page.goto(url, { waitUntil: 'load' });
    await run.details.locator('main > *').first().waitFor();
    return run;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  /** The frame in which Web UI renders the current details. */
  get details(): FrameLocator {
    return this.page.getByRole('heading', { name: 'Current Details' }).locator('xpath=following::iframe[1]').contentFrame();
  }

  /** Web UI does not poll the current details: presses R, as the page says, until they contain the text. */
  async refreshUntil(text: string | RegExp): Promise<void> {
    const until = performance.now() + patienceMs;
    for (;;) {
      await this.page.keyboard.press('r');
      try {
        await this.details.locator('main', { hasText: text }).waitFor({ timeout: 1_000 });
        return;
      } catch (error) {
        if (performance.now() > until) throw new Error(`the current details never showed ${text}; they show: ${await this.details.locator('main').innerText()}`, { cause: error });
      }
    }
  }

  async card(): Promise<ShownCard> {
    const rows = await this.details.locator('tr').all();
    return {
      heading: await this.details.getByRole('heading').innerText(),
      table: await Promise.all(rows.map(async (row) => (await row.locator('th, td').allInnerTexts()).map((cell) => cell.trim()))),
      answer: (await this.details.locator('pre code').innerText()).trim(),
    };
  }

  /** How many pixels of the window lie below the JSON of the card; negative when one must scroll to see it. */
  async roomBelowAnswer(): Promise<number> {
    const box = await this.details.locator('pre code').boundingBox();
    if (box === null) throw new Error('the card shows no JSON to answer with');
    return windowSize.height - (box.y + box.height);
  }

  async openDialog(action: 'Send a Signal' | 'Send an Update'): Promise<AnswerDialog> {
    await this.page.getByRole('button', { name: 'More Actions' }).click();
    await this.page.getByRole('menuitem', { name: action }).click();
    return new AnswerDialog(this.page, this.page.getByRole('dialog', { name: action }));
  }

  /** The badge beside the run's id becomes this status by itself. */
  async waitForStatus(status: 'Running' | 'Completed'): Promise<void> {
    await this.page.locator('main').getByText(status, { exact: true }).first().waitFor();
  }
}

/** The dialog Signal or Update. */
export class AnswerDialog {
  readonly locator: Locator;
  readonly #page: Page;

  constructor(page: Page, locator: Locator) {
    this.#page = page;
    this.locator = locator;
  }

  /** What the drop-down offers; it stays open. */
  async choices(): Promise<Choice[]> {
    await this.#openDropDown();
    const texts = await this.#page.getByRole('option').allInnerTexts();
    return texts.map((text) => {
      const [name = '', ...description] = text.split('\n');
      return { name, description: description.join(' ') };
    });
  }

  async choose(name: string): Promise<void> {
    await this.#openDropDown();
    await this.#page.getByRole('option').filter({ has: this.#page.getByText(name, { exact: true }) }).click();
  }

  /** A signal's name that the drop-down does not offer. */
  async chooseCustom(name: string): Promise<void> {
    await this.choose('Custom');
    await this.locator.getByRole('textbox', { name: 'Signal name' }).fill(name);
  }

  /** Sends the input as JSON of a protobuf message, which no worker here knows. */
  async encodeAsProtobuf(messageType: string): Promise<void> {
    await this.locator.getByRole('radio', { name: 'json/protobuf' }).check();
    await this.locator.getByRole('textbox', { name: 'Message Type' }).fill(messageType);
  }

  /** Pastes from the clipboard in place of what is in the input. */
  async paste(text: string): Promise<void> {
    // As a string: the types of the browser are not this project's.
    await this.#page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
    await this.locator.locator('.cm-content[contenteditable=true]').click();
    await this.#page.keyboard.press('Control+A');
    await this.#page.keyboard.press('Control+V');
  }

  /** One click: the dialog must not move under the mouse. */
  async submit(): Promise<void> {
    await this.locator.getByRole('button', { name: 'Submit' }).click();
  }

  /** Submits, and waits until the dialog has closed because the server took it. */
  async send(): Promise<void> {
    await this.submit();
    await this.locator.waitFor({ state: 'detached' });
  }

  /** Why the update was refused. */
  async refusal(): Promise<string> {
    return await this.locator.getByRole('alert').locator('p').first().innerText();
  }

  async cancel(): Promise<void> {
    await this.locator.getByRole('button', { name: 'Cancel' }).last().click();
    await this.locator.waitFor({ state: 'detached' });
  }

  async #openDropDown(): Promise<void> {
    const list = this.#page.getByRole('listbox');
    if (await list.isVisible()) return;
    await this.locator.locator('button[aria-haspopup=true]').click();
    await list.waitFor();
  }
}
