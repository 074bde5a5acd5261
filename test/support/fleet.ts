/** A fleet of deployments in memory, as the activities of an environment's update see it: for tests of the workflow alone. */
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import { releaseActivities, testPolicy, type ReleaseActivities } from './release-activities.ts';

export interface Fleet {
  /** `P001/C001`, … in the estate's order. */
  labels: string[];
  activities: Partial<ReleaseActivities>;
  /** Environment of each deployment in production, in order. */
  environments: () => string[];
  /** Workspaces in which the new version was registered, in order. */
  registered: string[];
  /** Tables that were kept. */
  tables: string[];
  /** Labels whose test inference has begun and not ended. */
  testing: Set<string>;
}

export interface FleetOptions {
  /** Labels whose test inference fails. */
  failing?: readonly string[];
  /** Done while a test inference runs. */
  testing?: (label: string) => Promise<unknown>;
}

const environmentId = (name: string) => `/subscriptions/s/resourceGroups/ml-platform/providers/Microsoft.MachineLearningServices/workspaces/prod-ml-workspace/environments/${name.replace(':', '/versions/')}`;

/** So many circuits of plant P001, all of which score in version 1.5.0. */
export function fleetOf(count: number, { failing = [], testing = async () => undefined }: FleetOptions = {}): Fleet {
  const targets = Array.from({ length: count }, (_, index) => ({ plant: 'P001', circuit: `C${String(index + 1).padStart(3, '0')}` }));
  const policies = targets.map(testPolicy);
  const labelOf = (deployment: string) => `P001/${deployment.replace('deployment-circuit-', '')}`;
  const production = new Map<string, DeploymentSnapshot>();
  const test = new Map<string, DeploymentSnapshot>();
  for (const { deployment } of policies) {
    const model = `azureml://registries/ml-registry/models/${deployment}/versions/1`;
    production.set(deployment, { definition: { properties: { environmentId: environmentId('custom-tf-env:1.5.0') } }, model, tags: { model_version: '1' }, provisioningState: 'Succeeded' });
  }
  const fleet: Fleet = { labels: targets.map(({ plant, circuit }) => `${plant}/${circuit}`), activities: {}, registered: [], tables: [], testing: new Set(), environments: () => [...production.values()].map(({ definition }) => environmentName(definition)) };
  const circuits = policies.map(({ target, severity, sensor: { column }, endpoint, deployment }) => ({ target, severity, column, endpoint, deployment, terms: {} }));
  fleet.activities = {
    readEnvironmentChange: releaseActivities().readEnvironmentChange,
    loadFleet: async () => ({ circuits, production: policies[0]?.workspaces.production ?? null }),
    registerEnvironment: async ({ workspace: { workspace } }) => {
      fleet.registered.push(workspace);
      return { environmentId: `${workspace}/environments/custom-tf-env/versions/1.5.1`, state: 'registered' };
    },
    keepReport: async ({ name, text }) => {
      fleet.tables.push(text);
      return { uri: `azureml://datastores/workspaceblobstore/paths/holdpoint/1/${name}`, sha256: '0'.repeat(64) };
    },
    readBatchDeployment: async ({ workspace, deployment }) => (workspace.workspace === 'prod-ml-workspace' ? production : test).get(deployment) ?? { definition: null, model: null, tags: {}, provisioningState: null },
    deployBatchModel: async ({ workspace, deployment, model, tags, environment, before }) => {
      const definition = environment === undefined ? before.definition : { properties: { environmentId: environmentId(environment.replace(/^azureml:/, '')) } };
      const snapshot = { definition, model, tags: { ...before.tags, ...tags }, provisioningState: 'Succeeded' };
      (workspace.workspace === 'prod-ml-workspace' ? production : test).set(deployment, snapshot);
      return snapshot;
    },
    restoreBatchDeployment: async ({ deployment, before }) => {
      const isAsBefore = environmentName(production.get(deployment)?.definition ?? null) === environmentName(before.definition);
      production.set(deployment, before);
      return { state: isAsBefore ? 'untouched' : 'restored', found: before };
    },
    deployTrial: async ({ key, from, ...input }) => {
      const { deployment } = input;
      const { model } = await fleet.activities.readBatchDeployment!({ ...input, workspace: from });
      const before = test.get(deployment) ?? { definition: null, model: null, tags: {}, provisioningState: null };
      if (model !== null) await fleet.activities.deployBatchModel!({ key, ...input, before, model });
      return { model };
    },
    // Many looks are a watch that ends by itself late, as the product's does.
    watchAlertRates: async ({ polls, intervalMs }) => {
      if (polls > 100) throw ApplicationFailure.create({ type: FailureType.StillWatching, message: 'watching still', nextRetryDelay: intervalMs });
      return { kind: 'healthy', poll: polls, alerts: 0, expected: 0, rules: [] };
    },
    checkTrial: async (input) => await fleet.activities.checkInference!(input),
    invokeBatchEndpoint: async ({ deployment }) => ({ jobName: deployment, outputUri: `azureml://datastores/workspaceblobstore/paths/inference/${deployment}/predictions.csv`, uncertain: false }),
    awaitJob: async ({ jobName }) => {
      const label = labelOf(jobName);
      fleet.testing.add(label);
      await testing(label);
      fleet.testing.delete(label);
      return failing.includes(label) ? { jobName, status: 'Failed', error: 'out of memory', durationMs: 100 } : { jobName, status: 'Completed', error: null, durationMs: 100 };
    },
    checkInference: async ({ jobName, jobStatus, outputUri }) => {
      const passed = jobStatus.status === 'Completed';
      return { jobName, passed, findings: passed ? [] : [`the job ended ${jobStatus.status}: ${jobStatus.error}`], rows: passed ? 365 : 0, minimum: null, maximum: null, outputUri, logUri: 'https://example.com/log' };
    },
  };
  return fleet;
}

function environmentName(definition: DeploymentSnapshot['definition']): string {
  const { environmentId: id = '' } = (definition?.['properties'] ?? {}) as { environmentId?: string };
  return /\/environments\/([^/]+)\/versions\/([^/]+)$/.exec(id)?.slice(1).join(':') ?? 'none';
}
