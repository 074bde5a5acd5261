/** A draft estate from what was read of a project: what it says of itself, what usual values fill, and what only a person knows. */
import { targetOfPath } from '../../workflows/domain/circuit-config.ts';
import { findAzurePlaces } from './azure-places.ts';
import { Directory } from './directory.ts';
import { draftGates, type DraftGate, type DraftGates } from './draft-gates.ts';
import type { ImportApi, PolicyBody } from './azure-devops-rest.ts';
import type { Inventory, Refused } from './inventory.ts';
import { placeholder } from './placeholder.ts';

export interface Unmapped {
  what: string;
  why: string;
}

/** A top-level field of the estate, and the comment above it. */
export interface DraftSection {
  field: string;
  value: unknown;
  comment: string;
}

export interface Draft {
  project: string;
  sections: DraftSection[];
  unmapped: Unmapped[];
  refused: Refused[];
  counts: { pipelines: number; releases: number; environments: number; people: number; groups: number; circuits: number };
}

/** Branch policies that have their like in an estate, by Azure DevOps' ids. */
const minimumReviewers = 'fa4e907d-c16b-4a4c-9dfa-4906e5d171dd';
const requiredReviewers = 'fd2167ab-b0be-447a-8ec8-39368250530e';
const usual = 'Usual values: Azure DevOps does not tell them.';

export async function buildDraft(inventory: Inventory, api: ImportApi): Promise<Draft> {
  const { project, pipelines, releases, environments, repository } = inventory;
  const directory = new Directory(api);
  const gates = await draftGates(inventory, directory);
  const places = findAzurePlaces(inventory);
  const reviews = await reviewers(inventory, directory);
  const { plants, circuits, unmapped: configs } = plantsOf(repository?.configs ?? []);
  const rollbackApprovers = gates.gates.stage3?.approvers ?? [placeholder('who may decide on a rollback')];
  const files = pipelines.flatMap(({ definition: { name }, file, problem }): Unmapped[] => [
    ...(problem === null ? [] : [{ what: `pipeline ${name}`, why: problem }]),
    ...(file?.unknown ?? []).map((why) => ({ what: `a part of pipeline ${name}`, why })),
  ]);
  const trainer = pipelines.find(({ definition: { name }, file }) => /train/i.test(name) || file?.stages.some((stage) => /train/i.test(stage.name)));
  const branch = repository?.defaultBranch ?? placeholder('the branch whose completed pull requests are released, refs/heads/…');
  const missingBranch = repository && repository.branches.length > 0 && !repository.branches.includes(branch) ? [{ what: `branch ${branch}`, why: 'pipelines build it by default, and the repository has none of this name' }] : [];

  const people = directory.people.length > 0 ? directory.people : [{ id: placeholder('a person'), aliases: [placeholder('the sign-in name')] }];
  const sections: DraftSection[] = [
    { field: 'releaseBranch', value: branch, comment: repository ? `The default branch of ${repository.name}, which most pipelines build.` : '' },
    { field: 'settle', value: '15s', comment: usual },
    { field: 'people', value: people, comment: 'Everybody who approves somewhere. Ids are the beginning of the sign-in name: choose your own, and add who else asks for changes, for four-eyes.' },
    { field: 'groups', value: directory.groups, comment: 'Members as they are now: Azure DevOps\' own groups change without this file.' },
    { field: 'azure', value: azureOf(places), comment: 'From service connections, variables and the commands of pipelines.' },
    { field: 'azureDevOps', value: { project, ...(Object.keys(gates.environments).length > 0 && { stages: { environments: gates.environments } }), ...(gates.approvals.length > 0 && { approvals: gates.approvals }) }, comment: 'Which gate each environment has, and whose approvals on Azure DevOps\' pages are of which gate.' },
    ...(repository ? [{ field: 'changes', value: { repository: repository.name, ...(reviews.names.length > 0 && { review: { approvers: reviews.names } }) }, comment: reviews.names.length > 0 ? 'Reviewers that a branch policy requires.' : '' }] : []),
    { field: 'training', value: trainingOf(trainer !== undefined), comment: trainer ? `Not used: pipeline ${trainer.definition.name} trains.` : '' },
    { field: 'inference', value: { code: placeholder('the code asset with the scoring script, azureml:<name>:<version>'), scoringScript: placeholder('the scoring script in it'), environment: placeholder('the environment that scores, azureml:<name>:<version>'), compute: placeholder('the compute cluster, azureml:<name>'), data: placeholder('what a test inference scores, azureml://datastores/…/paths/…'), minimumRows: 1, pollEvery: '30s', timeout: '1h' }, comment: '' },
    ...(trainer ? [{ field: 'execution', value: { training: 'accompany', pipeline: trainer.definition.name }, comment: `Pipeline ${trainer.definition.name} speaks of training: it goes on to train, and Holdpoint follows it.` }] : []),
    { field: 'gates', value: { stage1: gateOf(gates, 'stage1'), stage3: gateOf(gates, 'stage3'), rollback: { ...common, quorum: 1, approvers: rollbackApprovers, fourEyes: false, deadline: '30m', remindAfter: '10m', onSilence: 'hold' } }, comment: `${comesFrom(gates, 'stage1')} ${comesFrom(gates, 'stage3')} rollback has the approvers of stage3. Identity, evidence, reminders and silence are ours: choose. An approval on Azure DevOps' page counts only where bindEvidence is false: nobody saw the evidence there.` },
    { field: 'monitoring', value: { for: '24h', every: '15m', runbook: '24h', rollback: '1h', breachSeverity: 2, onBreach: 'gate' }, comment: usual },
    { field: 'plants', value: plants, comment: circuits > 0 ? `From config/plants of ${repository!.name}.` : 'No config/plants/<plant>/<circuit>.yml was found.' },
  ];
  return {
    project,
    sections: sections.filter(({ field, value }) => field !== 'groups' || Object.keys(value as object).length > 0),
    unmapped: distinct([...files, ...gates.unmapped, ...directory.unmapped, ...reviews.unmapped, ...places.unmapped, ...configs, ...missingBranch]),
    refused: [...inventory.refused, ...directory.refused],
    counts: { pipelines: pipelines.length, releases: releases.length, environments: environments.length, people: directory.people.length, groups: Object.keys(directory.groups).length, circuits },
  };
}

const common = { bindEvidence: true, identity: 'authenticated' } as const;

function gateOf({ gates }: DraftGates, name: 'stage1' | 'stage3'): object {
  const found: Omit<DraftGate, 'from'> = gates[name] ?? { quorum: 1, approvers: [placeholder(name === 'stage1' ? 'who decides before the registry' : 'who decides before production')], mandatoryGroups: [], fourEyes: true, deadline: '3d' };
  const { quorum, approvers, mandatoryGroups, fourEyes, deadline } = found;
  return { quorum, approvers, ...(mandatoryGroups.length > 0 && { mandatoryGroups }), fourEyes, ...common, deadline, remindAfter: '4h', onSilence: 'expire' };
}

function comesFrom({ gates }: DraftGates, name: 'stage1' | 'stage3'): string {
  const from = gates[name]?.from;
  return from === undefined ? `Nobody approves where ${name} would be.` : `${name} is the approval before ${from}.`;
}

function azureOf({ subscription, resourceGroup, location, registry, workspaces }: ReturnType<typeof findAzurePlaces>): object {
  const { dev, test, production } = workspaces;
  return {
    subscription: subscription ?? placeholder('the id of the subscription'),
    resourceGroup: resourceGroup ?? placeholder('the resource group of the workspaces'),
    location: location ?? placeholder('the region, such as westeurope'),
    workspaces: { dev: dev ?? placeholder('the workspace that trains'), test: test ?? placeholder('the workspace of the test deployment'), production: production ?? placeholder('the workspace that serves') },
    registry: registry ?? placeholder('the Azure ML registry'),
    endpointName: placeholder('the name of a plant\'s batch endpoint, with {plant} in it'),
    deploymentName: placeholder('the name of a circuit\'s deployment, with {circuit} in it'),
  };
}

function trainingOf(isAccompanied: boolean): object {
  const ours = (what: string): string => (isAccompanied ? 'the pipeline trains' : placeholder(what));
  return {
    command: ours('the command of the training job'), code: ours('the code asset, azureml:<name>:<version>'), environment: ours('the environment, azureml:<name>:<version>'), compute: ours('the compute cluster, azureml:<name>'),
    data: placeholder('the readings that models are trained on, azureml://datastores/…/paths/…'), maxParallel: 5, pollEvery: '1m', timeout: '6h',
  };
}

function plantsOf(paths: readonly string[]): { plants: object; circuits: number; unmapped: Unmapped[] } {
  const plants: Record<string, { station: string; circuits: Record<string, string> }> = {};
  const unmapped: Unmapped[] = [];
  let circuits = 0;
  for (const path of paths.filter((each) => /\.ya?ml$/.test(each))) {
    const target = targetOfPath(path);
    if (target === undefined) continue;
    if ('reason' in target) {
      unmapped.push({ what: path, why: target.reason });
      continue;
    }
    const { plant, circuit } = target;
    plants[plant] ??= { station: placeholder(`the weather station of ${plant}`), circuits: {} };
    plants[plant].circuits[circuit] = placeholder(`the column of the readings that ${circuit} predicts`);
    circuits += 1;
  }
  return { plants: circuits > 0 ? plants : { 'TODO-plant': { station: placeholder('its weather station'), circuits: { 'TODO-circuit': placeholder('its column of the readings') } } }, circuits, unmapped };
}

/** Who must review by a policy of the release branch; other policies are listed. */
async function reviewers({ policies, repository }: Pick<Inventory, 'policies' | 'repository'>, directory: Directory): Promise<{ names: string[]; unmapped: Unmapped[] }> {
  const names: string[] = [];
  const unmapped: Unmapped[] = [];
  const isOfBranch = ({ settings: { scope = [] } }: PolicyBody): boolean => scope.some(({ repositoryId, refName }) => (repositoryId ?? repository?.id) === repository?.id && (refName ?? repository?.defaultBranch) === repository?.defaultBranch);
  for (const policy of policies.filter(({ isEnabled, isDeleted }) => isEnabled && isDeleted !== true)) {
    const { type, settings } = policy;
    const what = `branch policy "${type.displayName ?? type.id}"`;
    if (!isOfBranch(policy)) unmapped.push({ what, why: 'it is not of the branch that is released' });
    else if (type.id === requiredReviewers) for (const id of settings.requiredReviewerIds ?? []) names.push(await directory.nameOf({ id }));
    else unmapped.push({ what, why: type.id === minimumReviewers ? `${settings.minimumApproverCount ?? 1} reviewers must approve; Azure DevOps goes on to demand that of each pull request` : 'Azure DevOps goes on to demand it of each pull request' });
  }
  return { names: [...new Set(names)], unmapped };
}

/** Each once, and with no control character that a name in Azure DevOps may hold: they are printed on a terminal. */
function distinct(all: readonly Unmapped[]): Unmapped[] {
  const plain = (text: string): string => text.replace(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g, ' ');
  return [...new Map(all.map(({ what, why }) => [`${what}: ${why}`, { what: plain(what), why: plain(why) }])).values()];
}
