/** The lock of a run's target, as the run sees it: claimed, waited for, held, given back when the run closes; and taken away by a rollback. */
import { CancellationScope, condition, defineSignal, getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow';
import { activityFailedBy } from './activity-failure.ts';
import { FailureType } from '../domain/failures.ts';
import { lockId, type LockClaim, type LockNews, type LockParty, type Preempted } from '../domain/resource-lock.ts';
import type { Target } from '../domain/vocabulary.ts';
import type { Run } from './run.ts';

/** What the lock sends. `runId` says for which run of this id it is meant. */
export type SentNews = LockNews & { runId: string; target: Target };

export const lockNewsSignal = defineSignal<[SentNews]>('lock');

/** What a write activity asks for immediately before it writes. */
export interface LockToken {
  id: string;
  epoch: number;
}

export type Claim = Omit<LockClaim, keyof LockParty | 'target'>;

export class ResourceLock {
  readonly #run: Run;
  readonly #target: Target;
  #epoch: number | null = null;
  /** Of the last grant that was given back: news of it may still come. */
  #givenBack = 0;
  #isClaimed = false;
  #preemptedBy: string | null = null;
  #held: CancellationScope | null = null;

  /** Registers the handler: in the run's first lines, like those of its gates. */
  constructor(run: Run, target: Target) {
    this.#run = run;
    this.#target = target;
    setHandler(lockNewsSignal, ({ target: _own, ...news }) => this.#hear(news), { description: 'Sent by the lock of the target: granted, queued or pre-empted' });
  }

  /** Of the lock while it is held; undefined before that. */
  get token(): LockToken | undefined {
    return this.#epoch === null ? undefined : { id: lockId(this.#target), epoch: this.#epoch };
  }

  /** Whether a rollback has taken it away. */
  get isLost(): boolean {
    return this.#preemptedBy !== null;
  }

  /** Claims the lock and waits for it, however long: the run shows who holds it and its own place. It is given back when the run closes, however it closes. */
  async acquire(claim: Claim, send: (claim: LockClaim) => Promise<LockNews>): Promise<{ hadToWait: boolean }> {
    const { kind } = await this.#claim(claim, send);
    await condition(() => this.#epoch !== null || this.#preemptedBy !== null);
    if (kind === 'queued') this.#run.progress([]);
    return { hadToWait: kind === 'queued' };
  }

  /** Takes the lock at once; answers from whom, if it was held. */
  async preempt(claim: Omit<Claim, 'preempts'>, send: (claim: LockClaim) => Promise<LockNews>): Promise<Preempted | null> {
    const news = await this.#claim({ ...claim, preempts: true }, send);
    return news.kind === 'granted' ? news.preempted : null;
  }

  /** Gives the lock back before the run closes, so that nobody waits for a run that itself has to wait; it can be claimed anew. */
  async giveBack(): Promise<void> {
    if (this.#epoch === null) return;
    const { workflowId, firstExecutionRunId: runId } = workflowInfo();
    this.#givenBack = this.#epoch;
    this.#epoch = null;
    // Waited for: a claim that came before it would be answered with the grant that it takes back.
    await getExternalWorkflowHandle(lockId(this.#target)).signal('release', { workflowId, runId });
  }

  /**
   * Runs steps that need the lock. When it is taken away they are cancelled: what has not begun does not begin, and what was written is left to whoever took it; `otherwise` says what
   * became of the run then.
   */
  async whileHeld<T>(steps: () => Promise<T>, otherwise: (by: string) => T): Promise<T> {
    this.#held = new CancellationScope();
    try {
      if (this.#preemptedBy !== null) return otherwise(this.#preemptedBy);
      const result = await this.#held.run(steps);
      return this.#preemptedBy === null ? result : otherwise(this.#preemptedBy);
    } catch (error) {
      // A cancellation of the whole run goes first.
      if (CancellationScope.current().consideredCancelled || (this.#preemptedBy === null && !isPreempted(error))) throw error;
      return otherwise(this.#preemptedBy ?? 'another run');
    }
  }

  async #claim(claim: Claim, send: (claim: LockClaim) => Promise<LockNews>): Promise<LockNews> {
    const { workflowId, firstExecutionRunId: runId } = workflowInfo();
    if (!this.#isClaimed) this.#run.beforeClosing('the lock', async () => this.#giveBackAtClose({ workflowId, runId }));
    this.#isClaimed = true;
    const news = await send({ ...claim, workflowId, runId, target: this.#target });
    this.#hear({ ...news, runId });
    return news;
  }

  #hear({ runId, ...news }: LockNews & { runId: string }): void {
    if (runId !== workflowInfo().firstExecutionRunId) return; // meant for an earlier run of this id
    if (news.kind === 'granted' && news.epoch > this.#givenBack) this.#epoch = news.epoch;
    if (news.kind === 'queued' && this.#epoch === null) this.#run.progress([`Waits for the lock of ${this.#target.plant}/${this.#target.circuit}: place ${news.place}; held by ${news.heldBy} (${news.what}).`]);
    if (news.kind === 'preempted' && this.#preemptedBy === null) {
      this.#preemptedBy = `${news.by} (${news.what})`;
      this.#held?.cancel();
    }
  }

  /** Not waited for beyond the run's last words: a lock that cannot be told sees for itself that the run has closed. */
  #giveBackAtClose(party: LockParty): void {
    this.#run.inBackground(getExternalWorkflowHandle(lockId(this.#target)).signal('release', party).catch(() => undefined));
  }
}

/** Whether a write was refused because the lock is another run's by now. */
export function isPreempted(error: unknown): boolean {
  return activityFailedBy(error, FailureType.Preempted);
}
