/** Following the build pipeline of a change: a slow poll, and a signal that ends it early. */
import { ActivityFailure, CancellationScope, condition, defineSignal, isCancellation, setHandler, TimeoutFailure } from '@temporalio/workflow';
import { now } from '../blocks/workflow-clock.ts';
import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import type { FinishedBuild } from '../domain/build.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { PullRequest } from '../domain/release.ts';
import { awaitBuilds } from './release-activities.ts';

/** A build of the change has ended, says a service hook; only the platform tells how. */
export const buildSignal = defineSignal<[unknown?]>('build');

/** Signals that wake, so that a storm of them cannot fill the history; the poll goes on by itself. */
const mostWakes = 50;

/** The last look, when the time is up: milliseconds. */
const lastLookMs = 10_000;

/** How the builds of a commit ended; `expired`: they did not within the estate's time. */
export type Followed = { kind: 'ended'; builds: FinishedBuild[] } | { kind: 'expired'; reason: string };

export class BuildWatch {
  #wakes = 0;
  readonly #heard = new Set<string>();
  readonly #followed = new Map<string, Promise<Followed>>();

  /** In the run's first lines: the signal may have started the run. */
  constructor() {
    setHandler(buildSignal, (value) => this.#receive(value), { description: 'A build of the change has ended: {"buildId", "result"}; looks at the builds at once' });
  }

  /** Waits until the builds of the merge commit have ended. All circuits of a change wait for the same look. */
  async follow(pullRequest: PullRequest, { execution, training }: Pick<TargetPolicy, 'execution' | 'training'>): Promise<Followed> {
    const pipeline = execution.pipeline ?? null;
    const key = pipeline ?? '';
    const followed = this.#followed.get(key) ?? this.#follow(pullRequest, pipeline, training);
    this.#followed.set(key, followed);
    return await followed;
  }

  async #follow({ repositoryId, targetRefName: branch, mergeCommit: commit }: PullRequest, pipeline: string | null, { pollMs, timeoutMs }: TargetPolicy['training']): Promise<Followed> {
    const deadline = now().getTime() + timeoutMs;
    const by = pipeline === null ? '' : ` by ${pipeline}`;
    for (;;) {
      const heard = this.#wakes;
      const remainingMs = deadline - now().getTime();
      const isLast = remainingMs <= 0;
      const scope = new CancellationScope();
      const looking = scope.run(() => awaitBuilds({ repositoryId, branch, commit, pipeline, intervalMs: isLast ? lastLookMs : pollMs }, isLast ? lastLookMs : remainingMs));
      try {
        const builds = await Promise.race([looking, condition(() => this.#wakes > heard)]);
        if (builds !== undefined) return { kind: 'ended', builds };
        looking.catch(() => undefined); // cancelled below; its failure is expected
        scope.cancel();
      } catch (error) {
        if (isCancellation(error) || isCancelled(error) || !isExpired(error)) throw error;
        if (isLast) return { kind: 'expired', reason: `the build of commit ${commit.slice(0, 8)}${by} did not end within ${duration(timeoutMs)} (${rootMessage(error)})` };
        // Temporal gives up where the next look would come too late; what is left of the time belongs to the hooks, and ends with one look more.
        await condition(() => this.#wakes > heard, Math.max(deadline - now().getTime(), 1));
      }
    }
  }

  /** The same news twice wakes once: Azure DevOps tells several subscriptions, and repeats itself. */
  #receive(value: unknown): void {
    const { buildId, result } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    const news = JSON.stringify([buildId, result]).slice(0, 200);
    if (this.#heard.has(news) || this.#heard.size >= mostWakes) return;
    this.#heard.add(news);
    this.#wakes += 1;
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof ActivityFailure && (error.cause instanceof TimeoutFailure || error.retryState === 'TIMEOUT');
}

function duration(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
