import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import type { ServiceEvent } from './events.ts';

const STATUSES = ['enabled', 'onProbation', 'disabledByUser', 'disabledBySystem', 'disabledByInactiveIdentity'] as const;
const inputs = z.record(z.string(), z.string());

/** The body that creates or replaces a subscription; only web hooks are delivered. */
export const subscriptionSchema = z.object({
  publisherId: z.enum(['tfs', 'pipelines', 'rm']),
  eventType: z.enum([
    'git.pullrequest.created',
    'git.pullrequest.updated',
    'git.pullrequest.merged',
    'build.complete',
    'ms.vss-pipelines.run-state-changed-event',
    'ms.vss-pipelinechecks-events.approval-pending',
    'ms.vss-pipelinechecks-events.approval-completed',
    'ms.vss-release.deployment-approval-pending-event',
    'ms.vss-release.deployment-approval-completed-event',
  ]),
  resourceVersion: z.string().default('1.0'),
  consumerId: z.literal('webHooks'),
  consumerActionId: z.literal('httpRequest'),
  publisherInputs: inputs.default({}),
  consumerInputs: z.object({ url: z.url({ protocol: /^https?$/ }) }).catchall(z.string()),
  status: z.enum(STATUSES).default('enabled'),
});

export type SubscriptionOrder = z.infer<typeof subscriptionSchema>;

export interface Subscription extends SubscriptionOrder {
  id: string;
  createdDate: string;
  modifiedDate: string;
  /** How many tries on probation have failed. */
  probationRetries: number;
  lastProbationRetryDate?: string;
  /** The delivery that is tried again while the subscription is on probation. */
  probationDelivery?: number;
}

const SUBSCRIPTIONS = 'hook-subscriptions';

/** The service-hook subscriptions of the organisation. */
export class Subscriptions {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(id: string): Subscription | undefined {
    return this.#store.get<Subscription>(SUBSCRIPTIONS, id);
  }

  list(): Subscription[] {
    return this.#store.list<Subscription>(SUBSCRIPTIONS);
  }

  create(order: SubscriptionOrder): Subscription {
    const now = this.#clock.iso();
    const subscription: Subscription = { id: randomUUID(), ...order, createdDate: now, modifiedDate: now, probationRetries: 0 };
    this.#store.put(SUBSCRIPTIONS, subscription.id, subscription);
    return subscription;
  }

  /** Replaces what its owner may set; enabling it again ends a probation. */
  replace(old: Subscription, order: SubscriptionOrder): Subscription {
    // An owner reads the password as asterisks and sends it back so: that keeps the old one.
    const { basicAuthPassword: password } = order.consumerInputs;
    const kept: Record<string, string> = password === MASK ? { basicAuthPassword: old.consumerInputs.basicAuthPassword ?? '' } : {};
    const consumerInputs = { ...order.consumerInputs, ...kept };
    const replaced: Subscription = { ...old, ...order, consumerInputs, modifiedDate: this.#clock.iso() };
    if (order.status === 'enabled') endProbation(replaced);
    this.#store.put(SUBSCRIPTIONS, old.id, replaced);
    return replaced;
  }

  /** Records what a delivery has done to the subscription. */
  save(subscription: Subscription): void {
    this.#store.put(SUBSCRIPTIONS, subscription.id, subscription);
  }

  delete(id: string): boolean {
    return this.#store.delete(SUBSCRIPTIONS, id);
  }
}

/** What Azure DevOps shows in place of a password. */
const MASK = '********';

export function presentSubscription({ probationDelivery: _, ...subscription }: Subscription, url: string): object {
  const { basicAuthPassword } = subscription.consumerInputs;
  const masked = basicAuthPassword === undefined ? {} : { basicAuthPassword: MASK };
  return { ...subscription, url, consumerInputs: { ...subscription.consumerInputs, ...masked } };
}

export function endProbation(subscription: Subscription): void {
  subscription.status = 'enabled';
  subscription.probationRetries = 0;
  delete subscription.probationDelivery;
}

/** Whether the subscription's filters let an event through. An empty filter lets all through. */
export function wants(subscription: Subscription, event: Pick<ServiceEvent, 'eventType' | 'publisherId' | 'filters'>): boolean {
  const passes = ([input, wanted]: [string, string]): boolean => !wanted || (event.filters[input]?.includes(wanted) ?? true);
  return subscription.eventType === event.eventType && subscription.publisherId === event.publisherId && Object.entries(subscription.publisherInputs).every(passes);
}
