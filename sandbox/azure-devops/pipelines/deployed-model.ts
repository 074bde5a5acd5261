import { z } from 'zod';
import type { SandboxContext } from '../../core/context.ts';
import { REGISTRY } from '../../core/tenancy.ts';
import { CIRCUITS, modelName, productionDeploymentId } from '../../seed/estate.ts';

/** What of an order tells of a stage that deploys, and has been deployed once. */
export const deployingStageOrder = {
  stage: z.string().min(1).default('Production'),
  tags: z.array(z.string()).default([]),
  /** What a deployment of the stage lets serve in production; nothing by default. */
  deploys: z.strictObject({ plant: z.string().min(1), circuit: z.string().min(1), version: z.string().min(1) }).optional(),
  /** How the first deployment ended. */
  first: z.enum(['succeeded', 'failed']).default('succeeded'),
  /** How each further one ends, and how long it takes by the stand-in's clock. */
  result: z.enum(['succeeded', 'failed']).default('succeeded'),
  durationMs: z.number().int().min(0).default(500),
};

/** What the stage's task does: it names another model, and leaves the tags of whoever deployed before. */
export function serveModel({ resources }: Pick<SandboxContext, 'resources'>, { plant, circuit: name, version }: { plant: string; circuit: string; version: string }): void {
  const circuit = CIRCUITS.find((each) => each.plant === plant && each.name === name);
  const id = circuit && productionDeploymentId(circuit);
  const deployment = id === undefined ? undefined : resources.get(id);
  if (circuit === undefined || deployment === undefined) throw new Error(`there is no deployment of ${plant}/${name}`);
  const assetId = `azureml://registries/${REGISTRY}/models/${modelName(circuit)}/versions/${version}`;
  resources.write(deployment.id, { ...deployment, properties: { ...deployment.properties, model: { referenceType: 'Id', assetId } } }, { provisioningState: 'Succeeded' });
}
