import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AUDIENCE, PROJECT_ID } from '../../core/tenancy.ts';
import type { Store } from '../../core/store.ts';
import type { Tokens } from '../../core/tokens.ts';
import type { Addresses } from '../addresses.ts';
import type { Configuration, Configurations } from './configurations.ts';
import type { Environments } from './environments.ts';
import type { ServiceConnections } from './service-connections.ts';
import { STAGE_PIPELINE, type CheckRun, type Delivery, type StageRun, type StageRuns } from './stage-runs.ts';

const MINUTE_MS = 60_000;
/** How long a check may take to answer. */
const ANSWER_TIMEOUT_MS = 3_000;
/** Waits before a delivery that failed is tried again. Microsoft calls the interval neither deterministic nor configurable; ten deliveries in all. */
const REDELIVERY_DELAYS_MS = [5, 10, 20, 40, 60, 60, 60, 60, 60].map((seconds) => seconds * 1000);
/** Lifetime of the token that a check is called with. */
export const JOB_TOKEN_LIFETIME_S = 48 * 3600;
const JOB_TOKENS = 'check-job-tokens';

export interface EvaluationServices {
  store: Store;
  clock: Clock;
  tokens: Tokens;
  addresses: Addresses;
  runs: StageRuns;
  configurations: Configurations;
  connections: ServiceConnections;
  environments: Environments;
}

type Result = NonNullable<StageRun['result']>;

/** Calls the checks of waiting stages, counts their answers, and lets the stages go on, fail or lapse. */
export class Evaluations {
  readonly #services: EvaluationServices;
  readonly #stop = new AbortController();

  constructor(services: EvaluationServices) {
    this.#services = services;
  }

  /** Takes up what waited when the stand-in was last stopped. */
  start(): void {
    for (const run of this.#services.runs.list()) if (run.result === null) this.#arrange(run);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Begins the checks of a run's stage; without any the stage runs at once. */
  begin(run: StageRun): StageRun {
    const { clock, configurations } = this.#services;
    run.checks = configurations.of(run.environmentId).map((configuration): CheckRun => ({
      configurationId: configuration.id,
      jobId: randomUUID(),
      taskInstanceId: randomUUID(),
      state: 'pending',
      result: null,
      deliveries: [],
      failures: 0,
      dueMs: clock.nowMs(),
      expiresMs: clock.nowMs() + configuration.timeout * MINUTE_MS,
      logId: null,
      startedAt: clock.iso(),
      finishedAt: null,
    }));
    if (run.checks.length === 0) return this.#finish(run, 'succeeded');
    this.#services.runs.save(run);
    this.#arrange(run);
    return run;
  }

  /** A callback's decision, or an answer's. */
  complete(run: StageRun, check: CheckRun, result: 'succeeded' | 'failed'): void {
    Object.assign(check, { state: 'completed', result, dueMs: null, finishedAt: this.#services.clock.iso() } satisfies Partial<CheckRun>);
    this.#services.runs.save(run);
    if (result === 'failed') this.#finish(run, 'failed');
    else if (run.checks.every((other) => other.result === 'succeeded')) this.#finish(run, 'succeeded');
  }

  /** Somebody cancels the run. */
  cancel(run: StageRun): void {
    if (run.result === null) this.#finish(run, 'canceled');
  }

  /** Calls the check of a run once more, as a lost answer would make Azure DevOps do. */
  async redeliver(run: StageRun): Promise<void> {
    for (const { configurationId } of run.checks) await this.#call(run.buildId, configurationId);
  }

  /** Id of the plan that a token was issued for; undefined for tokens that are no job's. */
  planOf(jti: string): string | undefined {
    return this.#services.store.get<{ planId: string }>(JOB_TOKENS, jti)?.planId;
  }

  #arrange({ buildId, checks }: StageRun): void {
    for (const { configurationId, dueMs, expiresMs, state } of checks) {
      if (state === 'completed') continue;
      if (dueMs !== null) this.#services.clock.at(dueMs, () => void this.#call(buildId, configurationId));
      this.#services.clock.at(expiresMs, () => this.#expire(buildId, configurationId));
    }
  }

  #waiting(buildId: number, configurationId: number): { run: StageRun; check: CheckRun } | null {
    const run = this.#services.runs.get(buildId);
    const check = run?.checks.find((other) => other.configurationId === configurationId);
    return run && check && run.result === null && check.state !== 'completed' ? { run, check } : null;
  }

  #expire(buildId: number, configurationId: number): void {
    const waiting = this.#waiting(buildId, configurationId);
    if (waiting) this.#finish(waiting.run, 'skipped');
  }

  async #call(buildId: number, configurationId: number): Promise<void> {
    const { clock, configurations, runs } = this.#services;
    const configuration = configurations.get(configurationId);
    const before = this.#waiting(buildId, configurationId);
    if (!before) return;
    if (!configuration) return this.complete(before.run, before.check, 'succeeded'); // the check was taken away meanwhile
    const isCallback = configuration.settings.inputs.waitForCompletion === 'true';
    // Each evaluation of a synchronous check is a job of its own.
    if (!isCallback && before.check.deliveries.length > 0) {
      Object.assign(before.check, { jobId: randomUUID(), taskInstanceId: randomUUID() });
      runs.save(before.run);
    }
    const { delivery, body } = await this.#send(before.run, before.check, configuration);
    if (this.#stop.signal.aborted) return;
    // Read again: the decision may have come before the answer.
    const now = this.#waiting(buildId, configurationId);
    const run = now?.run ?? runs.get(buildId)!;
    const check = run.checks.find((other) => other.configurationId === configurationId)!;
    check.deliveries.push(delivery);
    runs.save(run);
    if (!now) return;
    const accepted = delivery.status !== null && delivery.status < 400;
    if (!isCallback && accepted && satisfies(configuration.settings.inputs.successCriteria, body)) return this.complete(run, check, 'succeeded');
    if (!isCallback && configuration.settings.retryInterval === 0 && accepted) return this.complete(run, check, 'failed');
    check.state = 'inProgress';
    check.failures = accepted ? 0 : check.failures + 1;
    const again = isCallback ? REDELIVERY_DELAYS_MS[check.failures - 1] : configuration.settings.retryInterval * MINUTE_MS || REDELIVERY_DELAYS_MS[check.failures - 1];
    if (!accepted && again === undefined) return this.complete(run, check, 'failed');
    check.dueMs = isCallback && accepted ? null : clock.nowMs() + again!;
    runs.save(run);
    if (check.dueMs !== null) clock.at(check.dueMs, () => void this.#call(buildId, configurationId));
  }

  async #send(run: StageRun, check: CheckRun, { settings: { inputs } }: Configuration): Promise<{ delivery: Delivery; body: string }> {
    const at = this.#services.clock.iso();
    const connection = this.#services.connections.get(inputs.connectedServiceName);
    if (!connection) return { delivery: { at, status: null, error: 'the service connection does not exist' }, body: '' };
    const { username, password } = connection.authorization.parameters;
    const fill = (text: string): string => expand(text, this.#variables(run, check));
    try {
      const response = await fetch(`${connection.url.replace(/\/$/, '')}/${inputs.urlSuffix.replace(/^\//, '')}`, {
        method: inputs.method,
        headers: {
          ...(username || password ? { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` } : {}),
          ...Object.fromEntries(Object.entries(JSON.parse(inputs.headers) as Record<string, string>).map(([name, value]) => [name, fill(value)])),
        },
        body: fill(inputs.body),
        redirect: 'manual',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      });
      return { body: await response.text(), delivery: { at, status: response.status } };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { body: '', delivery: { at, status: null, error: String(cause) } };
    }
  }

  /** What `$(name)` stands for in a check; names compare without regard to case. */
  #variables(run: StageRun, check: CheckRun): Record<string, string> {
    const { tokens, store, addresses } = this.#services;
    const token = tokens.issue(AUDIENCE.azureDevOps, JOB_TOKEN_LIFETIME_S);
    const claims = tokens.verify(token, AUDIENCE.azureDevOps);
    if (typeof claims === 'object') store.put(JOB_TOKENS, claims.jti, { planId: run.planId });
    return {
      'system.collectionuri': `${addresses.organisation()}/`,
      'system.teamprojectid': PROJECT_ID,
      'system.hosttype': 'build',
      'system.planid': run.planId,
      'system.jobid': check.jobId,
      'system.timelineid': run.timelineId,
      'system.taskinstanceid': check.taskInstanceId,
      'system.accesstoken': token,
      'system.definitionid': String(STAGE_PIPELINE.id),
      'system.stagename': run.stage,
      'system.stageattempt': String(run.attempt),
      'build.buildid': String(run.buildId),
      'build.buildnumber': String(run.buildId),
    };
  }

  #finish(run: StageRun, result: Result): StageRun {
    const { clock, runs, environments } = this.#services;
    for (const check of run.checks) if (check.state !== 'completed') Object.assign(check, { state: 'completed', result, dueMs: null, finishedAt: clock.iso() } satisfies Partial<CheckRun>);
    Object.assign(run, { result, finishedAt: clock.iso() });
    runs.save(run);
    if (result === 'succeeded') environments.recordDeployment({ environmentId: run.environmentId, stageName: run.stage, owner: { id: run.buildId, name: String(run.buildId) }, definition: STAGE_PIPELINE, result });
    return run;
  }
}

/** A variable that does not exist stays as it was written, as Azure Pipelines leaves it. */
function expand(text: string, variables: Record<string, string>): string {
  return text.replace(/\$\(([A-Za-z0-9_.]+)\)/g, (macro, name: string) => variables[name.toLowerCase()] ?? macro);
}

/** Of the expressions that Azure Pipelines knows only `eq(root['<field>'], '<text>')`. */
function satisfies(criteria: string, body: string): boolean {
  const [, field, wanted] = /^\s*eq\(root\['([^']+)'\],\s*'([^']*)'\)\s*$/.exec(criteria) ?? [];
  if (field === undefined) return criteria.trim() === '';
  try {
    return (JSON.parse(body) as Record<string, unknown>)[field] === wanted;
  } catch {
    return false;
  }
}
