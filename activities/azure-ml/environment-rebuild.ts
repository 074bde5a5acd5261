/** An environment that no longer works, as a new version of itself. */
import { parseDocument } from 'yaml';
import type { EnvironmentDefinition } from '../../workflows/domain/environment.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { ApiVersion, assetId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';

export interface PlanEnvironmentRebuildInput {
  workspace: WorkspaceRef;
  /** ARM id of the version that does not work. */
  environmentId: string;
  key: StepKey;
}

interface EnvironmentBody {
  properties: { image?: string | null; condaFile?: string | null; description?: string | null; tags?: Record<string, string> | null };
}

/** Tags that say something about the definition, and hold for its rebuild too. */
const carried = ['backward_compatible', 'requires_retrain', 'change_summary'];

/**
 * The definition under a new version, as `registerEnvironment` takes it. Azure ML builds the image of a definition once, whatever its version is called: a conda specification gets a variable that makes it another definition.
 *
 * Safe to retry because it only reads, and the version's name is made of the step's key.
 */
export async function planEnvironmentRebuild({ arm }: { arm: RestClient }, { workspace, environmentId, key }: PlanEnvironmentRebuildInput): Promise<{ kind: 'planned'; from: string; environment: EnvironmentDefinition } | { kind: 'none'; reason: string }> {
  const [, name, version] = /\/environments\/([^/]+)\/versions\/([^/]+)$/.exec(environmentId) ?? [];
  const from = name === undefined ? environmentId : `azureml:${name}:${version}`;
  if (name === undefined || version === undefined || !environmentId.startsWith('/subscriptions/')) return { kind: 'none', reason: `${from} is no environment of the workspace: whoever keeps it has to rebuild it` };
  const found = await read(arm, assetId(workspace, 'environments', from));
  if (found === null) return { kind: 'none', reason: `the workspace does not have ${from}: it has to be registered again` };
  const { image, condaFile, description, tags } = found.properties;
  if (!image) return { kind: 'none', reason: `${from} is built from a context that cannot be read: whoever keeps it has to rebuild it` };
  const mark = key.key.slice(0, 8);
  const kept = Object.fromEntries(carried.flatMap((tag) => (tags?.[tag] === undefined ? [] : [[tag, tags[tag]]])));
  return { kind: 'planned', from, environment: { name, version: `${version.replace(/-rebuilt-[0-9a-f]{8}$/, '')}-rebuilt-${mark}`, image, conda: condaFile ? marked(condaFile, mark) : null, description: description ?? '', tags: { ...kept, rebuilt_from: version } } };
}

/** A conda specification with one variable more; one that is no mapping stays as it is. */
function marked(conda: string, mark: string): string {
  const document = parseDocument(conda);
  if (document.errors.length > 0 || typeof document.toJS() !== 'object' || document.toJS() === null) return conda;
  document.setIn(['variables', 'HOLDPOINT_REBUILD'], mark);
  return document.toString();
}

async function read(arm: RestClient, url: string): Promise<EnvironmentBody | null> {
  try {
    return (await arm.send<EnvironmentBody>({ method: 'GET', url, query: { 'api-version': ApiVersion.MachineLearning } })).body;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}
