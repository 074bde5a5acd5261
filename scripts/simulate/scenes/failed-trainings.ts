/** Training jobs that have failed, each cause by what really brings it about, but for those that the platform itself ends. */
import { z } from 'zod';
import { oneOrMore } from '../../../activities/estate/one-or-more.ts';
import { planOf } from '../../../sandbox/azure-resource-manager/command-job.ts';
import { writeVersion } from '../../../sandbox/azure-resource-manager/assets.ts';
import { DEV_WORKSPACE, machineLearningId } from '../../../sandbox/core/tenancy.ts';
import { configPath } from '../../../sandbox/seed/estate.ts';
import type { Target } from '../../../workflows/domain/vocabulary.ts';
import type { InputPart, SceneKit } from '../scene.ts';
import { label, oneOf, targetOf } from '../story-pieces.ts';

/** `data` are not where the job reads, `config` asks for what training does not know, `environment` lacks a library, `quota` is used up, and `unknown` left no word. */
export const trainingFailures = ['data', 'config', 'environment', 'quota', 'unknown'] as const;

export const failedTrainingsField = oneOrMore(z.strictObject({ target: label.default('P001/C001'), by: oneOf(trainingFailures) }));

const takesMs = 5 * 60_000;
const dev = (path: string): string => machineLearningId(`workspaces/${DEV_WORKSPACE}/${path}`);
const paths = 'azureml://datastores/workspaceblobstore/paths';

/** What the run history says of a job that its platform ends. */
const lastWords = {
  quota: 'ComputeError: Not enough quota available for STANDARD_DS3_V2 in SubscriptionId ***. Current usage/limit: 22/24. Additional needed: 4',
  unknown: 'the process ended without a word',
};

/** Each job fails as a release had submitted it; the run is about all of them. */
export async function failTrainings(kit: SceneKit, failed: z.output<typeof failedTrainingsField>): Promise<InputPart> {
  const { sandbox: { context: { jobs } }, pass } = kit;
  const names: string[] = [];
  for (const { target, by } of failed) names.push(await submit(kit, targetOf(target), by));
  await pass(takesMs);
  for (const name of names) {
    const status = jobs.runs.get(DEV_WORKSPACE, name)?.status;
    if (status !== 'Failed') throw new Error(`the story's training ${name} did not fail: it is ${status}`);
  }
  return { workspace: DEV_WORKSPACE };
}

async function submit({ sandbox: { context: { resources, jobs } }, standIn }: SceneKit, { plant, circuit }: Target, by: (typeof trainingFailures)[number]): Promise<string> {
  const name = `failed-${plant}-${circuit}`;
  const dies = by === 'quota' || by === 'unknown' ? { dies: { at: 0.5, message: lastWords[by] } } : {};
  await standIn.pace({ match: `^${DEV_WORKSPACE}/${name}$`, durationMs: takesMs, times: 1, ...dies });
  const hyperparameters = by === 'config' ? { dropout: 1 } : { epochs: 2 };
  if (by === 'environment') writeVersion(resources, dev('environments/sensor-env/versions/2'), { properties: { image: 'docker.io/library/node:24', osType: 'Linux', tags: { libraries: 'csv-parse' } } });
  const change = by === 'config' ? await standIn.completePullRequest({ [configPath({ plant, name: circuit })]: 'training:\n  cutoff_date: "2015-06-30"\n  hyperparameters:\n    learning_rate: 0.01\n    dropout: 1\n' }) : null;
  const body = {
    properties: {
      jobType: 'Command',
      command: 'node train.ts --data ${{inputs.data}} --location Seattle --column temp_max --output ${{outputs.model}}',
      experimentName: `train-${plant}-${circuit}`,
      codeId: dev('codes/sensor-training/versions/1'),
      environmentId: dev(`environments/sensor-env/versions/${by === 'environment' ? 2 : 1}`),
      computeId: dev('computes/cpu-cluster'),
      environmentVariables: { TRAINING_CONFIG: JSON.stringify({ cutoff_date: '2015-06-30', hyperparameters }) },
      inputs: { data: { jobInputType: 'uri_file', uri: `${paths}/data/${by === 'data' ? 'lost' : 'weather'}.csv`, mode: 'ReadOnlyMount' } },
      outputs: { model: { jobOutputType: 'custom_model', uri: `${paths}/models/${plant}-${circuit}/${name}` } },
      tags: { plant, circuit, model_version: `${change?.pullRequestId ?? 0}-aaaaaaaa`, ...(change && { pull_request: String(change.pullRequestId), run: `releaseChange:${change.repositoryId}:${change.pullRequestId}/first` }) },
    },
  };
  resources.write(dev(`jobs/${name}`), body);
  jobs.submit(DEV_WORKSPACE, name, planOf(body, name));
  return name;
}
