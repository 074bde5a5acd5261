/** Paths and ids of Azure resources, and the API versions that they are spoken to in. */
import type { RegistryRef, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';

export const ApiVersion = {
  /** The version that `@azure/arm-machinelearning` 2.1.1 is made for. */
  MachineLearning: '2022-10-01',
  /** Newer than the SDK, so that a definition which is read and written back keeps the fields that came since. */
  BatchDeployments: '2023-10-01',
  /** The first stable version that knows the models of registries. */
  Registries: '2023-04-01',
  AlertsManagement: '2019-05-05-preview',
  /** The data plane that lists the jobs of a batch endpoint; no stable version exists. */
  BatchScoringJobs: '2020-09-01-dataplanepreview',
} as const;

const segment = encodeURIComponent;

function providerPath({ subscriptionId, resourceGroup }: Pick<WorkspaceRef, 'subscriptionId' | 'resourceGroup'>): string {
  return `/subscriptions/${segment(subscriptionId)}/resourceGroups/${segment(resourceGroup)}/providers/Microsoft.MachineLearningServices`;
}

/** ARM id of a workspace, which is also the path of everything below it. */
export function workspaceId(workspace: WorkspaceRef): string {
  return `${providerPath(workspace)}/workspaces/${segment(workspace.workspace)}`;
}

/** What belongs to a region of a subscription: usages, sizes of virtual machines. */
export function locationId(subscriptionId: string, location: string): string {
  return `/subscriptions/${segment(subscriptionId)}/providers/Microsoft.MachineLearningServices/locations/${segment(location)}`;
}

export function batchDeploymentId(workspace: WorkspaceRef, endpoint: string, deployment: string): string {
  return `${batchEndpointId(workspace, endpoint)}/deployments/${segment(deployment)}`;
}

export function batchEndpointId(workspace: WorkspaceRef, endpoint: string): string {
  return `${workspaceId(workspace)}/batchEndpoints/${segment(endpoint)}`;
}

export function jobId(workspace: WorkspaceRef, jobName: string): string {
  return `${workspaceId(workspace)}/jobs/${segment(jobName)}`;
}

export function modelVersionId(workspace: WorkspaceRef, model: string, version: string): string {
  return `${workspaceId(workspace)}/models/${segment(model)}/versions/${segment(version)}`;
}

/** The versions of a workspace's data asset, to be listed; one of them below it. */
export function dataVersionsId(workspace: WorkspaceRef, asset: string): string {
  return `${workspaceId(workspace)}/data/${segment(asset)}/versions`;
}

export function registryModelVersionId(registry: RegistryRef, model: string, version: string): string {
  return `${providerPath(registry)}/registries/${segment(registry.registry)}/models/${segment(model)}/versions/${segment(version)}`;
}

/** The versions of a registry's model, to be listed. */
export function registryModelVersionsId(registry: RegistryRef, model: string): string {
  return `${providerPath(registry)}/registries/${segment(registry.registry)}/models/${segment(model)}/versions`;
}

/** How jobs and deployments of any workspace name a model of a registry. */
export function registryModelAssetId({ registry }: RegistryRef, model: string, version: string): string {
  return `azureml://registries/${registry}/models/${model}/versions/${version}`;
}

/** The ARM id behind the short form of Azure ML's own files: `azureml:<name>:<version>` for versioned assets, `azureml:<name>` for computes. Other ids pass unchanged. */
export function assetId(workspace: WorkspaceRef, kind: 'codes' | 'environments' | 'computes', reference: string): string {
  const short = /^azureml:([^:/]+)(?::([^:/]+))?$/.exec(reference);
  if (!short) return reference;
  const [, name = '', version] = short;
  return `${workspaceId(workspace)}/${kind}/${segment(name)}${version === undefined ? '' : `/versions/${segment(version)}`}`;
}
