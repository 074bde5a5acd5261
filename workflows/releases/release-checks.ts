/** The machine items of a release's checklists: what each looks at, and the sentence that says what it saw. */
import type { GateRequest } from '../blocks/gate-request.ts';
import { canCheck, modelPlace, type Checked, type ModelPlace, type ReleaseCheck } from '../domain/machine-checks.ts';
import { targetLabel } from '../domain/ids.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { ReleaseModelInput } from '../domain/release.ts';
import { checkFiringAlerts, checkProductionDeployment, readModelFiles, readModelVersion, readPullRequest } from './release-activities.ts';

type Check = NonNullable<GateRequest['check']>;

/** What is checked: a release, under its target's policy. */
export interface CheckedRelease {
  release: ReleaseModelInput;
  policy: TargetPolicy;
}

/** How the gates of a release answer machine items. Before Stage 1 the candidate is in the dev workspace, before Stage 3 in the registry. */
export function releaseChecks(gate: 'stage1' | 'stage3', checked: CheckedRelease): Check {
  return async (item) => (canCheck('release', item) ? await checks[item](checked, gate) : { ok: false, comment: 'a release cannot check this' });
}

/** The same for several releases that are decided together: all of them must be well. */
export function jointChecks(all: readonly CheckedRelease[]): Check {
  return async (item) => {
    const answers = await Promise.all(all.map(async (each) => ({ circuit: targetLabel(each.release.target), ...(await releaseChecks('stage1', each)(item)) })));
    const failing = answers.filter(({ ok }) => !ok);
    const told = (failing.length > 0 ? failing : answers).map(({ circuit, comment }) => `${circuit}: ${comment}`);
    return { ok: failing.length === 0, comment: told.length > 2 ? `${told.slice(0, 2).join('; ')}; and ${told.length - 2} more` : told.join('; ') };
  };
}

const checks: Record<ReleaseCheck, (checked: CheckedRelease, gate: 'stage1' | 'stage3') => Promise<Checked>> = {
  'pull-request-completed': async ({ release: { pullRequest: { id, repositoryId } } }) => {
    const { status, targetRefName } = await readPullRequest({ repositoryId, pullRequestId: id });
    return { ok: status === 'completed', comment: `pull request ${id} into ${targetRefName.replace(/^refs\/heads\//, '')} is ${status}` };
  },
  'model-registered': async ({ release: { model, version }, policy: { workspaces, registry } }, gate) => await registered({ home: gate === 'stage1' ? { workspace: workspaces.dev } : { registry }, model, version }),
  'artifact-readable': async ({ release: { trainingJob }, policy: { workspaces } }) => {
    const { files, bytes, unreadable } = await readModelFiles({ workspace: workspaces.dev, jobName: trainingJob });
    if (files === 0) return { ok: false, comment: `${trainingJob} left no file of the model` };
    if (unreadable.length > 0) return { ok: false, comment: `${unreadable.length} of ${files} files cannot be read or are empty: ${unreadable.slice(0, 3).join(', ')}` };
    return { ok: true, comment: `${files} ${files === 1 ? 'file' : 'files'} with ${bytes} bytes, all readable` };
  },
  'production-deployment-healthy': async ({ policy }) => {
    const { model, provisioningState } = await serving(policy);
    if (model === null) return { ok: true, comment: `${policy.deployment} does not exist yet` };
    return { ok: provisioningState === 'Succeeded', comment: `${policy.deployment} is ${provisioningState ?? 'in no known state'}` };
  },
  'previous-version-available': async ({ policy }) => {
    const { model } = await serving(policy);
    if (model === null) return { ok: true, comment: 'production serves nothing yet that one could go back to' };
    const place = modelPlace(model, policy.registry);
    return place === null ? { ok: false, comment: `production serves ${model}, which is no model of ${policy.registry.registry} nor of a workspace` } : await registered(place);
  },
  'no-firing-alerts': async ({ policy: { workspaces, endpoint, deployment } }) => {
    const { ids, rules } = await checkFiringAlerts({ workspace: workspaces.production, endpoint, deployment });
    if (ids.length === 0) return { ok: true, comment: `no alert fires for ${deployment}` };
    return { ok: false, comment: `${ids.length === 1 ? 'an alert fires' : `${ids.length} alerts fire`} for ${deployment}: ${rules.slice(0, 3).join(', ')}` };
  },
};

async function registered(place: ModelPlace): Promise<Checked> {
  const { found, isArchived, provisioningState } = await readModelVersion(place);
  const where = 'registry' in place.home ? place.home.registry.registry : place.home.workspace.workspace;
  const what = `version ${place.version} of ${place.model}`;
  if (!found) return { ok: false, comment: `${what} is not in ${where}` };
  if (isArchived) return { ok: false, comment: `${what} is archived in ${where}` };
  return provisioningState === null || provisioningState === 'Succeeded' ? { ok: true, comment: `${what} is in ${where}` } : { ok: false, comment: `${what} is ${provisioningState} in ${where}` };
}

async function serving({ workspaces, endpoint, deployment }: TargetPolicy): ReturnType<typeof checkProductionDeployment> {
  return await checkProductionDeployment({ workspace: workspaces.production, endpoint, deployment });
}
