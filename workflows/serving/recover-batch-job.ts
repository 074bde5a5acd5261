import { Gates } from '../blocks/gates.ts';
import { MonitoringWindow } from '../blocks/monitoring-window.ts';
import { requireInput } from '../blocks/required-input.ts';
import { ResourceLock } from '../blocks/resource-lock.ts';
import { Run } from '../blocks/run.ts';
import { notRecoverable, type RecoverBatchJobInput, type RecoverBatchJobResult } from '../domain/batch-recovery.ts';
import { causeText } from '../domain/job-failure.ts';
import { RecoverBatchJobPhase as Phase } from '../domain/phases.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { appendToRecord, awaitJob, loadPolicy } from '../releases/release-activities.ts';
import { awaitNextJob, readBatchJob, readJobFailure } from './recovery-activities.ts';
import { recoveryGate } from './recovery-gate.ts';
import { Recovery } from './recovery.ts';

/** Troubleshooting batch job failures: identify the job, review its log, fix the issue and retry, step by step within the estate's bounds, and watch the next scheduled job. One run for each failed job. */
export async function recoverBatchJob(input: RecoverBatchJobInput): Promise<RecoverBatchJobResult> {
  requireInput(input, ['target.plant', 'target.circuit', 'jobName']);
  const { target, jobName } = input;
  const run = new Run({ phase: Phase.Identify, target: { ...target, version: 'serving' }, appendToRecord });
  const gates = new Gates(run, releaseGateServices(run));
  const lock = new ResourceLock(run, target);
  const monitoring = new MonitoringWindow();
  const said: RecoverBatchJobResult = { outcome: 'failed', reason: '', target, jobName, cause: null, evidence: null, attempts: [], nextJob: null, production: 'unchanged', workItem: null };
  const result = (outcome: RecoverBatchJobResult['outcome'], reason: string): RecoverBatchJobResult => ({ ...said, outcome, reason, production: run.production });

  return await run.conclude(async () => {
    // 1. Identify the failed job: plant, circuit and name.
    const policy = await loadPolicy({ target });
    const { endpoint, deployment } = policy;
    const workspace = policy.workspaces.production;
    const job = await readBatchJob({ workspace, endpoint, jobName });
    const refusal = notRecoverable(job, { jobName, endpoint, deployment });
    if (job === null || refusal !== null) return result('rejected', refusal ?? 'no such job');

    // 2. Review its log.
    run.enter(Phase.Logs);
    let failure = await readJobFailure({ workspace, jobName });
    Object.assign(said, { cause: failure.cause, evidence: failure.evidence });
    run.record.add({ kind: 'finding', what: `job ${jobName}: ${causeText[failure.cause]}`, detail: failure.evidence?.line ?? 'no line of the log tells a cause' });

    // 3. and 4. Fix the issue by its cause, and retry, once for each remedy; whoever has retried the job already is followed instead.
    const recovery = new Recovery(run, lock, policy, job, said.attempts);
    let after = job.createdAt;
    for (;;) {
      run.enter(Phase.Fix);
      const other = await recovery.retriedElsewhere();
      if (other !== null) {
        const end = await awaitJob({ workspace, jobName: other.jobName, intervalMs: policy.inference.pollMs }, policy.inference.timeoutMs, 'the retry of somebody else,');
        if (end.status === 'Completed') {
          said.nextJob = { jobName: other.jobName, status: end.status };
          recovery.keep();
          return result('succeeded', `job ${other.jobName}, which this run did not start, has completed`);
        }
        run.note(`Job ${other.jobName}, which this run did not start, ended ${end.status}.`);
        recovery.passOver(other);
        continue;
      }

      const remedy = await recovery.remedyFor(failure);
      const done = remedy.kind === 'none' ? { kind: 'helpless' as const, why: remedy.reason } : await recovery.retryWith(remedy, failure);
      if (done.kind === 'completed') { after = done.createdAt; break; }
      if (done.kind === 'failed') { failure = done.failure; continue; }

      // Nobody but a person knows further. What did not help is put back first.
      run.enter(Phase.Person);
      const helpless = { why: done.why, failure, attempts: said.attempts, left: await recovery.putBackWhatDidNotHelp() };
      const decision = await gates.pass(recoveryGate(helpless, input, policy));
      const again = decision.state === 'approved' ? await recovery.retryAsItIs(decision.by) : null;
      if (again?.kind === 'completed') { after = again.createdAt; break; }
      run.enter(Phase.Closing);
      const no = decision.state === 'rejected' ? `${decision.by}: ${decision.reason}` : decision.state === 'superseded' ? decision.reason : decision.state === 'expired' ? 'nobody answered in time' : 'the retry after the repair by hand failed too';
      said.workItem = await recovery.openWorkItem(`${done.why}; ${no}`, again?.kind === 'failed' ? again.failure : failure);
      return result(decision.state === 'expired' ? 'expired' : 'rejected', `${done.why}; ${no}`);
    }

    // 5. Monitor: the next scheduled job succeeds.
    run.enter(Phase.Monitoring);
    const { nextJobWithinMs, pollMs } = policy.recovery;
    const next = await monitoring.watch(() => awaitNextJob({ workspace, endpoint, deployment, after, ownKeys: recovery.ownKeys, intervalMs: pollMs }, nextJobWithinMs));
    recovery.keep(); // the retry has completed with it: what comes now is judged by itself
    const retried = `the retry completed${said.attempts.at(-1) ? ` (${said.attempts.at(-1)!.remedy})` : ''}`;
    if (!('kind' in next)) {
      said.nextJob = { jobName: next.jobName, status: next.end.status };
      if (next.end.status === 'Completed') return result('succeeded', `${retried}, and the next job ${next.jobName} did too`);
    }
    const trouble = 'kind' in next ? (next.kind === 'alerted' ? `alert ${next.name} came in before the next job had ended` : 'no other job ended in time') : `the next job ${next.jobName} ended ${next.end.status}: ${next.end.error ?? 'no reason given'}`;
    run.enter(Phase.Closing);
    said.workItem = await recovery.openWorkItem(`${retried}, but ${trouble}`, 'kind' in next ? null : await readJobFailure({ workspace, jobName: next.jobName }));
    return result('kind' in next && next.kind === 'inconclusive' ? 'succeeded' : 'rejected', `${retried}, but ${trouble}`);
  }, result);
}
