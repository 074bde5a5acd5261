import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../core/clock.ts';
import type { SandboxContext } from '../core/context.ts';
import type { Store } from '../core/store.ts';
import { LOCATION, SUBSCRIPTION_ID } from '../core/tenancy.ts';

const COLLECTION = 'arm-operations';

/** Long enough that the two polls which the SDK sends at once find an operation in progress. */
const DURATION_MS = 300;
/** How soon an operation that waits for something else looks again. */
const LOOK_AGAIN_MS = 100;
const POLL_INTERVAL_S = 1;

export interface OperationError {
  code: string;
  message: string;
}

/** Where the operations of a family are followed, as a resource type of the provider. */
export type OperationFamily = 'mfeOperations' | 'registryOperations';

export interface Operation {
  name: string;
  family: OperationFamily;
  /** What ends it; see {@link Settler}. */
  action: string;
  resourceId: string;
  /** How a fault wants it to end. */
  forcedEnd: 'Failed' | 'Canceled' | null;
  status: 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';
  startTime: string;
  endTime?: string;
  dueMs: number;
  error?: OperationError;
}

export type OperationEnd = Pick<Operation, 'status' | 'error'>;

/** Does what an operation was started for, once its time has come, and says how it ended; undefined: look again shortly. */
export type Settler = (operation: Operation) => OperationEnd | undefined;

/** The long-running operations of Azure Resource Manager; those that a restart finds in progress go on. */
export class Operations {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #settlers = new Map<string, Settler>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Says what ends the operations of one action; every action is registered before {@link resume}. */
  settleBy(action: string, settler: Settler): void {
    this.#settlers.set(action, settler);
  }

  start(order: Pick<Operation, 'family' | 'action' | 'resourceId' | 'forcedEnd'>): Operation {
    const operation: Operation = {
      ...order,
      name: randomUUID(),
      status: 'InProgress',
      startTime: this.#clock.iso(),
      dueMs: this.#clock.nowMs() + DURATION_MS,
    };
    this.#store.put(COLLECTION, operation.name, operation);
    this.#arrange(operation);
    return operation;
  }

  get(name: string): Operation | undefined {
    return this.#store.get<Operation>(COLLECTION, name);
  }

  /** Goes on with what was in progress when the stand-in stopped. */
  resume(): void {
    for (const operation of this.#store.list<Operation>(COLLECTION)) {
      if (operation.status === 'InProgress') this.#arrange(operation);
    }
  }

  #arrange(operation: Operation): void {
    this.#clock.at(operation.dueMs, () => this.#settle(operation));
  }

  #settle(operation: Operation): void {
    const end = this.#settlers.get(operation.action)?.(operation);
    if (!end) return this.#arrange({ ...operation, dueMs: this.#clock.nowMs() + LOOK_AGAIN_MS });
    this.#store.put(COLLECTION, operation.name, { ...operation, ...end, endTime: this.#clock.iso() });
  }
}

/** The end that a fault orders, or undefined. */
export function forcedEnd({ forcedEnd: end }: Operation): OperationEnd | undefined {
  if (end === 'Failed') return { status: 'Failed', error: { code: 'InternalServerError', message: 'The operation failed by order of a fault.' } };
  if (end === 'Canceled') return { status: 'Canceled', error: { code: 'OperationCanceled', message: 'The operation was canceled by order of a fault.' } };
  return undefined;
}

/** The headers of a 201 (or a 200 that updates): the operation is followed by its status. */
export function followByStatus(context: SandboxContext, reply: FastifyReply, operation: Operation): FastifyReply {
  return reply.headers({
    'azure-asyncoperation': operationUrl(context, operation, 'Status'),
    'x-ms-async-operation-timeout': 'PT1H',
  });
}

/** The headers of a 202: the operation is followed by its result. */
export function followByResult(context: SandboxContext, reply: FastifyReply, operation: Operation): FastifyReply {
  return reply.code(202).headers({
    location: operationUrl(context, operation, 'Results'),
    'retry-after': String(POLL_INTERVAL_S),
    'x-ms-async-operation-timeout': 'PT1H',
  });
}

/** The header that tells a poll when to come again. */
export function comeAgain(reply: FastifyReply): FastifyReply {
  return reply.header('retry-after', String(POLL_INTERVAL_S));
}

export function operationPath(family: OperationFamily, view: 'Status' | 'Results'): string {
  return `/subscriptions/${SUBSCRIPTION_ID}/providers/Microsoft.MachineLearningServices/locations/${LOCATION}/${family}${view}`;
}

function operationUrl(context: SandboxContext, { family, name }: Operation, view: 'Status' | 'Results'): string {
  return `${context.baseUrl()}${operationPath(family, view)}/${name}?api-version=2022-10-01`;
}
