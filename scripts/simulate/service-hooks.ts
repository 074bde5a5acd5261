/**
 * Service hooks that come: the product's own receiver in this process, subscribed at the stand-in from the first deed on that Azure DevOps tells of.
 */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { pullRequestReader } from '../../starters/receiver/azure-devops-reader.ts';
import { createReceiverLogger } from '../../starters/receiver/logger.ts';
import { createReceiver } from '../../starters/receiver/server.ts';
import { startRelease, wakeReview } from '../../starters/receiver/temporal-releases.ts';
import { readReceiverConfiguration } from '../../workers/configuration.ts';
import { platformSettings } from '../../workers/platform-settings.ts';
import { subscribeReceiver } from '../supervise/subscriptions.ts';
import type { Stage } from './stage.ts';

/** In real time: a delivery takes milliseconds. */
const deliveredWithinMs = 3_000;
const quietForMs = 100;

export class ServiceHooks {
  readonly #stage: Stage;
  #answered = 0;
  #receiver: Promise<{ close: () => Promise<unknown> }> | null = null;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Does something that Azure DevOps tells of, and waits until that has come in. The caller holds the time. */
  async after<T>(deed: () => Promise<T>): Promise<T> {
    this.#receiver ??= this.#open();
    await this.#receiver;
    const before = this.#answered;
    const done = await deed();
    const until = performance.now() + deliveredWithinMs;
    for (let seen = before; performance.now() < until; seen = this.#answered) {
      await sleep(quietForMs);
      if (this.#answered > before && this.#answered === seen) break;
    }
    return done;
  }

  async close(): Promise<void> {
    await (await this.#receiver)?.close();
  }

  async #open(): Promise<{ close: () => Promise<unknown> }> {
    const { client, sandbox, environment } = this.#stage;
    const configuration = readReceiverConfiguration(environment);
    const estate = () => readEstate(configuration.estateFile);
    const app = await createReceiver({
      credentials: { user: configuration.HOLDPOINT_WEBHOOK_USER, password: configuration.HOLDPOINT_WEBHOOK_PASSWORD },
      logger: createReceiverLogger('fatal'),
      readPullRequest: pullRequestReader(platformSettings(configuration, await estate())),
      releaseBranch: async () => (await estate()).releaseBranch,
      startRelease: (input) => startRelease(client, input),
      wakeReview: (workflowId, news) => wakeReview(client, workflowId, news),
      isTemporalReady: async () => true,
    });
    app.addHook('onResponse', async () => void (this.#answered += 1));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    await subscribeReceiver({ sandbox, receiver: { url: `http://127.0.0.1:${port}`, port }, environment });
    return app;
  }
}
