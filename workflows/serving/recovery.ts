/** What a recovery does to the platform, and how it takes that back. */
import { ApplicationFailure } from '@temporalio/workflow';
import { activityFailedBy } from '../blocks/activity-failure.ts';
import { rootMessage } from '../blocks/compensations.ts';
import { isPreempted, type ResourceLock } from '../blocks/resource-lock.ts';
import type { Run } from '../blocks/run.ts';
import { changedProperties, planRemedy, settingsOf, type Attempt, type BatchJob, type Remedy, type RemedyFacts } from '../domain/batch-recovery.ts';
import { FailureType } from '../domain/failures.ts';
import type { JobFailure } from '../domain/job-failure.ts';
import type { StepKey } from '../domain/keys.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { DeploymentSnapshot } from '../domain/release.ts';
import { jsonDigest } from '../domain/digest.ts';
import { lockPriority } from '../domain/resource-lock.ts';
import { queueForLock } from '../locks/lock-activities.ts';
import { preImage, putBack } from '../releases/production-deployment.ts';
import { awaitJob } from '../releases/release-activities.ts';
import { cancelRetries, changeSettings, checkBatchData, checkEnvironment, findLaterJobs, readBatchJob, readDeployment, readJobFailure, retryJob } from './recovery-activities.ts';

/** What became of a retry, or why there was none. */
export type Retried = { kind: 'completed'; createdAt: string } | { kind: 'failed'; failure: JobFailure } | { kind: 'helpless'; why: string };

export class Recovery {
  readonly #run: Run;
  readonly #lock: ResourceLock;
  readonly #policy: TargetPolicy;
  readonly #job: BatchJob;
  readonly #attempts: Attempt[];
  /** The deployment as this run found it, once it has looked; and as it left it. */
  #before: DeploymentSnapshot | null = null;
  #current: DeploymentSnapshot | null = null;
  #settled: (() => void) | null = null;
  /** Whether a write of this run may be under way, or have arrived without an answer. */
  #isUncertain = false;
  #keys: StepKey[] = [];
  /** Of somebody else's jobs only later ones tell something new. */
  #seenUntil: string;
  /** When the newest retry was made, by the service's clock: jobs that came later have its settings. */
  #retriedAt: string | null = null;

  constructor(run: Run, lock: ResourceLock, policy: TargetPolicy, job: BatchJob, attempts: Attempt[]) {
    this.#run = run;
    this.#lock = lock;
    this.#policy = policy;
    this.#job = job;
    this.#attempts = attempts;
    this.#seenUntil = job.createdAt;
  }

  /** Keys of this run's own invocations. */
  get ownKeys(): string[] {
    return this.#keys.map(({ key }) => key);
  }

  get #place() {
    const { workspaces, endpoint, deployment } = this.#policy;
    return { workspace: workspaces.production, endpoint, deployment };
  }

  /** The newest job that somebody else started on this deployment after the failed one and that has not failed; null if nobody did. */
  async retriedElsewhere(): Promise<BatchJob | null> {
    const { jobs } = await findLaterJobs({ ...this.#place, after: this.#seenUntil, ownKeys: this.ownKeys });
    return jobs.findLast(({ status }) => !['Failed', 'Canceled', 'NotResponding'].includes(status)) ?? null;
  }

  /** A job of somebody else that did not end well is not followed again. */
  passOver({ createdAt }: BatchJob): void {
    this.#seenUntil = createdAt;
  }

  /** The next remedy for what has failed, after the checks that its cause asks for. */
  async remedyFor({ cause }: JobFailure): Promise<ReturnType<typeof planRemedy>> {
    const { inference, recovery } = this.#policy;
    const { workspace } = this.#place;
    this.#current ??= await readDeployment(this.#place);
    this.#before ??= this.#current;
    const uris = [...new Set([this.#job.dataUri, inference.dataUri].filter((uri) => uri !== null))];
    const facts: RemedyFacts = {
      settings: settingsOf(this.#current),
      data: cause === 'dataNotFound' ? (await checkBatchData({ workspace, uris })).data : [],
      environment: cause === 'modelLoad' ? await checkEnvironment({ workspace, environment: inference.environment }) : null,
      tried: this.#attempts.map(({ remedy }) => remedy),
    };
    return planRemedy(cause, facts, recovery);
  }

  /** Applies a remedy and retries the job. A deployment that somebody changed meanwhile is left to them; one whose lock had to be waited for is looked at anew. */
  async retryWith(remedy: Remedy, failure: JobFailure): Promise<Retried> {
    if (remedy.kind === 'settings') {
      if (await this.#waitedForLock()) return { kind: 'failed', failure };
      try {
        await this.#change(remedy);
      } catch (error) {
        if (!isPreempted(error) && !activityFailedBy(error, FailureType.ChangedByHand) && !activityFailedBy(error, FailureType.ReadBackMismatch)) throw error;
        return { kind: 'helpless', why: rootMessage(error) };
      }
    }
    return await this.#retry(remedy.text, remedy.kind === 'path' ? remedy.dataUri : null);
  }

  /** Retries once a person has said that it is repaired. */
  async retryAsItIs(by: readonly string[]): Promise<Retried> {
    return await this.#retry(`repaired by hand, as ${by.join(', ')} said`, null);
  }

  /** What was changed stays: the next job has shown that it works, or it is somebody else's from here on. */
  keep(): void {
    this.#settled?.();
    this.#settled = null;
  }

  /** Takes back the changes that have not made the job succeed; answers in words how the deployment is left. */
  async putBackWhatDidNotHelp(): Promise<string> {
    if (this.#settled === null || this.#before === null) return 'the deployment is as it was';
    const before = this.#before;
    const done = await this.#run.attempt('The deployment could not be put back', () => this.#putBack(before));
    this.keep();
    this.#current = null;
    this.#before = null;
    return done === null ? 'the deployment was changed by somebody else meanwhile, and is left as it is' : `what was changed in the deployment: ${done}`;
  }

  /** Changes the deployment; from before its first change on, whatever ends this run puts it back, unless a later job of somebody else has completed with it. */
  async #change({ change, text }: Extract<Remedy, { kind: 'settings' }>): Promise<void> {
    const { inference, location, deployment } = this.#policy;
    const [before, original] = [this.#current!, this.#before!];
    const isFirst = this.#settled === null;
    this.#settled ??= this.#run.compensations.register({ step: `settings of ${deployment}`, undo: () => this.#undo(original) });
    this.#run.production = 'changed'; // as long as nobody has seen that it is not
    this.#isUncertain = true;
    try {
      const key = this.#run.key('change settings', this.#attempts.length);
      const tags = { ...before.tags, run: this.#run.signature };
      this.#current = await changeSettings({ key, ...this.#place, before, template: { inference, location }, model: before.model ?? '', tags, settings: changedProperties(before, change), ...(this.#lock.token && { lock: this.#lock.token }) });
      this.#isUncertain = false;
    } catch (error) {
      this.#isUncertain = ![FailureType.ChangedByHand, FailureType.ReadBackMismatch, FailureType.Preempted].some((type) => activityFailedBy(error, type));
      if (isFirst && activityFailedBy(error, FailureType.ChangedByHand)) { // what stands there is somebody else's: there is nothing of ours to undo
        this.#run.production = 'unchanged';
        this.keep();
      }
      throw error;
    }
    this.#run.effect({ step: 'settings', what: text, platform: 'azure-ml', resource: `${this.#place.workspace.workspace}/${this.#place.endpoint}/${deployment}`, before: JSON.stringify(settingsOf(before)), after: JSON.stringify(settingsOf(this.#current)) });
  }

  async #undo(original: DeploymentSnapshot): Promise<string> {
    const jobs = this.#retriedAt === null ? [] : (await findLaterJobs({ ...this.#place, after: this.#retriedAt, ownKeys: this.ownKeys })).jobs;
    const proof = jobs.find(({ status }) => status === 'Completed');
    return proof ? `kept: job ${proof.jobName} has completed with it` : await this.#putBack(original);
  }

  /** A change by hand keeps the run's tag, by which a restore knows the run's own writes: what is neither as found nor as left, once nothing of ours is under way, is somebody's. */
  async #putBack(original: DeploymentSnapshot): Promise<string> {
    const found = await readDeployment(this.#place);
    const isOurs = [original, this.#current].some((known) => known !== null && jsonDigest(known.definition) === jsonDigest(found.definition));
    if (!this.#isUncertain && !isOurs) throw ApplicationFailure.nonRetryable(`${this.#policy.deployment} was changed by somebody else meanwhile; nothing was overwritten`, FailureType.ChangedByHand);
    return await putBack(this.#run, this.#policy, original, this.#lock.token);
  }

  /** Takes the lock of the circuit, which releases and rollbacks take too, until the run closes. What was read before a wait is read anew. */
  async #waitedForLock(): Promise<boolean> {
    if (this.#lock.token) return false;
    const claim = { what: `recovery of batch job ${this.#job.jobName}`, version: null, priority: lockPriority('recovery', this.#policy.severity), preempts: false, preImage: preImage(this.#before!) };
    const { hadToWait } = await this.#lock.acquire(claim, queueForLock);
    if (hadToWait) [this.#before, this.#current] = [null, null];
    return hadToWait;
  }

  async #retry(remedy: string, dataUri: string | null): Promise<Retried> {
    const { inference, settleMs } = this.#policy;
    const { workspace, endpoint, deployment } = this.#place;
    const key = this.#run.key('retry', this.#attempts.length);
    this.#keys.push(key);
    const retire = (keep: string | null) => cancelRetries({ key, workspace, endpoint, keep, settleMs });
    const ended = this.#run.compensations.register({ step: 'retry', undo: async () => `cancelled ${(await retire(null)).cancelled.join(', ') || 'nothing'}` });
    const { outputUri, experimentName } = this.#job;
    const { jobName, uncertain } = await retryJob({
      key, workspace, endpoint, deployment,
      dataUri: dataUri ?? this.#job.dataUri ?? inference.dataUri,
      experimentName: experimentName ?? `retry-${this.#job.jobName}`,
      ...(outputUri !== null && { outputUri }), // whoever reads the failed job's output finds it there
    });
    if (uncertain) await retire(jobName); // before its late twin has written to the same output
    this.#run.progress([`retry ${jobName}: ${remedy}`]);
    const end = await awaitJob({ workspace, jobName, intervalMs: inference.pollMs }, inference.timeoutMs, 'the retry');
    ended();
    this.#run.effect({ step: 'retry', what: remedy, platform: 'azure-ml', resource: `${workspace.workspace}/jobs/${jobName}`, before: this.#job.jobName, after: end.status });
    const failure = end.status === 'Completed' ? null : await readJobFailure({ workspace, jobName });
    this.#attempts.push({ remedy, jobName, status: end.status, cause: failure?.cause ?? null });
    this.#retriedAt = (await readBatchJob({ workspace, endpoint, jobName }))?.createdAt ?? this.#seenUntil;
    return failure === null ? { kind: 'completed', createdAt: this.#retriedAt } : { kind: 'failed', failure };
  }
}
