import type { GateOutcome } from '../blocks/gate-request.ts';
import { Gates } from '../blocks/gates.ts';
import { MonitoringWindow, type Alerted, type Unwatched } from '../blocks/monitoring-window.ts';
import { requireInput } from '../blocks/required-input.ts';
import { ResourceLock } from '../blocks/resource-lock.ts';
import { Run } from '../blocks/run.ts';
import { notRecoverable, type EndedBatchJob, type RecoverBatchJobInput, type RecoverBatchJobResult } from '../domain/batch-recovery.ts';
import { causeText } from '../domain/job-failure.ts';
import { RecoverBatchJobPhase as Phase } from '../domain/phases.ts';
import { IncidentReports } from '../incidents/incident-reports.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { appendToRecord, loadPolicy } from '../releases/release-activities.ts';
import { fixAndRetry } from './fix-and-retry.ts';
import { awaitNextJob, readBatchJob, readJobFailure } from './recovery-activities.ts';
import { recoveryGate } from './recovery-gate.ts';
import { fileRecovery, openIncident } from './recovery-work-item.ts';
import { Recovery } from './recovery.ts';

/** Troubleshooting batch job failures: identify the job, review its log, fix the issue and retry, step by step within the estate's bounds, and watch the next scheduled job. One run for each failed job. */
export async function recoverBatchJob(input: RecoverBatchJobInput): Promise<RecoverBatchJobResult> {
  requireInput(input, ['target.plant', 'target.circuit', 'jobName']);
  const { target, jobName } = input;
  const run = new Run({ phase: Phase.Identify, target: { ...target, version: 'serving' }, appendToRecord });
  const gates = new Gates(run, releaseGateServices(run));
  const lock = new ResourceLock(run, target);
  const monitoring = new MonitoringWindow();
  const incident = new IncidentReports(run);
  const said: RecoverBatchJobResult = { outcome: 'failed', reason: '', target, jobName, cause: null, evidence: null, attempts: [], nextJob: null, production: 'unchanged', workItem: null, incident: null };
  const result = (outcome: RecoverBatchJobResult['outcome'], reason: string): RecoverBatchJobResult => ({ ...said, outcome, reason, incident: incident.workflowId, production: run.production });

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
    const failure = await readJobFailure({ workspace, jobName });
    Object.assign(said, { cause: failure.cause, evidence: failure.evidence });
    run.record.add({ kind: 'finding', what: `job ${jobName}: ${causeText[failure.cause]}`, detail: failure.evidence?.line ?? 'no line of the log tells a cause' });

    // 3. and 4. Fix the issue by its cause, and retry the job: once for each remedy, within the estate's bounds.
    const recovery = new Recovery(run, lock, policy, job, said.attempts);
    let fixed = await fixAndRetry(run, recovery, policy, failure);
    if (fixed.kind === 'elsewhere') {
      said.nextJob = { jobName: fixed.job.jobName, status: 'Completed' };
      recovery.keep();
      return result('succeeded', `job ${fixed.job.jobName}, which this run did not start, has completed`);
    }

    // What no remedy helps goes to a person, with the log's tail; what did not help is put back first.
    if (fixed.kind === 'helpless') {
      run.enter(Phase.Person);
      const { why } = fixed;
      openIncident(incident, policy, input, `batch job ${jobName} failed and is not recovered: ${why}`);
      const decision = await gates.pass(recoveryGate({ why, failure: fixed.failure, attempts: said.attempts, left: await recovery.putBackWhatDidNotHelp() }, input, policy));
      const again = decision.state === 'approved' ? await recovery.retryAsItIs(decision.by) : null;
      if (again?.kind !== 'completed') {
        run.enter(Phase.Closing);
        said.workItem = await fileRecovery(run, policy, said, `${why}; ${described(decision)}`, again?.kind === 'failed' ? again.failure : fixed.failure);
        incident.tell(`${described(decision)}${said.workItem ? `; work item ${said.workItem.url}` : ''}`);
        return result(decision.state === 'expired' ? 'expired' : 'rejected', `${why}; ${described(decision)}`);
      }
      fixed = again;
    }

    // 5. Monitor: the next scheduled job succeeds.
    run.enter(Phase.Monitoring);
    const { nextJobWithinMs, pollMs } = policy.recovery;
    const next = await monitoring.watch(() => awaitNextJob({ workspace, endpoint, deployment, after: fixed.createdAt, ownKeys: recovery.ownKeys, intervalMs: pollMs }, nextJobWithinMs));
    recovery.keep(); // the retry has completed with it, and the next job is judged by itself
    const retried = `the retry completed (${said.attempts.at(-1)?.remedy})`;
    if (!('kind' in next)) said.nextJob = { jobName: next.jobName, status: next.end.status };
    if (said.nextJob?.status === 'Completed') {
      const recovered = `${retried}, and the next job ${said.nextJob.jobName} did too`;
      incident.tell(recovered);
      return result('succeeded', recovered);
    }
    run.enter(Phase.Closing);
    const trouble = `${retried}, but ${describeNext(next)}`;
    said.workItem = await fileRecovery(run, policy, said, trouble, 'kind' in next ? null : await readJobFailure({ workspace, jobName: next.jobName }));
    const isUnknown = 'kind' in next && next.kind === 'inconclusive';
    if (!isUnknown) openIncident(incident, policy, input, trouble);
    await incident.known();
    return result(isUnknown ? 'succeeded' : 'rejected', trouble);
  }, result);
}

/** Why there was no retry, or none that completed, after a person was asked. */
function described(decision: GateOutcome): string {
  if (decision.state === 'approved') return 'the retry after the repair by hand failed too';
  if (decision.state === 'expired') return 'nobody answered in time';
  return decision.state === 'rejected' ? `${decision.by}: ${decision.reason}` : decision.reason;
}

function describeNext(next: EndedBatchJob | Alerted | Unwatched): string {
  if (!('kind' in next)) return `the next job ${next.jobName} ended ${next.end.status}: ${next.end.error ?? 'no reason given'}`;
  return next.kind === 'alerted' ? `alert ${next.name} came in before the next job had ended` : 'no other job ended in time, so that nobody knows whether the next one will';
}
