/** Following the build pipeline of a change: a slow poll, and a signal that ends it early. */
import { defineSignal, setHandler } from '@temporalio/workflow';
import { lastLookMs, pollUntilSeen, Wakes } from '../blocks/woken-poll.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { FinishedBuild } from '../domain/build.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { PullRequest } from '../domain/release.ts';
import { awaitBuilds } from './release-activities.ts';

/** A build of the change has ended, says a service hook; only the platform tells how. */
export const buildSignal = defineSignal<[unknown?]>('build');

/** How the builds of a commit ended; `expired`: they did not within the estate's time. */
export type Followed = { kind: 'ended'; builds: FinishedBuild[] } | { kind: 'expired'; reason: string };

export class BuildWatch {
  readonly #wakes = new Wakes();
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
    const polled = await pollUntilSeen({
      wakes: this.#wakes,
      deadline: now().getTime() + timeoutMs,
      look: (boundMs, isLast) => awaitBuilds({ repositoryId, branch, commit, pipeline, intervalMs: isLast ? lastLookMs : pollMs }, boundMs),
    });
    if (polled.kind === 'seen') return { kind: 'ended', builds: polled.value };
    const by = pipeline === null ? '' : ` by ${pipeline}`;
    return { kind: 'expired', reason: `the build of commit ${commit.slice(0, 8)}${by} did not end within ${duration(timeoutMs)} (${polled.reason})` };
  }

  #receive(value: unknown): void {
    const { buildId, result } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    this.#wakes.hear(JSON.stringify([buildId, result]));
  }
}

function duration(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
