/** What the platforms show of a target's production now. */
import type { RestClient } from '../../activities/http/rest-client.ts';
import { isFailure } from '../../activities/http/classify.ts';
import { deploymentUrl, snapshotOf, type BatchDeploymentRef } from '../../activities/azure-ml/batch-deployment.ts';
import { readBatchJobLog } from '../../activities/azure-ml/batch-job-log.ts';
import type { AzureMlClients } from '../../activities/azure-ml/clients.ts';
import { readRegisteredModels } from '../../activities/azure-ml/verdicts.ts';
import { alertsAbout } from '../../activities/azure-monitor/alerts.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { modelName } from '../../workflows/domain/ids.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import { chooseVersion, type RegisteredModel } from '../../workflows/domain/rollback.ts';
import type { DeploymentSnapshot } from '../../workflows/domain/release.ts';
import { deploymentState, type DeploymentState } from '../audit/production-changes.ts';
import type { FiringAlert, LastJob, RollbackNow, Serving } from './report.ts';
import type { Sources } from './sources.ts';

export interface PlatformFacts {
  serving: Serving | null;
  deployment: DeploymentState | null;
  alerts: FiringAlert[] | null;
  lastJob: LastJob | null;
}

/** Reads them all at once. */
export async function readPlatformFacts(clients: AzureMlClients, policy: TargetPolicy, sources: Sources): Promise<PlatformFacts> {
  const place = placeOf(policy);
  const [production, versions, alerts, lastJob] = await Promise.all([
    sources.read('production deployment', () => readProduction(clients.arm, policy, place)),
    sources.read('model registry', async () => (await readRegisteredModels(clients, { registry: policy.registry, model: modelName(policy.target) })).versions),
    sources.read('alerts', () => readAlerts(clients.arm, policy, place)),
    sources.read('batch jobs', async () => ({ newest: await newestJob(clients, place) })),
  ]);
  return { serving: production && servingOf(production, versions), deployment: production?.state ?? null, alerts, lastJob: lastJob?.newest ?? null };
}

/** As the record names the deployment. */
export function resourceOf(policy: TargetPolicy): string {
  const { workspace, endpoint, deployment } = placeOf(policy);
  return `${workspace.workspace}/${endpoint}/${deployment}`;
}

function placeOf({ workspaces, endpoint, deployment }: TargetPolicy): BatchDeploymentRef {
  return { workspace: workspaces.production, endpoint, deployment };
}

interface Production {
  snapshot: DeploymentSnapshot;
  state: DeploymentState;
}

async function readProduction(arm: RestClient, policy: TargetPolicy, place: BatchDeploymentRef): Promise<Production> {
  const stateOf = (body: Record<string, unknown> | null): DeploymentState => deploymentState(policy.target, resourceOf(policy), body);
  try {
    const { body } = await arm.send<Record<string, unknown>>({ method: 'GET', ...deploymentUrl(place) });
    return { snapshot: snapshotOf(body), state: stateOf(body) };
  } catch (error) {
    if (!isFailure(error, FailureType.NotFound)) throw error;
    return { snapshot: { definition: null, model: null, tags: {}, provisioningState: null }, state: stateOf(null) };
  }
}

function servingOf({ snapshot, state }: Production, versions: readonly RegisteredModel[] | null): Serving {
  const { tags } = snapshot;
  const { exists, taggedVersion, servedVersion, releasedBy, run } = state;
  const verdictOf = (version: string | null) => versions?.find((known) => known.version === version)?.verdict ?? null;
  return {
    exists,
    version: taggedVersion ?? servedVersion,
    model: snapshot.model,
    releasedBy,
    run,
    previousVersion: tags['previous_version'] || null, // the tag may be there and empty: nothing served before
    rolledBackFrom: tags['rolled_back_from'] ?? null,
    verdict: verdictOf(taggedVersion ?? servedVersion),
    rollback: versions && rollbackNow(snapshot, versions),
  };
}

/** By the very function that a rollback chooses with. */
function rollbackNow(snapshot: DeploymentSnapshot, versions: readonly RegisteredModel[]): RollbackNow {
  const choice = chooseVersion({}, snapshot, null, versions);
  const good = chooseVersion({ to: 'newestGood' }, snapshot, null, versions);
  const newestGood = good.kind === 'roll back' ? good.to.version : null;
  return choice.kind === 'none' ? { to: null, verdict: null, refused: choice.reason, newestGood } : { to: choice.to.version, verdict: choice.to.verdict, refused: null, newestGood };
}

async function readAlerts(arm: RestClient, { monitoring }: TargetPolicy, place: BatchDeploymentRef): Promise<FiringAlert[]> {
  const firing = (await alertsAbout(arm, place)).filter(({ fires }) => fires);
  return firing.sort((left, right) => left.severity - right.severity || right.beganAt - left.beganAt).map(({ id, rule, severity, beganAt, description }) => (
    { id, rule, severity, isBreach: severity <= monitoring.breachSeverity, since: Number.isNaN(beganAt) ? null : new Date(beganAt).toISOString(), description }));
}

async function newestJob(clients: AzureMlClients, place: BatchDeploymentRef): Promise<LastJob | null> {
  const log = await readBatchJobLog(clients, { ...place, lines: 1 });
  return log && { jobName: log.jobName, status: log.status, startedAt: log.startedAt, error: log.errors.at(-1) ?? log.error };
}
