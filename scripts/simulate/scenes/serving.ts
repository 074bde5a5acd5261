/** Versions of a model in the registry, and the one that production serves. */
import { z } from 'zod';
import { registryFolder } from '../../../sandbox/azure-resource-manager/asset-uri.ts';
import { writeVersion } from '../../../sandbox/azure-resource-manager/assets.ts';
import { machineLearningId, REGISTRY } from '../../../sandbox/core/tenancy.ts';
import { productionDeploymentId } from '../../../sandbox/seed/estate.ts';
import { modelName } from '../../../workflows/domain/ids.ts';
import type { SceneKit } from '../scene.ts';
import { label, oneOf, targetOf, text } from '../story-pieces.ts';

export const servingField = z.strictObject({
  target: label.default('P001/C001'),
  version: text(100),
  /** What the deployment's tag names; left out: nothing came before. */
  previous: text(100).optional(),
  /** Its deployment carries no tags at all. */
  untagged: z.literal(true, 'must be true, or be left out').optional(),
  /** Further versions in the registry, oldest first, with how they have done; `unknown` also for those of which nothing is said. */
  versions: z.record(text(100), oneOf(['good', 'bad', 'unknown', 'archived'])).default({}),
  /** Whose model the version that serves really is: of another circuit it predicts badly. Default: the seed's own. */
  model: label.optional(),
});

/** Versions that the seed has not made are copies of its version 1, made a second after each other. */
export async function putIntoProduction({ sandbox, pass }: SceneKit, orders: z.output<typeof servingField>[]): Promise<void> {
  for (const { target, version, previous, untagged, versions, model } of orders) {
    for (const each of new Set([...Object.keys(versions), ...(previous === undefined ? [] : [previous]), version])) {
      register(sandbox, target, each, versions[each] ?? 'unknown', each === version ? (model ?? target) : target);
      await pass(1_000);
    }
    deploy(sandbox, target, version, untagged ? {} : { model_version: version, ...(previous !== undefined && { previous_version: previous }), released_by: 'seed', run: 'seed' });
  }
}

function register({ context: { resources, blobs } }: SceneKit['sandbox'], target: string, version: string, verdict: string, like: string): void {
  const model = modelName(targetOf(target));
  const id = machineLearningId(`registries/${REGISTRY}/models/${model}/versions/${version}`);
  const { properties } = resources.get(id) ?? resources.get(machineLearningId(`registries/${REGISTRY}/models/${model}/versions/1`))!;
  const files = registryFolder(REGISTRY, model, version);
  if (resources.get(id) === undefined) blobs.copyFolder(registryFolder(REGISTRY, modelName(targetOf(like)), '1'), files);
  const { verdict: _copied, ...seeded } = properties['tags'] as Record<string, string>; // of version 1, whose verdict the story may have told already
  const tags = { ...seeded, ...((verdict === 'good' || verdict === 'bad') && { verdict }) };
  writeVersion(resources, id, { properties: { ...properties, tags, ...(verdict === 'archived' && { isArchived: true }) } }, { provisioningState: 'Succeeded' });
}

/** Circuits of which nothing has been deployed to production yet. */
export function takeOutOfProduction({ sandbox: { context: { resources } } }: SceneKit, targets: readonly string[]): void {
  for (const target of targets) resources.delete(deploymentId(target));
}

function deploymentId(target: string): string {
  const { plant, circuit } = targetOf(target);
  return productionDeploymentId({ plant, name: circuit });
}

function deploy({ context: { resources } }: SceneKit['sandbox'], target: string, version: string, tags: Record<string, string>): void {
  const { plant, circuit } = targetOf(target);
  const id = deploymentId(target);
  const { location = '', properties } = resources.get(id)!;
  const model = { referenceType: 'Id', assetId: `azureml://registries/${REGISTRY}/models/${modelName({ plant, circuit })}/versions/${version}` };
  resources.write(id, { location, tags, properties: { ...properties, model } }, { provisioningState: 'Succeeded' });
}
