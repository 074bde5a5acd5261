/** The drift monitor's reference: the newest version of a data asset of the production workspace. Its tags say which days it covers, and since when drift is tracked against it. */
import { baselineAsset, type DriftBaseline } from '../../workflows/domain/drift-retraining.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';
import type { Target, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { missingFrom } from '../azure-ml/deployment-definition.ts';
import { ApiVersion, dataVersionsId } from '../azure-resource-manager/resource-ids.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { addDays, daysUntil } from './calendar-days.ts';

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

/** Reads the reference; null where none was ever recorded. Safe to retry because it only reads. A version that lacks the tags is somebody else's, and passed over. */
export async function readDriftBaseline({ arm }: { arm: RestClient }, { workspace, target }: { workspace: WorkspaceRef; target: Target }): Promise<DriftBaseline | null> {
  const url = dataVersionsId(workspace, baselineAsset(target));
  try {
    const { body } = await arm.send<{ value: DataVersion[] }>({ method: 'GET', url, query: { ...query, $orderBy: 'createdtime desc', $top: 10, listViewType: 'ActiveOnly' } });
    return body.value.map((version) => baselineOf(version, target)).find((baseline) => baseline !== null) ?? null;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
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
