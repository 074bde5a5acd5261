import { FailureType } from '../../workflows/domain/failures.ts';
import type { StageOver } from '../../workflows/domain/stage-check.ts';
import { isFailure } from '../http/classify.ts';
import type { CheckApi, TimelineRecord } from './check-rest.ts';
import { notYet } from '../not-yet.ts';

export interface WatchStageInput {
  projectId: string;
  buildId: number;
  stage: string | null;
  attempt: number;
  /** Milliseconds between two looks. */
  intervalMs: number;
}

/**
 * Waits until the stage needs no decision any more: the run was cancelled or has ended, or the stage was skipped because the check timed out. One look for each attempt: what still
 * waits fails retryably, so that between two looks no worker is held.
 *
 * Safe to retry because it only reads.
 *
 * @throws StillWatching (retried after `intervalMs`)
 */
export async function watchStage(api: CheckApi, { projectId, buildId, stage, attempt, intervalMs }: WatchStageInput): Promise<StageOver> {
  const over = await overReason(api, projectId, buildId, (record) => record.type === 'Stage' && record.identifier === stage && (record.attempt ?? 1) <= attempt);
  if (over !== null) return { reason: over };
  throw notYet(FailureType.StillWatching, 'the stage still waits for its check', intervalMs);
}

async function overReason(api: CheckApi, projectId: string, buildId: number, isStage: (record: TimelineRecord) => boolean): Promise<string | null> {
  try {
    const build = await api.build(projectId, buildId);
    if (build.status === 'cancelling' || build.result === 'canceled') return `run ${build.buildNumber} was cancelled`;
    const record = (await api.timeline(projectId, buildId)).find(isStage);
    if (record?.state === 'completed') return record.result === 'skipped' ? 'the check timed out on the side of Azure DevOps, which skipped the stage' : `the stage has ended as "${record.result ?? 'unknown'}" without this decision`;
    return build.status === 'completed' ? `run ${build.buildNumber} has ended as "${build.result ?? 'unknown'}"` : null;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return 'the run does not exist any more';
    throw error;
  }
}
