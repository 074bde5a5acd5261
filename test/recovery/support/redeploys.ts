/** Rollbacks of a target whose pipeline deploys: a production that serves a bad version, what deployed the former one in Azure DevOps, and what must be left behind. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiVersion, batchDeploymentId } from '../../../activities/azure-resource-manager/resource-ids.ts';
import { rollBackModel } from '../../../starters/runbooks.ts';
import { startRunbook } from '../../../starters/start-runbook.ts';
import type { RollBackModelResult } from '../../../workflows/domain/rollback.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import { deploymentOf } from '../../support/platform-state.ts';
import { Stack } from '../../support/stack.ts';

export class Redeploys {
  readonly stack: Stack;
  readonly #by: 'release' | 'pipeline';

  private constructor(stack: Stack, by: 'release' | 'pipeline') {
    this.stack = stack;
    this.#by = by;
  }

  /** Whether a classic release deploys, or the stage of a pipeline's run. */
  static async start(by: 'release' | 'pipeline'): Promise<Redeploys> {
    return new Redeploys(await Stack.start({ requestTimeoutMs: 2_500, estate: estateOf(by, '30s') }), by);
  }

  /** How long Azure DevOps is waited for from now on. */
  answerWithin(within: string): void {
    this.stack.writeEstate(estateOf(this.#by, within));
  }

  /** Production serves another circuit's model as version `bad`; version 1 came before it, by what deploys. Answers its number. */
  async serveBad(target: Target, other: string): Promise<number> {
    const { stack } = this;
    const workspace = { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'ml-platform', workspace: 'prod-ml-workspace' };
    const { definition } = await deploymentOf(stack, target);
    const { model } = await deploymentOf(stack, { ...target, circuit: other });
    const body = { ...definition, properties: { ...(definition!['properties'] as object), model: { referenceType: 'Id', assetId: model } }, tags: { model_version: 'bad', previous_version: '1' } };
    await stack.azureMl.arm.send({ method: 'PUT', url: batchDeploymentId(workspace, `batch-endpoint-plant-${target.plant}`, `deployment-circuit-${target.circuit}`), query: { 'api-version': ApiVersion.BatchDeployments }, body });
    while ((await deploymentOf(stack, target)).provisioningState !== 'Succeeded') await sleep(50);
    const order = { tags: [`holdpoint.stage3.${target.plant}.${target.circuit}.1`], deploys: { ...target, version: '1' }, durationMs: 3_000 };
    return await (this.#by === 'release' ? stack.standIn.release(order) : stack.standIn.stagedRun(order));
  }

  async rollBack(target: Target): Promise<{ result: () => Promise<RollBackModelResult> }> {
    const { workflowId } = await startRunbook(this.stack.client, rollBackModel, { target, reason: 'far off' }, { startedBy: 'alice' });
    return { result: async () => (await this.stack.client.workflow.getHandle(workflowId).result()) as RollBackModelResult };
  }

  /** How often a stage was really deployed once more, or stopped, after the ledger had so many entries. */
  async deploymentsSince(since: number): Promise<number> {
    return (await this.stack.standIn.ledger(since)).filter(({ method, path, changed }) => changed && method === 'PATCH' && /\/(environments|stages)\//.test(path)).length;
  }

  async assertServes(target: Target): Promise<void> {
    const { model, tags } = await deploymentOf(this.stack, target);
    assert.match(model!, new RegExp(`/models/${target.plant}-${target.circuit}/versions/1$`));
    assert.deepEqual([tags['model_version'], tags['rolled_back_from'], tags['previous_version'], tags['released_by']], ['1', 'bad', undefined, 'alice']);
  }
}

function estateOf(by: 'release' | 'pipeline', answerWithin: string): object {
  const redeploy = { [by]: 'deploy-models', stage: 'Production', answerWithin, within: '2m' };
  return { settle: '1s', monitoring: { for: '2s', every: '1s', rollback: '2s' }, execution: { training: 'accompany', redeploy } };
}
