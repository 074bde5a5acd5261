/** The locks of many targets, for a run that changes them wave by wave: claimed and given back for a whole wave in one step, and taken away one by one by rollbacks. */
import { condition, setHandler, workflowInfo } from '@temporalio/workflow';
import { lockNewsSignal, type LockToken, type SentNews } from '../blocks/resource-lock.ts';
import type { Run } from '../blocks/run.ts';
import { lockId, type LockClaim, type LockNews } from '../domain/resource-lock.ts';
import type { Target } from '../domain/vocabulary.ts';
import { releaseLocks } from './lock-activities.ts';

/** A target that the run has claimed, and where that stands. */
interface Standing {
  target: Target;
  token: LockToken | null;
  /** Who holds it while the run waits, or who took it away. */
  other: string;
  wasTaken: boolean;
}

export class FleetLocks {
  readonly #run: Run;
  readonly #standings = new Map<string, Standing>();
  #isOwed = false;

  /** Registers the handler: in the run's first lines, like those of its gates. */
  constructor(run: Run) {
    this.#run = run;
    setHandler(lockNewsSignal, (news) => this.#hear(news), { description: 'Sent by the locks of targets: granted, queued or pre-empted' });
  }

  /** Queues for the locks of these targets, in one step; `token` then says which are held. What was claimed before and is held still stays so. */
  async claim(targets: readonly Target[], claim: Pick<LockClaim, 'what' | 'priority'>, send: (input: { claims: LockClaim[] }) => Promise<{ news: LockNews[] }>): Promise<void> {
    const { workflowId, firstExecutionRunId: runId } = workflowInfo();
    if (!this.#isOwed) this.#run.beforeClosing('the locks', () => this.giveBack([...this.#standings.values()].map(({ target }) => target)));
    this.#isOwed = true;
    for (const target of targets) this.#standings.set(lockId(target), { target, token: this.token(target) ?? null, other: 'nobody known', wasTaken: false });
    const claims = targets.map((target): LockClaim => ({ workflowId, runId, target, version: null, preempts: false, preImage: null, outlives: true, ...claim }));
    const { news } = await send({ claims });
    for (const [index, each] of news.entries()) this.#hear({ ...each, runId, target: targets[index]! });
  }

  /** Waits until all of these are held or were taken away, but not longer than so many milliseconds. */
  async wait(targets: readonly Target[], withinMs: number): Promise<void> {
    const isOver = (): boolean => !targets.some((target) => this.isWaiting(target));
    if (!isOver()) await condition(isOver, Math.max(1, withinMs));
  }

  /** Whether somebody else still has the lock that was queued for. */
  isWaiting(target: Target): boolean {
    const standing = this.#standings.get(lockId(target));
    return standing !== undefined && standing.token === null && !standing.wasTaken;
  }

  /** What a write to the target has to show; undefined while the lock is not held. */
  token(target: Target): LockToken | undefined {
    return this.#standings.get(lockId(target))?.token ?? undefined;
  }

  /** Who holds what the run waits for. */
  heldBy(target: Target): string {
    return this.#standings.get(lockId(target))?.other ?? 'nobody known';
  }

  /** Who took the lock away since it was claimed; null: nobody. */
  takenBy(target: Target): string | null {
    const standing = this.#standings.get(lockId(target));
    return standing?.wasTaken ? standing.other : null;
  }

  /** Gives the locks of these targets back, and the places in their queues. */
  async giveBack(targets: readonly Target[]): Promise<void> {
    const claimed = targets.filter((target) => this.#standings.has(lockId(target)));
    if (claimed.length === 0) return;
    const { workflowId, firstExecutionRunId: runId } = workflowInfo();
    await releaseLocks({ workflowId, runId, targets: [...claimed] });
    for (const target of claimed) this.#standings.delete(lockId(target));
  }

  /** Of a lock that was given back meanwhile nothing is heard any more. */
  #hear({ runId, target, ...news }: SentNews): void {
    const standing = this.#standings.get(lockId(target));
    if (!standing || runId !== workflowInfo().firstExecutionRunId) return;
    if (news.kind === 'granted' && !standing.wasTaken) standing.token = { id: lockId(target), epoch: news.epoch };
    if (news.kind === 'queued') standing.other = `${news.heldBy} (${news.what})`;
    if (news.kind === 'preempted') Object.assign(standing, { token: null, wasTaken: true, other: `${news.by} (${news.what})` });
  }
}
