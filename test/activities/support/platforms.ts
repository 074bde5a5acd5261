import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createClientSecretCredential } from '../../../activities/http/credential.ts';
import type { PlatformSettings } from '../../../activities/http/settings.ts';
import type { StepKey } from '../../../workflows/domain/keys.ts';
import { stepKey } from '../../../workflows/domain/keys.ts';
import type { LedgerEntry } from '../../../sandbox/core/ledger.ts';
import { CLIENT_ID, CLIENT_SECRET, ORGANISATION, PROJECT, TENANT_ID } from '../../../sandbox/core/tenancy.ts';
import { isSeeded, layGround } from '../../../sandbox/seed/seed.ts';
import { createSandbox, type Sandbox } from '../../../sandbox/server.ts';

/** What a test may say about the attempt that it runs. */
export interface Attempt {
  attempt?: number;
  heartbeatDetails?: unknown;
}

/** Failed attempts are what these tests are about: they are asserted, not logged. */
export const quiet = { logger: new DefaultLogger('ERROR') };

type Activity<I, O> = (input: I) => Promise<O>;

/** A seeded stand-in for one test file, the settings that point the real clients at it, and ways to run activities as Temporal does. */
export class Platforms {
  readonly sandbox: Sandbox;
  readonly settings: PlatformSettings;

  private constructor(sandbox: Sandbox, requestTimeoutMs: number) {
    this.sandbox = sandbox;
    const transport = { caFile: sandbox.caFile, requestTimeoutMs };
    const credential = createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: sandbox.url }, transport);
    this.settings = {
      ...transport,
      credential,
      resourceManagerEndpoint: sandbox.url,
      blobEndpoint: `${sandbox.url}/{account}`,
      devOpsUrl: `${sandbox.url}/ado/${ORGANISATION}`,
      devOpsProject: PROJECT,
    };
  }

  /** Starts one with nothing in it, with the demo's workspaces, or with its trained models too; it is stopped when the file's tests have ended. Called at the top of a test file: in a hook, its end would be the hook's. */
  static async start({ seed = 'models', requestTimeoutMs = 1_500 }: { seed?: false | 'workspaces' | 'models'; requestTimeoutMs?: number } = {}): Promise<Platforms> {
    const stateDir = mkdtempSync(join(tmpdir(), 'holdpoint-activities-'));
    const sandbox = await createSandbox({ stateDir, port: 0, seed: seed === 'models' });
    after(async () => {
      await sandbox.close();
      rmSync(stateDir, { recursive: true, force: true });
    });
    if (seed === 'workspaces') layGround(sandbox.context);
    while (seed === 'models' && !isSeeded(sandbox.context.store)) await sleep(50);
    return new Platforms(sandbox, requestTimeoutMs);
  }

  /** One attempt. */
  async run<I, O>(activity: Activity<I, O>, input: I, attempt: Attempt = {}): Promise<O> {
    return new MockActivityEnvironment({ attempt: 1, ...attempt }, quiet).run(activity, input);
  }

  /** Attempts until one succeeds or fails for good, each with the progress of the one before, as Temporal makes them. */
  async retried<I, O>(activity: Activity<I, O>, input: I): Promise<{ result: O; failures: string[] }> {
    const failures: string[] = [];
    let heartbeatDetails: unknown;
    for (let attempt = 1; ; attempt += 1) {
      const environment = new MockActivityEnvironment({ attempt, heartbeatDetails }, quiet);
      environment.on('heartbeat', (details: unknown) => {
        heartbeatDetails = details;
      });
      try {
        return { result: await environment.run(activity, input), failures };
      } catch (error) {
        if (!(error instanceof ApplicationFailure) || error.nonRetryable || attempt === 60) throw error;
        failures.push(error.type ?? '');
        await sleep(Math.min(Number(error.nextRetryDelay ?? 100), 1_000));
      }
    }
  }

  /** What `action` really changed on the platforms, by the stand-in's ledger. */
  async changesOf<T>(action: () => Promise<T>): Promise<{ value: T; changes: string[] }> {
    const start = this.#ledger().length;
    const value = await action();
    return { value, changes: this.#ledger().slice(start).filter(({ changed, path }) => changed && !path.includes('/mlflow/')).map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`) };
  }

  fault(match: { method?: string; path: string; skip?: number; times?: number }, effect: Parameters<Sandbox['context']['faults']['add']>[0]['effect']): void {
    this.sandbox.context.faults.add({ match: { method: '*', skip: 0, times: 1, ...match }, effect });
  }

  /** A request to the stand-in's own API. */
  async control<T>(path: string, body: unknown): Promise<T> {
    const { createTransport } = await import('../../../activities/http/transport.ts');
    const { createRestClient } = await import('../../../activities/http/rest-client.ts');
    const client = createRestClient({ transport: createTransport(this.settings), baseUrl: this.sandbox.url });
    return (await client.send<T>({ method: 'POST', url: `/_sandbox/${path}`, body })).body;
  }

  #ledger(): LedgerEntry[] {
    return this.sandbox.context.ledger.since(0);
  }
}

let steps = 0;

/** A key of a run of its own, so that tests do not find each other's work. */
export function freshKey(step = 'step'): StepKey {
  steps += 1;
  return stepKey({ workflowId: `test:${steps}`, firstExecutionRunId: `run-${steps}`, step });
}

/** For `assert.rejects`: a failure of this type, retried or not. */
export function failure(type: string, nonRetryable: boolean, message?: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof ApplicationFailure && error.type === type && error.nonRetryable === nonRetryable && (message === undefined || message.test(error.message));
}

/** What an activity fails with; it must. */
export async function thrownBy(attempt: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await attempt.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof ApplicationFailure)) throw new Error('it did not fail', { cause: error });
  return error;
}
