/** Versions of a circuit's model in the dev workspace: fixing the next one, registering it, reading earlier ones. */
import { FailureType } from '../../workflows/domain/failures.ts';
import { modelName } from '../../workflows/domain/ids.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import type { ModelHistoryEntry, TrainingMetrics } from '../../workflows/domain/release.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { ArmClient } from '../azure-resource-manager/arm-client.ts';
import { ApiVersion, modelVersionId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';

export interface FixModelVersionInput {
  workspace: WorkspaceRef;
  model: string;
  /** The version that the pull request's configuration makes. */
  base: string;
  /** Whether the same release is run once more on purpose: the version gets a suffix `-r<n>`. */
  again: boolean;
  workflowId: string;
  runId: string;
}

export interface RegisterModelInput {
  key: StepKey;
  policy: TargetPolicy;
  version: string;
  /** Azure ML job whose output `model` is registered. */
  jobName: string;
  metrics: TrainingMetrics;
  durationMs: number | null;
  pullRequestId: number;
  configDigest: string;
}

export interface ReadModelHistoryInput {
  workspace: WorkspaceRef;
  model: string;
  /** Most entries to answer. */
  limit: number;
}

interface RegisteredVersion {
  version: string;
  tags: Record<string, string>;
  /** Milliseconds since the epoch. */
  createdAt: number;
  jobName: string | undefined;
  modelUri: string | undefined;
}

/**
 * Decides which version a release makes, before anything is trained. `releasedBy` names the run (`<workflowId>/<runId>`) that made the version already, where another one did.
 *
 * Safe to retry because it only reads; a version that this very run has registered is answered again.
 */
export async function fixModelVersion({ arm }: { arm: ArmClient }, input: FixModelVersionInput): Promise<{ version: string; releasedBy: string | null }> {
  const { base, again } = input;
  const run = `${input.workflowId}/${input.runId}`;
  const generations = (await listVersions(arm, input)).flatMap((existing) => {
    const generation = generationOf(existing.version, base);
    return generation === null ? [] : [{ ...existing, generation }];
  });
  const own = generations.find(({ tags }) => tags['run'] === run);
  if (own) return { version: own.version, releasedBy: null };
  if (again) return { version: `${base}-r${1 + Math.max(0, ...generations.map(({ generation }) => generation))}`, releasedBy: null };
  const existing = generations.find(({ generation }) => generation === 0);
  return { version: base, releasedBy: existing ? (existing.tags['run'] ?? 'an unknown run') : null };
}

/**
 * Registers what a training job made as a version of the circuit's model, with its metrics as tags.
 *
 * Safe to retry because the version is the key: one that carries this step's key is there already and is left as it is.
 *
 * @throws Conflict (not retried) when the version exists and another step made it
 */
export async function registerModel({ arm }: { arm: RestClient }, input: RegisterModelInput): Promise<{ assetId: string }> {
  const { key, policy, version, jobName, metrics: { candidate }, durationMs, pullRequestId, configDigest } = input;
  const assetId = modelVersionId(policy.workspaces.dev, modelName(policy.target), version);
  const body = {
    properties: {
      modelType: 'custom_model',
      modelUri: `azureml://jobs/${jobName}/outputs/model`,
      tags: {
        run: `${key.workflowId}/${key.runId}`,
        holdpoint_key: key.key,
        pull_request: String(pullRequestId),
        config_digest: configDigest,
        training_job: jobName,
        mae: String(candidate.mae),
        rmse: String(candidate.rmse),
        r2: String(candidate.r2),
        ...(durationMs === null ? {} : { training_ms: String(durationMs) }),
      },
    },
  };
  if (!(await isOurs(arm, assetId, key))) {
    // Raw: the SDK's model of 2022-10-01 adds fields (isAnonymous, isArchived) that nobody set.
    await arm.send({ method: 'PUT', url: assetId, query: { 'api-version': ApiVersion.MachineLearning }, body });
    if (!(await isOurs(arm, assetId, key))) throw vendorFailure(FailureType.Unavailable, `model version ${assetId} cannot be read back yet`);
  }
  return { assetId };
}

/** Earlier versions of a model, newest first. Safe to retry because it only reads. */
export async function readModelHistory({ arm }: { arm: ArmClient }, { limit, ...model }: ReadModelHistoryInput): Promise<ModelHistoryEntry[]> {
  const versions = (await listVersions(arm, model)).sort((left, right) => right.createdAt - left.createdAt);
  return versions.slice(0, limit).map(({ version, tags }) => ({ version, mae: numberOf(tags['mae']), trainingMs: numberOf(tags['training_ms']) }));
}

async function isOurs(arm: RestClient, url: string, { key }: StepKey): Promise<boolean> {
  try {
    const { body } = await arm.send<{ properties: { tags?: Record<string, string> | null } }>({ method: 'GET', url, query: { 'api-version': ApiVersion.MachineLearning } });
    const { tags } = body.properties;
    if (tags?.['holdpoint_key'] === key) return true;
    throw vendorFailure(FailureType.Conflict, `${url} exists already, made by ${tags?.['run'] ?? 'an unknown run'}; it was left alone`);
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return false;
    throw error;
  }
}

/** All versions of a model, archived ones too; none where there is no such model. */
export async function listVersions(arm: ArmClient, { workspace: { subscriptionId, resourceGroup, workspace }, model }: { workspace: WorkspaceRef; model: string }): Promise<RegisteredVersion[]> {
  try {
    return await arm.typed(subscriptionId, async (client) => {
      const versions: RegisteredVersion[] = [];
      for await (const { name, properties, systemData } of client.modelVersions.list(resourceGroup, workspace, model, { listViewType: 'All' })) {
        versions.push({ version: name ?? '', tags: (properties.tags ?? {}) as Record<string, string>, createdAt: systemData?.createdAt?.getTime() ?? 0, jobName: properties.jobName, modelUri: properties.modelUri });
      }
      return versions;
    });
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return [];
    throw error;
  }
}

/** 0 for the base version itself, n for its `-r<n>`; null for versions of other configurations. */
function generationOf(version: string, base: string): number | null {
  if (version === base) return 0;
  const suffix = version.startsWith(`${base}-r`) ? version.slice(base.length + 2) : '';
  return /^\d+$/.test(suffix) ? Number(suffix) : null;
}

function numberOf(text: string | undefined): number | null {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) ? value : null;
}
