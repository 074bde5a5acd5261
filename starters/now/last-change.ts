/** Who changed production last: from the record, from the deployment itself, or from both. Pure. */
import { pairChanges, recordedChange, type DeploymentState, type ProductionChange } from '../audit/production-changes.ts';
import type { AuditedRun } from '../audit/recorded-run.ts';
import type { LastChange } from './report.ts';

/** From before any record until after any clock's error. */
const always = { from: '0000', to: '9999' };

export interface ChangeSources {
  /** As the record names the deployment. */
  resource: string;
  workspace: string;
  /** Null where it was not read. */
  deployment: DeploymentState | null;
  runs: readonly AuditedRun[] | null;
}

/** The last change, and what the two sources do not agree on. */
export function findLastChange({ resource, workspace, deployment, runs }: ChangeSources): { change: LastChange | null; findings: string[] } {
  const recordedSince = runs?.map(({ firstEntryAt }) => firstEntryAt).sort()[0] ?? null;
  if (runs !== null && deployment !== null) {
    const paired = pairChanges([deployment], runs, always, workspace, recordedSince);
    const last = paired.changes.filter((change) => change.resource === resource).at(-1);
    return { change: last ? changeOf(last, deployment) : shownChange(deployment), findings: paired.findings.filter(({ where }) => where === resource).map(({ what }) => what) };
  }
  if (deployment !== null) return { change: shownChange(deployment), findings: [] };
  const effects = (runs ?? []).flatMap((run) => run.effects.filter((effect) => effect.resource === resource).map((effect) => recordedChange(run, effect)));
  const last = effects.sort((left, right) => (left.at < right.at ? -1 : 1)).at(-1);
  return { change: last ? changeOf(last, null) : null, findings: [] };
}

function changeOf({ at, what, version, run, decidedBy, shownBy }: ProductionChange, deployment: DeploymentState | null): LastChange {
  const named = deployment !== null && deployment.run === run && deployment.releasedBy !== null ? [deployment.releasedBy] : [];
  return { at, what, version, run, by: decidedBy.length > 0 ? decidedBy : named, shownBy };
}

/** What the deployment tells of itself, where no record does. */
function shownChange({ exists, changedAt, changedBy, servedVersion, taggedVersion, run, releasedBy }: DeploymentState): LastChange | null {
  if (!exists || changedAt === null) return null;
  const by = releasedBy ?? changedBy;
  return { at: changedAt, what: `changed by ${changedBy ?? 'somebody'}`, version: servedVersion ?? taggedVersion, run, by: by === null ? [] : [by], shownBy: ['platform'] };
}
