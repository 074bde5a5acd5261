/** Service hooks that come: the product's own receiver in this process, subscribed at the stand-in. */
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
  #answered = 0;
  #close: () => Promise<unknown> = async () => undefined;

  static async open({ client, sandbox, environment }: Stage): Promise<ServiceHooks> {
    const hooks = new ServiceHooks();
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
    app.addHook('onResponse', async () => void (hooks.#answered += 1));
    await app.listen({ host: '127.0.0.1', port: 0 });
    hooks.#close = () => app.close();
    const { port } = app.server.address() as AddressInfo;
    await subscribeReceiver({ sandbox: { ...sandbox }, receiver: { url: `http://127.0.0.1:${port}`, port }, environment });
    return hooks;
  }

  /** Waits until what a deed led to has come in; the caller holds the time. */
  async delivered(answeredBefore: number): Promise<void> {
    const until = performance.now() + deliveredWithinMs;
    for (let seen = answeredBefore; performance.now() < until; ) {
      await sleep(quietForMs);
      if (this.#answered > answeredBefore && this.#answered === seen) return;
      seen = this.#answered;
    }
  }

  /** Notifications that the receiver has answered. */
  get answered(): number {
    return this.#answered;
  }

  async close(): Promise<void> {
    await this.#close();
  }
}
