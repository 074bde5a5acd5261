/** A model that is really bad in production: what it predicted until December is the good one's, what came since is another plant's. */
import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createBlobWriter } from '../../activities/azure-ml/blob-writer.ts';
import { blobOf } from '../../activities/azure-ml/datastore.ts';
import { createAzureMlActivities } from '../../activities/azure-ml/index.ts';
import { createClientSecretCredential } from '../../activities/http/credential.ts';
import { CLIENT_ID, CLIENT_SECRET, TENANT_ID } from '../../sandbox/core/tenancy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { circuitDeployment, inference, productionWorkspace as workspace } from '../activities/support/circuits.ts';
import { freshKey, quiet } from '../activities/support/platforms.ts';
import { eventually } from './eventually.ts';
import { deploymentOf } from './platform-state.ts';
import type { Stack } from './stack.ts';

const inMock = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment({ attempt: 1 }, quiet).run(activity, input);

/** Scores the readings by a job of the circuit's deployment in production; answers the predictions. */
export async function score(stack: Stack, { circuit }: Target): Promise<string> {
  const azureMl = createAzureMlActivities(stack.azureMl);
  const { jobName, outputUri } = await inMock(azureMl.invokeBatchEndpoint, { key: freshKey(), ...circuitDeployment(circuit).ref, dataUri: inference.dataUri, experimentName: 'score' });
  const { status } = await eventually(() => inMock(azureMl.awaitJob, { workspace, jobName, intervalMs: 100 }), { timeoutMs: 60_000 });
  assert.equal(status, 'Completed');
  return (await stack.azureMl.blob.read(await blobOf(stack.azureMl.arm, workspace, outputUri), 10_000_000))!;
}

/** Lets production serve the model of another plant as version 2, after a version 1 that was good, and writes what both predicted; the circuit is one of plant P001. */
export async function scoreBadly(stack: Stack, target: Target): Promise<{ predictionsUri: string }> {
  const good = await score(stack, target);
  const { ref, template, otherModel } = circuitDeployment(target.circuit);
  const current = await deploymentOf(stack, target);
  await inMock(createAzureMlActivities(stack.azureMl).deployBatchModel, { key: freshKey(), ...ref, model: otherModel, tags: { ...current.tags, model_version: '2', previous_version: '1' }, before: current, template });
  const bad = await score(stack, target);
  const rows = (csv: string, keep: (day: string) => boolean) => csv.split('\n').slice(1).filter((row) => row !== '' && keep(row));
  const csv = ['date,prediction', ...rows(good, (day) => day < '2015-12-01'), ...rows(bad, (day) => day >= '2015-12-01')].join('\n');
  const predictionsUri = `azureml://datastores/workspaceblobstore/paths/predictions/${target.circuit}.csv`;
  const { url } = stack.standIn;
  const transport = { caFile: stack.environment['AZURE_CA_FILE'], requestTimeoutMs: 10_000 };
  const writer = createBlobWriter({ ...transport, blobEndpoint: `${url}/{account}`, credential: createClientSecretCredential({ tenantId: TENANT_ID, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authorityHost: url }, transport) });
  await writer.write(await blobOf(stack.azureMl.arm, workspace, predictionsUri), csv, 'text/csv');
  return { predictionsUri };
}
