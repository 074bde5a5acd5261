/** Every change of production that the platform itself shows, each beside the run that the record has for it. */
import pMap from 'p-map';
import { deploymentUrl, snapshotOf, type BatchDeploymentRef } from '../../activities/azure-ml/batch-deployment.ts';
import type { AzureMlClients } from '../../activities/azure-ml/clients.ts';
import type { Estate } from '../../activities/estate/schema.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { isFailure } from '../../activities/http/classify.ts';
import { targetPolicy } from '../../activities/estate/target-policy.ts';
import type { Checked, Finding } from './finding.ts';
import { runKey, type AuditedRun } from './recorded-run.ts';

export interface Period {
  /** ISO instants; `to` is not part of it. */
  from: string;
  to: string;
}

/** A circuit's deployment in production, as the platform shows it now. */
export interface DeploymentState {
  target: Target;
  /** As the record names it: workspace, endpoint, deployment. */
  resource: string;
  exists: boolean;
  /** By its tag, and by the model that it really serves. */
  taggedVersion: string | null;
  servedVersion: string | null;
  releasedBy: string | null;
  /** The run that its tag names: `<workflow id>/<first run id>`. */
  run: string | null;
  changedAt: string | null;
  changedBy: string | null;
}

/** A change of production within the period, from the record or from the platform. */
export interface ProductionChange {
  resource: string;
  at: string;
  what: string;
  version: string | null;
  /** `<workflow id>/<first run id>`; null where no run of the record did it. */
  run: string | null;
  decidedBy: string[];
  /** Where it is known from. */
  shownBy: ('record' | 'platform')[];
}

/** Clocks of platform and Temporal may differ by so much, in milliseconds. */
const clockTolerance = 60_000;
const concurrency = 8;

/** Asks the platform for the deployments of all circuits. */
export async function readDeployments({ arm }: Pick<AzureMlClients, 'arm'>, estate: Estate): Promise<DeploymentState[]> {
  const targets = Object.entries(estate.plants).flatMap(([plant, { circuits }]) => Object.keys(circuits).map((circuit) => ({ plant, circuit })));
  return await pMap(targets, async (target) => {
    const policy = targetPolicy(estate, target);
    if ('problem' in policy) throw new Error(policy.problem);
    return await readDeployment(arm, target, { workspace: policy.workspaces.production, endpoint: policy.endpoint, deployment: policy.deployment });
  }, { concurrency });
}

interface SystemData {
  lastModifiedAt?: string;
  lastModifiedBy?: string;
}

async function readDeployment(arm: AzureMlClients['arm'], target: Target, ref: BatchDeploymentRef): Promise<DeploymentState> {
  const resource = `${ref.workspace.workspace}/${ref.endpoint}/${ref.deployment}`;
  try {
    const { body } = await arm.send<Record<string, unknown>>({ method: 'GET', ...deploymentUrl(ref) });
    return deploymentState(target, resource, body);
  } catch (error) {
    if (!isFailure(error, FailureType.NotFound)) throw error;
    return deploymentState(target, resource, null);
  }
}

/** What the service answered for a deployment; null: there is none. */
export function deploymentState(target: Target, resource: string, body: Record<string, unknown> | null): DeploymentState {
  if (body === null) return { target, resource, exists: false, taggedVersion: null, servedVersion: null, releasedBy: null, run: null, changedAt: null, changedBy: null };
  const { model, tags } = snapshotOf(body);
  const { lastModifiedAt, lastModifiedBy } = (body['systemData'] ?? {}) as SystemData;
  const changedAt = lastModifiedAt === undefined ? null : new Date(lastModifiedAt).toISOString();
  const servedVersion = /\/versions\/([^/]+)$/.exec(model ?? '')?.[1] ?? null;
  return { target, resource, exists: true, taggedVersion: tags['model_version'] ?? null, servedVersion, releasedBy: tags['released_by'] ?? null, run: tags['run'] ?? null, changedAt, changedBy: lastModifiedBy ?? null };
}

type Effect = AuditedRun['effects'][number];

/** Pairs what the platform shows with what the record says. `recordedSince` is the time of the record's first entry: what is older, it cannot know. */
export function pairChanges(deployments: readonly DeploymentState[], runs: readonly AuditedRun[], period: Period, workspace: string, recordedSince: string | null): Checked & { changes: ProductionChange[] } {
  const effects = runs.flatMap((run) => run.effects.map((effect) => ({ run, effect }))).sort((one, other) => (one.effect.at < other.effect.at ? -1 : 1));
  const known = new Set(deployments.map(({ resource }) => resource));
  const changes: ProductionChange[] = [];
  const findings: Finding[] = [];
  const notes: string[] = [];
  for (const deployment of deployments) {
    const own = effects.filter(({ effect }) => effect.resource === deployment.resource);
    changes.push(...own.filter(({ effect }) => isIn(effect.at, period)).map(({ run, effect }) => recordedChange(run, effect)));
    const versions = own.filter(({ run }) => bringsVersion(run));
    for (const problem of gapsBetween(versions)) if (isIn(problem.at, period)) findings.push({ about: 'platform', where: deployment.resource, what: problem.what });
    const last = own.at(-1);
    const { changedAt } = deployment;
    const problem = last ? stateProblem(deployment, last, versions.at(-1)?.effect ?? null) : unrecordedProblem(deployment, runs, recordedSince, notes);
    // What is wrong now belongs to the period of its change; a recorded effect that is not there, to that of the effect too.
    const concerns = problem !== null && ((changedAt !== null && isIn(changedAt, period)) || (last !== undefined && isIn(last.effect.at, period)) || !deployment.exists);
    if (problem === null || !concerns) {
      const shown = changes.filter(({ resource }) => resource === deployment.resource).at(-1);
      if (problem === null && shown && last && shown.at === last.effect.at) shown.shownBy.push('platform');
      continue;
    }
    findings.push({ about: 'platform', where: deployment.resource, what: problem });
    const isLater = changedAt !== null && changedAt > (last?.effect.at ?? recordedSince ?? '');
    if (isLater && isIn(changedAt, period)) changes.push({ resource: deployment.resource, at: changedAt, what: `changed by ${deployment.changedBy ?? 'somebody'}`, version: deployment.servedVersion, run: null, decidedBy: [], shownBy: ['platform'] });
  }
  for (const { run, effect } of effects.filter(({ effect: { resource, at } }) => resource.startsWith(`${workspace}/`) && !known.has(resource) && isIn(at, period))) {
    changes.push(recordedChange(run, effect));
    notes.push(`${effect.resource} is of no circuit of today's estate; the platform was not asked for it.`);
  }
  return { changes: changes.sort((one, other) => (one.at < other.at ? -1 : 1)), findings, notes };
}

/** An effect as the record has it. */
export function recordedChange(run: AuditedRun, effect: Effect): ProductionChange {
  return { resource: effect.resource, at: effect.at, what: `${effect.step}: ${effect.what}`, version: bringsVersion(run) ? effect.after : null, run: runKey(run), decidedBy: deciders(run, effect.at), shownBy: ['record'] };
}

/** Who had let the run pass its last gate before that moment. */
function deciders(run: AuditedRun, at: string): string[] {
  return run.gates.map(({ closed }) => closed).filter((closed) => closed?.state === 'approved' && closed.at <= at).at(-1)?.by ?? [];
}

/** Of a deployment: other runbooks change its settings or its environment, and what they leave is no version. */
function bringsVersion({ runbook }: AuditedRun): boolean {
  return runbook === 'releaseModel' || runbook === 'rollBackModel';
}

/** What the platform shows of a deployment that the record knows: its last effect, and the last one that brought a version. */
function stateProblem({ exists, servedVersion, taggedVersion, changedAt, changedBy, run: tagged }: DeploymentState, { run, effect }: { run: AuditedRun; effect: Effect }, version: Effect | null): string | null {
  const recorded = `the record's last effect, of ${effect.at} by ${run.workflowId}, is ${bringsVersion(run) ? `version ${effect.after}` : effect.what}`;
  if (!exists) return `${recorded}, and the platform has no such deployment`;
  const serves = servedVersion ?? taggedVersion;
  const left = version?.after ?? null;
  if (serves !== left && left !== null && !left.endsWith(`/versions/${serves}`)) return `it serves version ${serves ?? 'none'}, and ${effect === version ? recorded : `the record's last version is ${left}`}`;
  if (taggedVersion !== null && servedVersion !== null && taggedVersion !== servedVersion) return `its tag says version ${taggedVersion}, and it serves ${servedVersion}`;
  if (changedAt !== null && Date.parse(changedAt) > Date.parse(effect.at) + clockTolerance) return `it was changed at ${changedAt} by ${changedBy ?? 'somebody'}, without a run on record: ${recorded}`;
  // A restored deployment carries the tags of the run that had released what was put back.
  if (effect.step === 'production deployment' && tagged !== runKey(run)) return `its tag names the run ${tagged ?? 'none'}, and ${recorded}`;
  return null;
}

/** What it means that the record has no effect on a deployment. */
function unrecordedProblem({ resource, exists, run: tagged, changedAt, changedBy, servedVersion }: DeploymentState, runs: readonly AuditedRun[], recordedSince: string | null, notes: string[]): string | null {
  if (!exists || changedAt === null) return null;
  if (recordedSince === null || changedAt < recordedSince) {
    notes.push(`${resource} was last changed at ${changedAt}, before the record began.`);
    return null;
  }
  const underWay = runs.find((run) => runKey(run) === tagged && run.closed === null);
  if (underWay) {
    notes.push(`${resource} was changed at ${changedAt} by ${underWay.workflowId}, which is open and has not recorded that yet.`);
    return null;
  }
  return `it was changed at ${changedAt} by ${changedBy ?? 'somebody'} (it serves version ${servedVersion ?? 'none'}), without a run on record`;
}

/** What each effect found must be what the one before had left. */
function gapsBetween(effects: readonly { run: AuditedRun; effect: Effect }[]): { at: string; what: string }[] {
  return effects.flatMap(({ run, effect }, index) => {
    const former = effects[index - 1]?.effect;
    if (!former || effect.before === null || former.after === null || effect.before === former.after) return [];
    return [{ at: effect.at, what: `${run.workflowId} found version ${effect.before} at ${effect.at}, and the record's effect before left ${former.after}: somebody changed it in between, without a run on record` }];
  });
}

function isIn(at: string, { from, to }: Period): boolean {
  return at >= from && at < to;
}

