/** Many releases that wait at Stage 1. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pMap from 'p-map';
import { listWaitingGates } from '../../../starters/gates/waiting-gates.ts';
import { releaseModel } from '../../../starters/runbooks.ts';
import { startRunbook } from '../../../starters/start-runbook.ts';
import type { GateView } from '../../../workflows/domain/gate-view.ts';
import { modelName } from '../../../workflows/domain/ids.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import { testInput } from '../../support/release-activities.ts';

/** Starts a release for each target; answers the workflow ids. `version` keeps tests apart. */
export async function startReleases({ client }: TestWorkflowEnvironment, targets: readonly Target[], version: string, requestedBy: string[] = ['dana@example.com']): Promise<string[]> {
  return await pMap(targets, async (target) => (await startRunbook(client, releaseModel, { ...testInput, target, model: modelName(target), version, requestedBy })).workflowId, { concurrency: 32 });
}

/** Waits until these runs, and as visibility tells it too, wait at a gate. */
export async function waitingAt({ client }: TestWorkflowEnvironment, gate: string, ids: readonly string[]): Promise<GateView[]> {
  for (;;) {
    const views = (await listWaitingGates(client)).filter((view) => view.gate === gate && ids.includes(view.workflowId));
    if (views.length === ids.length) return views;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
