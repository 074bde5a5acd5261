/** Older releases of the same target that are still under way when a newer version comes. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { ReleaseModelPhase as Phase } from '../../workflows/domain/phases.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { classifyTemporal } from './temporal-failures.ts';
import { attribute, listRuns, ownRuns, quoted } from './visibility.ts';

/** Phases in which the older version is being written to production, or is there already. */
const serving: readonly string[] = [Phase.Deployment, Phase.Monitoring, Phase.Rollback, Phase.Closing];

/** How long Temporal has to take a signal, in milliseconds. */
const signalMs = 10_000;

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
  /** The gate at which it waits; null while it is on its way to one. */
  gate: string | null;
  /** What it is at, of `ReleaseModelPhase`. */
  phase: string | null;
}

/** Releases of the same target that began earlier and have not deployed. One that deploys, is watched or asks for a rollback is left out: its version serves. Safe to retry because it only reads. */
export async function findOlderRuns(client: Client, { target, version, workflowId }: FindOlderRunsInput): Promise<{ runs: OlderRun[] }> {
  const query = [ownRuns, `WorkflowType = 'releaseModel'`, `ExecutionStatus = 'Running'`, `Plant = ${quoted(target.plant)}`, `Circuit = ${quoted(target.circuit)}`].join(' AND ');
  const [{ runs }, newer] = await Promise.all([listRuns(client, query), client.workflow.getHandle(workflowId).describe().catch((error: unknown) => { throw classifyTemporal(error, workflowId); })]);
  const older = runs.filter((run) => run.workflowId !== workflowId && run.startTime < newer.startTime);
  return {
    runs: older.flatMap((run) => {
      const [gate, other, phase] = [attribute(run, 'Gate'), attribute(run, 'ModelVersion'), attribute(run, 'Phase')];
      return other === null || other === version || serving.includes(phase ?? '') ? [] : [{ workflowId: run.workflowId, version: other, gate, phase }];
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
 * Tells an older run that a newer version has come; the gate, the stop, the freeze or the lock at which it waits lets it go.
 *
 * Safe to retry because a gate takes the first such signal and no further one. A run that has ended meanwhile needs none.
 */
export async function supersedeRun(client: Client, { workflowId, by, version }: SupersedeRunInput): Promise<{ sent: boolean }> {
  try {
    await client.connection.withDeadline(Date.now() + signalMs, () => client.workflow.getHandle(workflowId).signal('supersede', { by, version }));
    return { sent: true };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { sent: false };
    throw classifyTemporal(error, workflowId);
  }
}
