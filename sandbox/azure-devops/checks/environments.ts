import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';

export interface Environment {
  id: number;
  name: string;
  description: string;
  createdOn: string;
}

/** One use of an environment by a stage that ran. */
export interface DeploymentRecord {
  id: number;
  environmentId: number;
  stageName: string;
  /** Of the build: its id and number. */
  owner: { id: number; name: string };
  definition: { id: number; name: string };
  result: 'succeeded' | 'failed';
  queueTime: string;
  startTime: string;
  finishTime: string;
}

const ENVIRONMENTS = 'environments';
const RECORDS = 'environment-deployments';

/** The project's environments; `test` and `production` exist from the start, and from the time before there were any deployments. */
export class Environments {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    if (this.list().length === 0) for (const name of ['test', 'production']) this.create(name, '');
  }

  list(): Environment[] {
    return this.#store.list<Environment>(ENVIRONMENTS);
  }

  get(id: number): Environment | undefined {
    return this.#store.get<Environment>(ENVIRONMENTS, String(id));
  }

  create(name: string, description: string): Environment {
    const environment = { id: this.#store.next(ENVIRONMENTS), name, description, createdOn: this.#clock.iso() };
    this.#store.put(ENVIRONMENTS, String(environment.id), environment);
    return environment;
  }

  /** Newest first. */
  deployments(environmentId: number): DeploymentRecord[] {
    return this.#store.list<DeploymentRecord>(RECORDS).filter((record) => record.environmentId === environmentId).reverse();
  }

  recordDeployment(order: Omit<DeploymentRecord, 'id' | 'queueTime' | 'startTime' | 'finishTime'>): void {
    const at = this.#clock.iso();
    const record = { id: this.#store.next(RECORDS), ...order, queueTime: at, startTime: at, finishTime: at };
    this.#store.put(RECORDS, String(record.id), record);
  }
}
