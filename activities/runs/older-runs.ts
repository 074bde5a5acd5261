/** Older releases of the same target that still wait when a newer version comes. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { ReleaseGate } from '../../workflows/domain/phases.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { attribute, listRuns, ownRuns, quoted } from './visibility.ts';

export interface FindOlderRunsInput {
  target: Target;
  /** The newer version. */
  version: string;
  /** The run that releases it. */
  workflowId: string;
}

export interface OlderRun {
  workflowId: string;
  version: string;
  gate: string;
}

/** Releases of the same target that began earlier and wait for a decision. One that asks for a rollback is left out: its version serves. Safe to retry because it only reads. */
export async function findOlderRuns(client: Client, { target, version, workflowId }: FindOlderRunsInput): Promise<{ runs: OlderRun[] }> {
  const query = [ownRuns, `WorkflowType = 'releaseModel'`, `ExecutionStatus = 'Running'`, `Plant = ${quoted(target.plant)}`, `Circuit = ${quoted(target.circuit)}`, 'Gate IS NOT NULL'].join(' AND ');
  const [{ runs }, newer] = await Promise.all([listRuns(client, query), client.workflow.getHandle(workflowId).describe().catch((error: unknown) => { throw classifyTemporal(error, workflowId); })]);
  const older = runs.filter((run) => run.workflowId !== workflowId && run.startTime < newer.startTime);
  return {
    runs: older.flatMap((run) => {
      const [gate, other] = [attribute(run, 'Gate'), attribute(run, 'ModelVersion')];
      return gate === null || gate === ReleaseGate.Rollback || other === null || other === version ? [] : [{ workflowId: run.workflowId, version: other, gate }];
    }),
  };
}

export interface SupersedeRunInput {
  /** The older run. */
  workflowId: string;
  /** The newer run and its version. */
  by: string;
  version: string;
}

/**
 * Tells an older run that a newer version has come; its gate retires it.
 *
 * Safe to retry because a gate takes the first such signal and no further one. A run that has ended meanwhile needs none.
 */
export async function supersedeRun(client: Client, { workflowId, by, version }: SupersedeRunInput): Promise<{ sent: boolean }> {
  try {
    await client.workflow.getHandle(workflowId).signal('supersede', { by, version });
    return { sent: true };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { sent: false };
    throw classifyTemporal(error, workflowId);
  }
}
