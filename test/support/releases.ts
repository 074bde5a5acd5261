/** Releases as a test drives them: started like a hook does, answered like a person does, read through Temporal's client. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { configPath, configText, FIRST_SETTINGS, improvedConfig } from '../../sandbox/seed/estate.ts';
import { releaseChange } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import { readCircuitConfig } from '../../workflows/domain/circuit-config.ts';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { baseModelVersion, releaseChangeId } from '../../workflows/domain/ids.ts';
import type { ReleaseChangeResult, ReleaseModelResult } from '../../workflows/domain/release.ts';
import type { RunStatus } from '../../workflows/domain/run-status.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import type { Stack } from './stack.ts';
import type { CompletedPullRequest } from './stand-in-control.ts';

/** A change of a circuit's configuration that is not what is there: `variation` 0 to 7. */
export function circuitChange({ plant, circuit }: Target, variation = 0): Record<string, string> {
  return { [configPath({ plant, name: circuit })]: improvedConfig(variation) };
}

/** A change whose training takes far longer than any test: something to be cancelled. */
export function endlessChange({ plant, circuit }: Target): Record<string, string> {
  const { cutoff_date, hyperparameters } = FIRST_SETTINGS;
  return { [configPath({ plant, name: circuit })]: configText({ cutoff_date, hyperparameters: { ...hyperparameters, epochs: 10_000 } }) };
}

/** The version that a pull request with these files makes of a circuit's model: known before anything has run. */
export function versionOf({ plant, circuit }: Target, { pullRequestId }: CompletedPullRequest, files: Record<string, string>): string {
  const path = configPath({ plant, name: circuit });
  const reading = readCircuitConfig(path, files[path] ?? '');
  if (!reading.ok) throw new Error(`${path} is malformed: ${reading.refused.reason}`);
  return baseModelVersion(pullRequestId, jsonDigest(reading.config));
}

export interface Answer {
  gate: string;
  by: string;
  verdict?: 'approve' | 'reject';
  comment?: string;
}

export class Releases {
  readonly #stack: Stack;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** Starts `releaseChange` for a completed pull request, as its hook would; answers the workflow id. */
  async start({ repositoryId, pullRequestId }: CompletedPullRequest): Promise<string> {
    return (await startRunbook(this.#stack.client, releaseChange, { repositoryId, pullRequestId })).workflowId;
  }

  /** Completes a pull request with these files and runs `releaseChange` to its end; answers its result and the ids of the releases that it started. */
  async train(files: Record<string, string | null>): Promise<{ pullRequest: CompletedPullRequest; result: ReleaseChangeResult; releases: string[] }> {
    const pullRequest = await this.#stack.standIn.completePullRequest(files);
    await this.start(pullRequest);
    return { pullRequest, ...(await this.trained(pullRequest)) };
  }

  /** Waits for the end of a pull request's `releaseChange`. */
  async trained({ repositoryId, pullRequestId }: CompletedPullRequest): Promise<{ result: ReleaseChangeResult; releases: string[] }> {
    const result = (await this.#stack.client.workflow.getHandle(releaseChangeId(repositoryId, pullRequestId)).result()) as ReleaseChangeResult;
    return { result, releases: result.circuits.flatMap((circuit) => (circuit.state === 'released' ? [circuit.workflowId] : [])) };
  }

  /** The query `status`; a worker must run. */
  async status(workflowId: string): Promise<RunStatus> {
    return await this.#stack.client.workflow.getHandle(workflowId).query<RunStatus>('status');
  }

  /** What Temporal knows without a worker: the open gate, the activities that are pending. */
  async look(workflowId: string): Promise<{ status: string; gate: string | null; phase: string | null; pending: string[] }> {
    const { status, raw, searchAttributes } = await this.#stack.client.workflow.getHandle(workflowId).describe();
    const first = (name: string): string | null => (searchAttributes[name]?.[0] as string | undefined) ?? null;
    return { status: status.name, gate: first('Gate'), phase: first('Phase'), pending: (raw.pendingActivities ?? []).map(({ activityType }) => activityType?.name ?? '') };
  }

  /** Waits until the run is in a phase, or has ended. */
  async reaches(workflowId: string, phase: string): Promise<void> {
    for (;;) {
      const seen = await this.look(workflowId);
      if (seen.phase === phase) return;
      if (seen.status !== 'RUNNING') throw new Error(`${workflowId} ended as ${seen.status} in phase ${seen.phase} before ${phase}`);
      await sleep(50);
    }
  }

  /** Answers a gate once it is open, by the update `decide`. */
  async decide(workflowId: string, { verdict = 'approve', ...answer }: Answer): Promise<void> {
    for (;;) {
      const { gate, status, phase } = await this.look(workflowId);
      if (gate === answer.gate) break;
      if (status !== 'RUNNING') throw new Error(`${workflowId} ended as ${status} in phase ${phase} before gate ${answer.gate} opened`);
      await sleep(50);
    }
    await this.#stack.client.workflow.getHandle(workflowId).executeUpdate('decide', { args: [{ ...answer, verdict }] });
  }

  /** Approves Stage 1 as alice and Stage 3 as bob. */
  async approveStages(workflowId: string): Promise<void> {
    await this.decide(workflowId, { gate: 'stage1', by: 'alice' });
    await this.decide(workflowId, { gate: 'stage3', by: 'bob' });
  }

  /** Waits for the end of a release. */
  async result(workflowId: string): Promise<ReleaseModelResult> {
    return (await this.#stack.client.workflow.getHandle(workflowId).result()) as ReleaseModelResult;
  }

  /** Whether a workflow of this id exists. */
  async exists(workflowId: string): Promise<boolean> {
    try {
      await this.#stack.client.workflow.getHandle(workflowId).describe();
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }
}
