/** The part of Azure DevOps' REST API, version 7.1, that an import reads: nothing but GET. Lists are read to their last page. */
import { serviceUrl } from '../../activities/azure-devops/approvals-rest.ts';
import type { RestClient } from '../../activities/http/rest-client.ts';

const version = { 'api-version': '7.1' };
/** Checks and graph are APIs under preview. */
const preview = { 'api-version': '7.1-preview.1' };
/** Pages of one list; Azure DevOps itself decides how long a page is. */
const mostPages = 1_000;
/** How an answer says that there is more. */
const continuation = 'x-ms-continuationtoken';

export interface IdentityBody {
  /** Storage key, a GUID. */
  id: string;
  displayName?: string | null;
  /** Checks leave it out; classic releases give it. */
  uniqueName?: string | null;
  isContainer?: boolean;
}

type Variables = Record<string, { value?: string | null; isSecret?: boolean | null }>;

export interface BuildDefinitionBody {
  id: number;
  name: string;
  path?: string;
  queueStatus?: string;
  /** Type 2: YAML; 1: the classic editor. */
  process?: { type: number; yamlFilename?: string };
  repository?: { id: string; name?: string; type: string; defaultBranch?: string | null };
  variables?: Variables | null;
  variableGroups?: { id: number; name?: string }[] | null;
}

interface ReleaseApprovalsBody {
  approvals?: { rank?: number; isAutomated?: boolean; approver?: IdentityBody | null }[];
  approvalOptions?: { requiredApproverCount?: number | null; releaseCreatorCanBeApprover?: boolean; executionOrder?: string; timeoutInMinutes?: number } | null;
}

export interface ReleaseDefinitionBody {
  id: number;
  name: string;
  path?: string;
  variables?: Variables | null;
  artifacts?: { type: string; alias?: string; definitionReference?: Record<string, { id?: string; name?: string } | undefined> }[] | null;
  environments?: { id: number; name: string; rank: number; variables?: Variables | null; preDeployApprovals?: ReleaseApprovalsBody | null; postDeployApprovals?: ReleaseApprovalsBody | null }[];
}

export interface CheckBody {
  id: number;
  type: { id: string; name?: string };
  /** Minutes. */
  timeout?: number;
  settings?: {
    approvers?: IdentityBody[];
    blockedApprovers?: IdentityBody[];
    minRequiredApprovers?: number;
    executionOrder?: string;
    instructions?: string;
    requesterCannotBeApprover?: boolean;
    displayName?: string;
    definitionRef?: { id: string; name?: string };
  } | null;
}

export interface EnvironmentBody {
  id: number;
  name: string;
}

export interface ConnectionBody {
  id: string;
  name: string;
  type: string;
  data?: Record<string, string> | null;
}

export interface VariableGroupBody {
  id: number;
  name: string;
  type?: string;
  variables?: Variables | null;
}

export interface PolicyBody {
  id: number;
  isEnabled: boolean;
  isDeleted?: boolean;
  type: { id: string; displayName?: string };
  settings: { minimumApproverCount?: number; requiredReviewerIds?: string[]; scope?: { repositoryId?: string | null; refName?: string; matchKind?: string }[] };
}

export type ImportApi = ReturnType<typeof importApi>;

/** Of an organisation, as far as the sign-in sees them. */
export async function projectNames(rest: RestClient): Promise<string[]> {
  const { body } = await rest.send<{ value: { name: string }[] }>({ method: 'GET', url: '/_apis/projects', query: version });
  return body.value.map(({ name }) => name);
}

/** Calls of one project; each throws classified failures. */
export const importApi = (rest: RestClient, project: string, devOpsUrl: string) => {
  const root = `/${encodeURIComponent(project)}/_apis`;
  const releases = `${serviceUrl(devOpsUrl, 'vsrm')}${root}/release`;
  const graph = `${serviceUrl(devOpsUrl, 'vssps')}/_apis/graph`;
  const repositoryUrl = (id: string): string => `${root}/git/repositories/${encodeURIComponent(id)}`;
  const get = async <T>(url: string, query: Record<string, string> = version): Promise<T> => (await rest.send<T>({ method: 'GET', url, query })).body;
  const all = async <T>(url: string, query: Record<string, string> = version): Promise<T[]> => {
    const found: T[] = [];
    let continuationToken: string | undefined;
    for (let page = 0; page < mostPages; page += 1) {
      const { body, header } = await rest.send<{ value: T[] }>({ method: 'GET', url, query: { ...query, continuationToken } });
      found.push(...body.value);
      continuationToken = header(continuation) || undefined;
      if (continuationToken === undefined) break;
    }
    return found;
  };

  return {
    project: () => get<{ id: string; name: string }>(`/_apis/projects/${encodeURIComponent(project)}`),
    buildDefinitions: () => all<BuildDefinitionBody>(`${root}/build/definitions`, { ...version, includeAllProperties: 'true' }),
    /** Ids only are relied on: a list need not have everything. */
    releaseDefinitionIds: async () => (await all<{ id: number }>(`${releases}/definitions`)).map(({ id }) => id),
    releaseDefinition: (id: number) => get<ReleaseDefinitionBody>(`${releases}/definitions/${id}`),
    environments: () => all<EnvironmentBody>(`${root}/distributedtask/environments`),
    checks: (environmentId: number) => all<CheckBody>(`${root}/pipelines/checks/configurations`, { ...preview, resourceType: 'environment', resourceId: String(environmentId), $expand: 'settings' }),
    connections: () => all<ConnectionBody>(`${root}/serviceendpoint/endpoints`),
    variableGroups: () => all<VariableGroupBody>(`${root}/distributedtask/variablegroups`),
    policies: () => all<PolicyBody>(`${root}/policy/configurations`),
    /** Full names, `refs/heads/…`. */
    branches: async (repositoryId: string) => (await all<{ name: string }>(`${repositoryUrl(repositoryId)}/refs`, { ...version, filter: 'heads/' })).map(({ name }) => name),
    /** Text of a file at a branch's tip. */
    file: async (repositoryId: string, path: string, branch: string) =>
      (await get<{ content?: string }>(`${repositoryUrl(repositoryId)}/items`, { ...version, path, includeContent: 'true', $format: 'json', ...atBranch(branch) })).content ?? '',
    /** All paths below a folder at a branch's tip. */
    paths: async (repositoryId: string, folder: string, branch: string) =>
      (await all<{ path: string }>(`${repositoryUrl(repositoryId)}/items`, { ...version, scopePath: folder, recursionLevel: 'full', $format: 'json', ...atBranch(branch) })).map(({ path }) => path),

    /** The graph's name of an identity: `aad.…` or `msa.…` is a person, `vssgp.…` and `aadgp.…` are groups. */
    descriptor: async (id: string) => (await get<{ value: string }>(`${graph}/descriptors/${encodeURIComponent(id)}`, preview)).value,
    user: (descriptor: string) => get<{ displayName?: string; principalName?: string; mailAddress?: string | null }>(`${graph}/users/${encodeURIComponent(descriptor)}`, preview),
    group: (descriptor: string) => get<{ displayName?: string; principalName?: string }>(`${graph}/groups/${encodeURIComponent(descriptor)}`, preview),
    /** Descriptors of the direct members. */
    members: async (descriptor: string) =>
      (await all<{ memberDescriptor: string }>(`${graph}/memberships/${encodeURIComponent(descriptor)}`, { ...preview, direction: 'down' })).map(({ memberDescriptor }) => memberDescriptor),
  };
};

function atBranch(branch: string): Record<string, string> {
  return { 'versionDescriptor.version': branch.replace(/^refs\/heads\//, ''), 'versionDescriptor.versionType': 'branch' };
}
