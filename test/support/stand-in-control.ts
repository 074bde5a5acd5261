/** The stand-in's own API, as tests use it against a stand-in in a process of its own. */
import type { z } from 'zod';
import type { stagedReleaseOrderSchema } from '../../sandbox/azure-devops/pipelines/deployments.ts';
import type { stagedRunOrderSchema } from '../../sandbox/azure-devops/pipelines/staged-runs.ts';
import type { scoringConditionSchema } from '../../sandbox/batch-scoring/scoring-conditions.ts';
import type { FaultEffect } from '../../sandbox/core/faults.ts';
import type { LedgerEntry } from '../../sandbox/core/ledger.ts';
import type { jobPaceSchema } from '../../sandbox/jobs/job-pace.ts';
import { askJson, askWeb } from '../../scripts/supervise/web.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';

export interface CompletedPullRequest {
  pullRequestId: number;
  repositoryId: string;
}

export interface PullRequestOrder {
  title?: string;
  /** `dana@example.com` by default. */
  createdBy?: string;
  targetRefName?: string;
  status?: 'completed' | 'active' | 'abandoned';
  /** Whether the subscribers of service hooks are told; not by default. */
  deliver?: boolean;
}

export interface BuildOrder {
  /** Its merge commit is built; else `commit`, else the branch's tip. */
  pullRequestId?: number;
  commit?: string;
  branch?: string;
  pipeline?: string;
  result?: 'succeeded' | 'partiallySucceeded' | 'failed' | 'canceled';
  durationMs?: number;
  tags?: string[];
  /** Models that it registers: trained for real, or the seed's once more. */
  publish?: { plant: string; circuit: string; from?: 'training' | 'seed'; version?: string; tags?: 'build' | 'commit' | 'both' | 'none' }[];
  /** Whether the subscribers of service hooks are told; true by default. */
  deliver?: boolean;
}

export type AzureApprovalKind = 'approvals' | 'release-approvals';

export interface AzureApprovalOrder {
  buildId: number;
  /** Of a classic release only one. */
  approvers: string[];
  /** Of a run, or of a classic release the environment. */
  stage?: string;
  environment?: string;
  /** Of the classic release. */
  tags?: string[];
  isAutomated?: boolean;
  /** Whether the subscribers of service hooks are told that it waits; true by default. */
  deliver?: boolean;
}

export interface AzureDecisionOrder {
  by: string;
  status?: 'approved' | 'rejected';
  comment?: string;
  deliver?: boolean;
}

export interface FaultMatch {
  method?: string;
  /** Regular expression for the path, percent-decoded and without its query. */
  path: string;
  /** So many matches pass first. */
  skip?: number;
  /** So many are hit then; 1 by default. */
  times?: number;
  /** Instants of the stand-in's clock. */
  from?: string;
  until?: string;
  /** Milliseconds of its clock since the first hit. */
  forMs?: number;
}

export interface Fault {
  id: string;
  match: FaultMatch & Required<Pick<FaultMatch, 'method' | 'skip' | 'times'>>;
  effect: FaultEffect;
  seen: number;
  hits: number;
  /** By the stand-in's clock, in milliseconds since the epoch. */
  firstHitMs?: number;
}

export class StandInControl {
  readonly url: string;
  readonly #caFile: string;

  constructor({ url, caFile }: { url: string; caFile: string }) {
    this.url = url;
    this.#caFile = caFile;
  }

  /** Completes a pull request that writes these files (null deletes one). */
  async completePullRequest(files: Record<string, string | null>, order: PullRequestOrder = {}): Promise<CompletedPullRequest> {
    const defaults = { title: 'Tune the models', createdBy: 'dana@example.com', targetRefName: 'refs/heads/main', deliver: false };
    return this.#ask('POST', 'pull-requests', { ...defaults, ...order, files });
  }

  /** Completes a pull request that was active; nobody is told. */
  async completeLater(pullRequestId: number): Promise<void> {
    await this.#ask('POST', `pull-requests/${pullRequestId}/complete`);
  }

  /** A person votes on a pull request: 10, 5, 0, -5 or -10. */
  async vote(pullRequestId: number, by: string, vote: number, { comment = '', deliver = true }: { comment?: string; deliver?: boolean } = {}): Promise<void> {
    await this.#ask('POST', `pull-requests/${pullRequestId}/vote`, { by, vote, comment, deliver });
  }

  /** A classic release whose stage has deployed this version once, and can be deployed again; answers its number. */
  async release(order: z.input<typeof stagedReleaseOrderSchema>): Promise<number> {
    return (await this.#ask<{ releaseId: number }>('POST', 'releases', order)).releaseId;
  }

  /** A run of a pipeline whose stage has deployed this version once, and can be run again; answers its number. */
  async stagedRun(order: z.input<typeof stagedRunOrderSchema>): Promise<number> {
    return (await this.#ask<{ runId: number }>('POST', 'staged-runs', order)).runId;
  }

  /** Azure DevOps deletes a run, as its retention does. */
  async forgetRun(runId: number): Promise<void> {
    await this.#ask('POST', `staged-runs/${runId}/forget`, {});
  }

  /** A person abandons a pull request, or completes it, on its page. */
  async closePullRequest(pullRequestId: number, how: 'abandon' | 'merge', by: string, { deliver = true } = {}): Promise<void> {
    await this.#ask('POST', `pull-requests/${pullRequestId}/${how}`, { by, deliver });
  }

  /** A person pushes to a branch; answers the commit. */
  async commit(branch: string, by: string, files: Record<string, string | null>): Promise<string> {
    return (await this.#ask<{ commitId: string }>('POST', 'commits', { branch, by, files })).commitId;
  }

  /** Moves the stand-in's clock forward; with `settle`, answers once every job that is due by its pace has ended. */
  async advance(advanceMs: number, settle = false): Promise<void> {
    await this.#ask('POST', 'clock', { advanceMs, settle });
  }

  /** Jobs submitted from now on take so long by the stand-in's clock. */
  async pace(order: z.input<typeof jobPaceSchema>): Promise<void> {
    await this.#ask('POST', 'job-paces', order);
  }

  /** What the region's usages tell of a quota from now on. */
  async quota(order: { name: string; used: number; limit: number; over?: 'fail' | 'refuse' }): Promise<void> {
    await this.#ask('POST', 'quotas', order);
  }

  /** What ails batch scoring from now on. */
  async ailScoring(order: z.input<typeof scoringConditionSchema>): Promise<void> {
    await this.#ask('POST', 'scoring-conditions', order);
  }

  /** Nothing ails batch scoring any more. */
  async cureScoring(): Promise<void> {
    await askWeb(`${this.url}/_sandbox/scoring-conditions`, { method: 'DELETE', caFile: this.#caFile });
  }

  /** More circuits than the first start made; their deployments serve what that of `like` was first given. */
  async addCircuits(circuits: Target[], like: Target): Promise<void> {
    await this.#ask('POST', 'circuits', { circuits, like });
  }

  /** How many jobs the compute of a workspace runs at once. */
  async scaleCompute(workspace: string, maxNodeCount: number): Promise<void> {
    await this.#ask('PUT', 'computes/cpu-cluster', { workspace, maxNodeCount });
  }

  /** Starts a batch job in production, as the team's schedule does; answers its name. */
  async scheduledJob(plant: string, circuit: string, order: { dataUri?: string; outputUri?: string } = {}): Promise<string> {
    return (await this.#ask<{ jobName: string }>('POST', 'batch-jobs', { plant, circuit, ...order })).jobName;
  }

  /** How a build has ended; undefined while it runs. */
  async buildResult(buildId: number): Promise<string | undefined> {
    return (await this.#ask<{ result?: string }>('GET', `builds/${buildId}`)).result;
  }

  /** Sends the notifications of a pull request once more; answers how many. */
  async deliverAgain(pullRequestId: number): Promise<number> {
    return (await this.#ask<{ deliveries: number }>('POST', `pull-requests/${pullRequestId}/deliver`)).deliveries;
  }

  /** Runs a build pipeline; answers the build's number. */
  async build(order: BuildOrder): Promise<number> {
    return (await this.#ask<{ buildId: number }>('POST', 'builds', order)).buildId;
  }

  /** Sends the notifications of a build once more; answers how many. */
  async deliverBuildAgain(buildId: number): Promise<number> {
    return (await this.#ask<{ deliveries: number }>('POST', `builds/${buildId}/deliver`)).deliveries;
  }

  /** A stage of a run, or of a classic release made from it, waits for these people. Answers the approval's id. */
  async askInAzure(kind: AzureApprovalKind, { approvers, ...order }: AzureApprovalOrder): Promise<string> {
    const who = kind === 'approvals' ? { approvers, minRequired: approvers.length } : { approver: approvers[0] };
    return String((await this.#ask<{ approvalId: string | number }>('POST', kind, { ...order, ...who })).approvalId);
  }

  /** A person decides on Azure DevOps' page. */
  async decideInAzure(kind: AzureApprovalKind, approvalId: string, { by, status = 'approved', comment = '', deliver = true }: AzureDecisionOrder): Promise<void> {
    await this.#ask('POST', `${kind}/${approvalId}/decide`, { by, status, comment, deliver });
  }

  /** Adds tags to a run, or removes them, at whatever time. */
  async tagBuild(buildId: number, tags: { add?: string[]; remove?: string[] }): Promise<void> {
    await this.#ask('POST', `builds/${buildId}/tags`, tags);
  }

  /** Requests to the platforms with a number above `since`. */
  async ledger(since = 0): Promise<LedgerEntry[]> {
    return (await this.#ask<{ entries: LedgerEntry[] }>('GET', `ledger?since=${since}`)).entries;
  }

  async fault(match: FaultMatch, effect: FaultEffect): Promise<void> {
    await this.#ask('POST', 'faults', { match, effect });
  }

  async faults(): Promise<Fault[]> {
    return (await this.#ask<{ faults: Fault[] }>('GET', 'faults')).faults;
  }

  async clearFaults(): Promise<void> {
    await askWeb(`${this.url}/_sandbox/faults`, { method: 'DELETE', caFile: this.#caFile });
  }

  /** Fires an alert about a circuit's production deployment. */
  async alert(plant: string, circuit: string, { rule = 'prediction-drift', severity = 2, condition = 'Fired' }: { rule?: string; severity?: number; condition?: 'Fired' | 'Resolved' } = {}): Promise<void> {
    await this.#ask('POST', 'alerts', { plant, circuit, rule, severity: `Sev${severity}`, condition });
  }

  /** What was posted to the chat, repetitions included. */
  async chat(): Promise<{ body: { text: string; message_id: string } }[]> {
    return (await this.#ask<{ messages: { body: { text: string; message_id: string } }[] }>('GET', 'chat')).messages;
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return await askJson<T>(`${this.url}/_sandbox/${path}`, { method, body, caFile: this.#caFile, timeoutMs: 20_000 });
  }
}
