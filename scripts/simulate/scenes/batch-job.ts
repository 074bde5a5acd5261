/** A scheduled batch job of production that has failed, each cause by what really brings it about. */
import { z } from 'zod';
import { registryFolder } from '../../../sandbox/azure-resource-manager/asset-uri.ts';
import { writeVersion } from '../../../sandbox/azure-resource-manager/assets.ts';
import { machineLearningId, PROD_WORKSPACE, REGISTRY } from '../../../sandbox/core/tenancy.ts';
import { productionDeploymentId } from '../../../sandbox/seed/estate.ts';
import { modelName } from '../../../workflows/domain/ids.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import type { InputPart, SceneKit } from '../scene.ts';
import { label, oneOf, targetOf } from '../story-pieces.ts';
import { ailScoring } from './scoring.ts';

/** How a batch job comes to fail: `path` reads from where nothing is, `environment` lacks a library, `model` is a file that is none, `node` leaves no word of its own. */
export const batchJobFailures = ['memory', 'time', 'path', 'environment', 'model', 'node'] as const;
export type BatchJobFailure = (typeof batchJobFailures)[number];

export const batchJobField = z.strictObject({ target: label.default('P001/C001'), fails: oneOf(batchJobFailures).default('memory') });

const weather = 'azureml://datastores/workspaceblobstore/paths/data/weather.csv';
const takesMs = 5 * 60_000;

/** Something ails the circuit; its scheduled job then fails, and the run is about that job. */
export async function failBatchJob({ sandbox, standIn, pass }: SceneKit, { target: labelled, fails }: z.output<typeof batchJobField>): Promise<InputPart> {
  const target = targetOf(labelled);
  if (fails === 'memory' || fails === 'time') ailScoring({ sandbox }, [{ target: labelled, in: 'production', of: fails }]);
  if (fails === 'time') change(sandbox, target, { retrySettings: { maxRetries: 0, timeout: 'PT1S' } });
  if (fails === 'environment') change(sandbox, target, { environmentId: poorEnvironment(sandbox) });
  if (fails === 'model') spoilModel(sandbox, target);
  await standIn.pace({ match: `^${PROD_WORKSPACE}/`, durationMs: takesMs, times: 1, ...(fails === 'node' && { dies: { at: 0.5, message: 'Execution failed. The node was taken away.' } }) });
  const jobName = await standIn.scheduledJob(target.plant, target.circuit, fails === 'path' ? { dataUri: `${weather}.old` } : {});
  await pass(takesMs);
  const status = sandbox.context.jobs.runs.get(PROD_WORKSPACE, jobName)?.status;
  if (status !== 'Failed') throw new Error(`the story's batch job did not fail: it is ${status}`);
  return { target, jobName };
}

function change({ context: { resources } }: SceneKit['sandbox'], { plant, circuit }: Target, properties: Record<string, unknown>): void {
  const id = productionDeploymentId({ plant, name: circuit });
  const { location = '', tags = {}, properties: before } = resources.get(id)!;
  resources.write(id, { location, tags, properties: { ...before, ...properties } }, { provisioningState: 'Succeeded' });
}

function poorEnvironment({ context: { resources } }: SceneKit['sandbox']): string {
  const id = machineLearningId(`workspaces/${PROD_WORKSPACE}/environments/sensor-env/versions/2`);
  writeVersion(resources, id, { properties: { tags: { libraries: 'csv-parse,ml-matrix' } } });
  return id;
}

function spoilModel({ context: { blobs } }: SceneKit['sandbox'], target: Target): void {
  const file = `${registryFolder(REGISTRY, modelName(target), '1')}/model.json`;
  blobs.write(file, blobs.read(file).toString().replace('"format":1', '"format":2'));
}
