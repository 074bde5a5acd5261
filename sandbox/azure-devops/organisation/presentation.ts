import { REPOSITORY, REPOSITORY_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { DEFAULT_BRANCH } from '../git/repository.ts';
import type { Inventory, Organisation, ReleaseStage } from './inventory.ts';

type Variables = Inventory['variableGroups'][number]['variables'];

/** A secret's value never comes back. */
export function presentVariables(variables: Variables): object {
  return Object.fromEntries(Object.entries(variables).map(([name, { value, isSecret }]) => [name, isSecret ? { value: null, isSecret } : { value }]));
}

/** A build definition; its process and variables come with `includeAllProperties`. */
export function presentDefinition({ name, yaml, repositoryType, variables }: Inventory['pipelines'][number], index: number, addresses: Addresses, all: boolean): { id: number; name: string; [field: string]: unknown } {
  const id = 500 + index;
  const repository = { id: repositoryType === 'TfsGit' ? REPOSITORY_ID : `example/${name}`, name: repositoryType === 'TfsGit' ? REPOSITORY : name, type: repositoryType, defaultBranch: DEFAULT_BRANCH };
  return {
    id, name, path: '\\', type: 'build', queueStatus: 'enabled', revision: 1, project: addresses.project(), url: addresses.api(`build/Definitions/${id}?revision=1`),
    ...(all && { process: yaml === undefined ? { phases: [], type: 1 } : { yamlFilename: yaml, type: 2 }, repository, variables: presentVariables(variables) }),
  };
}

/** A release definition: a list shows it without its stages. */
export function presentReleaseDefinition({ name, pipeline, variables, stages }: Inventory['releases'][number], index: number, organisation: Organisation, addresses: Addresses, all: boolean): { id: number; name: string; [field: string]: unknown } {
  const id = index + 1;
  return {
    id, name, path: '\\', revision: 1, isDeleted: false, url: addresses.api(`Release/definitions/${id}`),
    ...(all && {
      variables: presentVariables(variables),
      artifacts: pipeline === undefined ? [] : [{ type: 'Build', alias: `_${pipeline}`, isPrimary: true, definitionReference: { definition: { id: '500', name: pipeline }, project: { id: 'project', name: 'project' } } }],
      environments: stages.map((stage, at) => presentStage(stage, at, organisation)),
    }),
  };
}

function presentStage({ name, approvers, requiredApproverCount, releaseCreatorCanBeApprover, timeoutInMinutes, inSequence, postApprovers, variables }: ReleaseStage, index: number, organisation: Organisation): object {
  const asked = (names: string[]) => (names.length === 0 ? [{ rank: 1, isAutomated: true, isNotificationOn: false, id: 1 }] : names.map((known, at) => ({ rank: inSequence ? at + 1 : 1, isAutomated: false, isNotificationOn: false, approver: organisation.identity(known), id: at + 1 })));
  const approvalOptions = { requiredApproverCount: requiredApproverCount === 0 ? null : requiredApproverCount, releaseCreatorCanBeApprover, autoTriggeredAndPreviousEnvironmentApprovedCanBeSkipped: false, enforceIdentityRevalidation: false, timeoutInMinutes, executionOrder: 'beforeGates' };
  return { id: index + 1, name, rank: index + 1, variables: presentVariables(variables), preDeployApprovals: { approvals: asked(approvers), approvalOptions }, postDeployApprovals: { approvals: asked(postApprovers), approvalOptions: null }, deployPhases: [] };
}
