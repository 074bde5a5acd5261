import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { invalidArgument } from '../errors.ts';

/** The type of every check that runs a task, and the task of the one check that the stand-in knows. */
export const TASK_CHECK = 'fe1de3ee-a436-41b4-bb20-f6eb4cb879a7';
export const INVOKE_REST_API = '9c3e8943-130d-4c78-ac63-8af81df62dfb';
/** 30 days, in minutes. */
const LONGEST_TIMEOUT = 43_200;
/** Azure DevOps counts a synchronous check with more evaluations than this as not compliant. */
const MOST_EVALUATIONS = 10;

const settingsSchema = z.object({
  definitionRef: z.object({ id: z.literal(INVOKE_REST_API), name: z.string(), version: z.string() }),
  displayName: z.string().min(1),
  /** Minutes between two evaluations. */
  retryInterval: z.number().int().min(0).default(0),
  inputs: z.object({
    connectedServiceNameSelector: z.literal('connectedServiceName'),
    connectedServiceName: z.string(),
    method: z.literal('POST'),
    headers: z.string().default('{}'),
    body: z.string().default(''),
    urlSuffix: z.string().default(''),
    /** `true`: the check ends with a callback; `false`: with the answer itself. */
    waitForCompletion: z.enum(['true', 'false']),
    successCriteria: z.string().default(''),
  }),
});

export const configurationSchema = z.object({
  type: z.object({ id: z.string().toLowerCase().pipe(z.literal(TASK_CHECK)), name: z.string().optional() }),
  settings: settingsSchema,
  resource: z.object({ type: z.literal('environment'), id: z.coerce.string(), name: z.string().optional() }),
  /** Minutes. */
  timeout: z.number().int().min(1).max(LONGEST_TIMEOUT).default(1440),
});

export interface Configuration extends z.infer<typeof configurationSchema> {
  id: number;
  version: number;
  createdOn: string;
  modifiedOn: string;
}

const CONFIGURATIONS = 'check-configurations';

/** The checks that stand before environments. */
export class Configurations {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  of(environmentId: number): Configuration[] {
    return this.#store.list<Configuration>(CONFIGURATIONS).filter(({ resource }) => resource.id === String(environmentId));
  }

  get(id: number): Configuration | undefined {
    return this.#store.get<Configuration>(CONFIGURATIONS, String(id));
  }

  create(order: z.infer<typeof configurationSchema>): Configuration {
    requireCompliance(order);
    const at = this.#clock.iso();
    return this.#save({ id: this.#store.next(CONFIGURATIONS), version: 1, createdOn: at, modifiedOn: at, ...order });
  }

  replace(configuration: Configuration, order: z.infer<typeof configurationSchema>): Configuration {
    requireCompliance(order);
    const { id, createdOn, version } = configuration;
    return this.#save({ id, createdOn, version: version + 1, modifiedOn: this.#clock.iso(), ...order });
  }

  delete(id: number): boolean {
    return this.#store.delete(CONFIGURATIONS, String(id));
  }

  #save(configuration: Configuration): Configuration {
    this.#store.put(CONFIGURATIONS, String(configuration.id), configuration);
    return configuration;
  }
}

function requireCompliance({ settings: { inputs, retryInterval }, timeout }: z.infer<typeof configurationSchema>): void {
  const isCallback = inputs.waitForCompletion === 'true';
  if (isCallback && retryInterval !== 0) throw invalidArgument('A check that completes by callback must have 0 minutes between evaluations.');
  if (!isCallback && retryInterval !== 0 && timeout / retryInterval > MOST_EVALUATIONS) {
    throw invalidArgument(`The ratio of timeout (${timeout}) to time between evaluations (${retryInterval}) must be at most ${MOST_EVALUATIONS}.`);
  }
}
