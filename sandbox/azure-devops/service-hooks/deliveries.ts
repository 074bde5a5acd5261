import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import type { Addresses } from '../addresses.ts';
import { envelope, type ServiceEvent } from './events.ts';
import { type Attempt, type Outcome, outcomeOf, post } from './request.ts';
import { endProbation, type Subscription, type Subscriptions, wants } from './subscriptions.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
/** Waits before the retries after a transient failure. */
const TRANSIENT_DELAYS_MS = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * SECOND_MS);
/** Waits before the tries on probation; when the last has failed the subscription is disabled. */
const PROBATION_DELAYS_MS = [20, 40, 80, 160, 320, 640, 900].map((minutes) => minutes * MINUTE_MS);

/** One notification on its way to one subscriber. A redelivery is a delivery of its own with the same notification. */
export interface Delivery {
  id: number;
  subscriptionId: string;
  /** Counts per subscription. */
  notificationId: number;
  event: Pick<ServiceEvent, 'id' | 'eventType' | 'createdDate' | 'subject'>;
  body: object;
  state: 'queued' | 'succeeded' | 'failed';
  dueMs: number;
  transientRetries: number;
  attempts: Attempt[];
}

const DELIVERIES = 'hook-deliveries';

/**
 * Delivers notifications with the documented retries: transient failures up to eight times, others put the subscription on
 * probation, 410 disables it at once. All waits go by the stand-in's clock; what is queued survives a restart.
 */
export class Deliveries {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #subscriptions: Subscriptions;
  readonly #addresses: Addresses;
  readonly #stop = new AbortController();

  constructor(store: Store, clock: Clock, subscriptions: Subscriptions, addresses: Addresses) {
    this.#store = store;
    this.#clock = clock;
    this.#subscriptions = subscriptions;
    this.#addresses = addresses;
  }

  /** Takes up what was queued when the stand-in was last stopped. */
  start(): void {
    for (const delivery of this.#all()) if (delivery.state === 'queued') this.#arrange(delivery);
  }

  /** Breaks off what is being sent; it stays queued. */
  stop(): void {
    this.#stop.abort();
  }

  /** The deliveries to one subscription, oldest first. */
  of(subscriptionId: string): Delivery[] {
    return this.#all().filter((delivery) => delivery.subscriptionId === subscriptionId);
  }

  /** Sends the event to each subscription that wants it. One on probation misses it. */
  publish(event: ServiceEvent): Delivery[] {
    const receivers = this.#subscriptions.list().filter(
      (subscription) => ['enabled', 'onProbation'].includes(subscription.status) && wants(subscription, event),
    );
    return receivers.map((subscription) => {
      const notificationId = this.#store.next(`hook-notifications-${subscription.id}`);
      const body = envelope(event, subscription, notificationId, this.#addresses);
      const state = subscription.status === 'enabled' ? 'queued' : 'failed';
      const { id, eventType, createdDate, subject } = event;
      return this.#queue({ subscriptionId: subscription.id, notificationId, event: { id, eventType, createdDate, subject }, body, state });
    });
  }

  /** Sends every notification about a subject once more, byte for byte. */
  redeliver(subject: string): Delivery[] {
    const notifications = new Map<string, Delivery>();
    for (const delivery of this.#all()) {
      if (delivery.event.subject === subject) notifications.set(`${delivery.subscriptionId}:${delivery.notificationId}`, delivery);
    }
    return [...notifications.values()].map((delivery) => this.#queue({ ...delivery, state: 'queued' }));
  }

  #all(): Delivery[] {
    return this.#store.list<Delivery>(DELIVERIES);
  }

  #queue(order: Omit<Delivery, 'id' | 'dueMs' | 'transientRetries' | 'attempts'>): Delivery {
    const delivery: Delivery = { ...order, id: this.#store.next(DELIVERIES), dueMs: this.#clock.nowMs(), transientRetries: 0, attempts: [] };
    this.#save(delivery);
    if (delivery.state === 'queued') this.#arrange(delivery);
    return delivery;
  }

  #arrange({ id, dueMs }: Delivery): void {
    this.#clock.at(dueMs, () => void this.#attempt(id));
  }

  async #attempt(id: number): Promise<void> {
    const delivery = this.#store.get<Delivery>(DELIVERIES, String(id))!;
    const target = this.#subscriptions.get(delivery.subscriptionId);
    if (!target || target.status.startsWith('disabled')) return this.#save({ ...delivery, state: 'failed' });
    const attempt = await post(target, delivery.body, this.#clock.iso(), this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    delivery.attempts.push(attempt);
    // Read again: the subscription may have changed during the request.
    const subscription = this.#subscriptions.get(delivery.subscriptionId);
    if (!subscription) delivery.state = 'failed';
    else this.#judge(delivery, subscription, outcomeOf(attempt.status));
    this.#save(delivery);
    if (delivery.state === 'queued') this.#arrange(delivery);
  }

  /** Decides how the delivery and its subscription go on. */
  #judge(delivery: Delivery, subscription: Subscription, outcome: Outcome): void {
    const onProbation = subscription.status === 'onProbation';
    if (outcome === 'delivered') {
      delivery.state = 'succeeded';
      if (onProbation) endProbation(subscription);
    } else if (outcome === 'terminal') {
      delivery.state = 'failed';
      subscription.status = 'disabledBySystem';
    } else if (onProbation) {
      this.#failOnProbation(delivery, subscription);
    } else if (outcome === 'transient' && delivery.transientRetries < TRANSIENT_DELAYS_MS.length) {
      delivery.dueMs = this.#clock.nowMs() + TRANSIENT_DELAYS_MS[delivery.transientRetries]!;
      delivery.transientRetries += 1;
    } else if (subscription.status === 'enabled') {
      subscription.status = 'onProbation';
      subscription.probationDelivery = delivery.id;
      delivery.dueMs = this.#clock.nowMs() + PROBATION_DELAYS_MS[0]!;
    } else {
      delivery.state = 'failed';
    }
    this.#subscriptions.save(subscription);
  }

  #failOnProbation(delivery: Delivery, subscription: Subscription): void {
    if (delivery.id !== subscription.probationDelivery) {
      delivery.state = 'failed';
      return;
    }
    subscription.probationRetries += 1;
    subscription.lastProbationRetryDate = this.#clock.iso();
    const delayMs = PROBATION_DELAYS_MS[subscription.probationRetries];
    if (delayMs === undefined) {
      delivery.state = 'failed';
      subscription.status = 'disabledBySystem';
    } else {
      delivery.dueMs = this.#clock.nowMs() + delayMs;
    }
  }

  #save(delivery: Delivery): void {
    this.#store.put(DELIVERIES, String(delivery.id), delivery);
  }
}
