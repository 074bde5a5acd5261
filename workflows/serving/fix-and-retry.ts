import type { Run } from '../blocks/run.ts';
import type { BatchJob } from '../domain/batch-recovery.ts';
import type { JobFailure } from '../domain/job-failure.ts';
import { RecoverBatchJobPhase as Phase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { awaitJob } from '../releases/release-activities.ts';
import type { Recovery, Retried } from './recovery.ts';

export type Fixed =
  | Extract<Retried, { kind: 'completed' }>
  /** Somebody else has retried it, and that completed. */
  | { kind: 'elsewhere'; job: BatchJob }
  /** Nobody but a person knows further; `failure` is the last one. */
  | { kind: 'helpless'; why: string; failure: JobFailure };

/** Takes remedy after remedy, each chosen by how the last retry failed, until one completes or none is left. Whoever has retried the job already is followed instead. */
export async function fixAndRetry(run: Run, recovery: Recovery, { inference, workspaces }: TargetPolicy, first: JobFailure): Promise<Fixed> {
  let failure = first;
  for (;;) {
    run.enter(Phase.Fix);
    const other = await recovery.retriedElsewhere();
    if (other !== null) {
      const { status } = await awaitJob({ workspace: workspaces.production, jobName: other.jobName, intervalMs: inference.pollMs }, inference.timeoutMs, 'the retry of somebody else,');
      if (status === 'Completed') return { kind: 'elsewhere', job: other };
      run.note(`Job ${other.jobName}, which this run did not start, ended ${status}.`);
      recovery.passOver(other);
      continue;
    }
    const remedy = await recovery.remedyFor(failure);
    if (remedy.kind === 'none') return { kind: 'helpless', why: remedy.reason, failure };
    const retried = await recovery.retryWith(remedy, failure);
    if (retried.kind === 'completed') return retried;
    if (retried.kind === 'helpless') return { ...retried, failure };
    failure = retried.failure;
  }
}
