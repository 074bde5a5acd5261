/** What a deployment should become, and how two definitions differ: pure functions. */
import type { InferencePolicy } from '../../workflows/domain/policy.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { assetId } from '../azure-resource-manager/resource-ids.ts';

type Fields = Record<string, unknown>;

export interface DesiredDeployment {
  workspace: WorkspaceRef;
  /** The deployment as the approver was shown it; anything else found there is somebody's change. */
  before: DeploymentSnapshot;
  /** What a deployment that does not exist yet is made of. */
  template: { inference: InferencePolicy; location: string };
  /** Asset id. */
  model: string;
  /** `model_version`, `previous_version`, `released_by`, `run`. */
  tags: Record<string, string>;
  /** Properties that become others than they were; the rest stays. */
  settings?: Record<string, unknown>;
  /** `azureml:<name>:<version>` of the environment that it is to score in; the one that it has, where left out. */
  environment?: string;
}

/** The full definition to write: everything that is there, with another model, its tags and settings; or a new one where nothing is there. Tags that the release does not set stay. */
export function desiredDefinition({ workspace, before, template, model, tags, environment, settings }: DesiredDeployment): Fields {
  const base = before.definition ?? newDefinition(workspace, template);
  const { rolled_back_from: _earlier, ...kept } = before.tags; // true of what a rollback left, not of the next release
  return {
    ...base,
    properties: { ...(base['properties'] as Fields), ...settings, model: { referenceType: 'Id', assetId: model }, ...(environment !== undefined && { environmentId: assetId(workspace, 'environments', environment) }) },
    tags: { ...(environment === undefined ? kept : before.tags), ...tags }, // another environment is no next release
  };
}

function newDefinition(workspace: WorkspaceRef, { inference, location }: DesiredDeployment['template']): Fields {
  return {
    location,
    properties: {
      environmentId: assetId(workspace, 'environments', inference.environment),
      codeConfiguration: { codeId: assetId(workspace, 'codes', inference.code), scoringScript: inference.scoringScript },
      compute: assetId(workspace, 'computes', inference.compute),
      resources: { instanceCount: 1 },
      miniBatchSize: 10,
      maxConcurrencyPerInstance: 1,
      errorThreshold: -1,
      retrySettings: { maxRetries: 3, timeout: 'PT30S' },
      outputAction: 'AppendRow',
      outputFileName: 'predictions.csv',
      loggingLevel: 'Info',
    },
  };
}

/** Where `found` is not as `wanted` says, as paths (`properties.miniBatchSize`). Fields that only `found` has are no difference: the service may fill in defaults. */
export function missingFrom(wanted: unknown, found: unknown, path = ''): string[] {
  if (isFields(wanted) && isFields(found)) {
    return Object.keys(wanted).flatMap((name) => missingFrom(wanted[name], found[name], path === '' ? name : `${path}.${name}`));
  }
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length === found.length) {
    return wanted.flatMap((item, index) => missingFrom(item, found[index], `${path}[${index}]`));
  }
  return same(wanted, found) ? [] : [path];
}

/** Where two definitions differ, in either direction, as paths. */
export function differences(left: unknown, right: unknown): string[] {
  return [...new Set([...missingFrom(left, right), ...missingFrom(right, left)])].sort();
}

/** Whether nothing about the deployment has changed but its provisioning state. */
export function isUnchanged(before: DeploymentSnapshot, found: DeploymentSnapshot): boolean {
  return differences(before.definition, found.definition).length === 0;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function same(left: unknown, right: unknown): boolean {
  if (left === right || (isAbsent(left) && isAbsent(right))) return true;
  return typeof left === 'string' && typeof right === 'string' && isResourceId(left) && left.toLowerCase() === right.toLowerCase();
}

/** The service answers a field without content as null, as an empty object, or not at all. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (isFields(value) && Object.keys(value).length === 0);
}

/** Azure compares its resource ids without regard to case, and answers them in a case of its own. */
function isResourceId(text: string): boolean {
  return text.startsWith('/subscriptions/');
}
