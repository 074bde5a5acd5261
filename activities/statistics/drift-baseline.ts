/**
 * The drift monitor's references: versions of a data asset of the production workspace, one for each version of the model that was released after a drift. Their tags say which days they
 * cover, since when drift is tracked against them, and whose they are: what counts is that of the version that serves.
 */
import { baselineAsset, type BaselineReading, type DriftBaseline } from '../../workflows/domain/drift-retraining.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { modelName } from '../../workflows/domain/ids.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { Target, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { readBatchDeployment } from '../azure-ml/batch-deployment.ts';
import { missingFrom } from '../azure-ml/deployment-definition.ts';
import { listVersions } from '../azure-ml/model-versions.ts';
import type { ArmClient } from '../azure-resource-manager/arm-client.ts';
import { ApiVersion, dataVersionsId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { chooseBaseline } from './baseline-choice.ts';
import { addDays, daysUntil } from './calendar-days.ts';

export interface ReadDriftBaselineInput {
  workspace: WorkspaceRef;
  target: Target;
  /** What production serves the circuit with, in the same workspace. */
  serving: { endpoint: string; deployment: string };
  /** Where versions of its model are registered: which of two is older. */
  registered: WorkspaceRef;
}

export interface MoveDriftBaselineInput {
  key: StepKey;
  workspace: WorkspaceRef;
  target: Target;
  dataUri: string;
  station: string;
  /** Last day that the new version was trained on, its `cutoff_date`; the baseline is the year up to it. */
  until: string;
  /** The version that serves. */
  modelVersion: string;
}

interface DataVersion {
  name: string;
  properties: { dataUri?: string | null; isArchived?: boolean; tags?: Record<string, string> | null };
}

const query = { 'api-version': ApiVersion.MachineLearning };

/** So many of the newest references are looked at. */
const mostReferences = 50;

/**
 * Reads the reference of the version that serves; where none was recorded for it, that of the newest version before it, and `remark` says so. No `baseline` where none was ever recorded, or
 * only for later versions. References that lack the tags are somebody else's, and passed over.
 *
 * Safe to retry because it only reads.
 */
export async function readDriftBaseline({ arm }: { arm: ArmClient }, { workspace, target, serving, registered }: ReadDriftBaselineInput): Promise<BaselineReading> {
  const baselines = await listBaselines(arm, workspace, target);
  if (baselines.length === 0) return { baseline: null, remark: null };
  const { tags } = await readBatchDeployment({ arm }, { workspace, ...serving });
  const version = tags['model_version'] ?? null;
  const isOwn = version === null || baselines.some(({ modelVersion }) => modelVersion === version);
  const versions = isOwn ? [] : await listVersions(arm, { workspace: registered, model: modelName(target) });
  return chooseBaseline(baselines, version, new Map(versions.map(({ version: each, createdAt }) => [each, createdAt])));
}

async function listBaselines(arm: RestClient, workspace: WorkspaceRef, target: Target): Promise<DriftBaseline[]> {
  const url = dataVersionsId(workspace, baselineAsset(target));
  try {
    const { body } = await arm.send<{ value: DataVersion[] }>({ method: 'GET', url, query: { ...query, $orderBy: 'createdtime desc', $top: mostReferences, listViewType: 'ActiveOnly' } });
    return body.value.flatMap((version) => baselineOf(version, target) ?? []);
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return [];
    throw error;
  }
}

/**
 * Records what the new version was trained on as the reference from now on, and so resets the tracking: what comes after those days is judged next. One write, read back.
 *
 * Safe to retry because the version's name carries the step's key: the same call finds it and writes nothing. Former versions stay.
 *
 * @throws Conflict (not retried) when a version of this name says something else; Unavailable while it cannot be read back
 */
export async function moveDriftBaseline({ arm }: { arm: RestClient }, { key, workspace, target, dataUri, station, until, modelVersion }: MoveDriftBaselineInput): Promise<DriftBaseline> {
  const { from } = daysUntil(until, 365);
  const asset = baselineAsset(target);
  const version = `${until}-${key.key.slice(0, 8)}`;
  const url = `${dataVersionsId(workspace, asset)}/${encodeURIComponent(version)}`;
  const wanted = { dataType: 'uri_file', dataUri, tags: { station, from, until, tracked_since: addDays(until, 1), model_version: modelVersion, run: `${key.workflowId}/${key.runId}`, holdpoint_key: key.key } };
  const found = await read(arm, url);
  if (found === null) await arm.send({ method: 'PUT', url, query, body: { properties: { ...wanted, description: `What drift of ${target.plant}/${target.circuit} is held against: ${from} to ${until}` } } });
  const present = found ?? (await read(arm, url));
  if (present === null) throw vendorFailure(FailureType.Unavailable, `${asset}:${version} cannot be read back yet`);
  const differing = missingFrom(wanted, present.properties);
  if (differing.length > 0) throw vendorFailure(FailureType.Conflict, `${asset}:${version} exists already and differs in ${differing.join(', ')}; it was left alone`);
  return baselineOf({ ...present, name: version }, target)!;
}

function baselineOf({ name, properties: { dataUri, tags } }: DataVersion, target: Target): DriftBaseline | null {
  const { station, from, until, tracked_since: trackedSince, model_version: modelVersion } = tags ?? {};
  if (!dataUri || station === undefined || from === undefined || until === undefined || trackedSince === undefined || modelVersion === undefined) return null;
  return { asset: `${baselineAsset(target)}:${name}`, dataUri, station, from, until, trackedSince, modelVersion };
}

async function read(arm: RestClient, url: string): Promise<DataVersion | null> {
  try {
    return (await arm.send<DataVersion>({ method: 'GET', url, query })).body;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}
