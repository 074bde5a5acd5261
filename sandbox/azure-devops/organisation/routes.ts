import type { FastifyInstance } from 'fastify';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError } from '../errors.ts';
import { pipelineOf } from '../pipelines/builds.ts';
import { definitionOf, type StagedReleases } from '../pipelines/deployments.ts';
import type { StagedRuns } from '../pipelines/staged-runs.ts';
import type { Organisation } from './inventory.ts';
import { page, type PageQuery } from './paging.ts';
import { presentDefinition, presentReleaseDefinition, presentVariables } from './presentation.ts';

export interface OrganisationServices {
  organisation: Organisation;
  addresses: Addresses;
}

interface InventoryServices extends OrganisationServices {
  /** Releases that clients deploy: their definitions are listed too. */
  stagedReleases: StagedReleases;
  /** The same of runs. */
  stagedRuns: StagedRuns;
}

type Id = { Params: { id: string } };

/** What a project has: pipelines, classic releases, variable groups, policies. Only to be read. */
export async function inventoryRoutes(app: FastifyInstance, { organisation, addresses, stagedReleases, stagedRuns }: InventoryServices): Promise<void> {
  app.get<{ Querystring: PageQuery & { includeAllProperties?: string; name?: string } }>('/build/definitions', async ({ query }, reply) => {
    const { pipelines, pageSize } = organisation.inventory;
    const deployed = [...new Set(stagedRuns.list().map(({ pipeline }) => pipeline))].map(pipelineOf);
    const defined = [...pipelines.map((pipeline, index) => presentDefinition(pipeline, index, addresses, query.includeAllProperties === 'true')), ...deployed];
    return page(defined.filter(({ name }) => query.name === undefined || name.toLowerCase() === query.name.toLowerCase()), query, reply, pageSize);
  });

  app.get<{ Querystring: PageQuery & { searchText?: string; isExactNameMatch?: string } }>('/release/definitions', async ({ query }, reply) => {
    const { releases, pageSize } = organisation.inventory;
    const deployed = [...new Set(stagedReleases.list().map(({ definition }) => definition))].map(definitionOf);
    const text = query.searchText?.toLowerCase() ?? '';
    const isSearched = ({ name }: { name: string }) => (query.isExactNameMatch === 'true' ? name.toLowerCase() === text : name.toLowerCase().includes(text));
    return page([...releases.map((release, index) => presentReleaseDefinition(release, index, organisation, addresses, false)), ...deployed].filter(isSearched), query, reply, pageSize);
  });
  app.get<Id>('/release/definitions/:id', async ({ params: { id } }) => {
    const index = Number(id) - 1;
    const release = organisation.inventory.releases[index];
    if (!release) throw devOpsError(404, 'ReleaseDefinitionNotFoundException', `VS402881: Release definition with ID ${id} does not exist.`);
    return presentReleaseDefinition(release, index, organisation, addresses, true);
  });

  app.get<{ Querystring: PageQuery }>('/distributedtask/variablegroups', async ({ query }, reply) => {
    const { variableGroups, pageSize } = organisation.inventory;
    return page(variableGroups.map(({ name, variables }, index) => ({ id: index + 1, name, type: 'Vsts', isShared: false, variables: presentVariables(variables) })), query, reply, pageSize);
  });

  app.get<{ Querystring: PageQuery }>('/policy/configurations', async ({ query }, reply) => {
    const { policies, pageSize } = organisation.inventory;
    return page(policies.map(({ type, settings: { reviewers, ...settings } }, index) => {
      const ids = (reviewers as string[] | undefined)?.map((name) => organisation.identity(name).id);
      return { id: index + 1, revision: 1, isEnabled: true, isBlocking: true, isDeleted: false, type, settings: { ...settings, ...(ids && { requiredReviewerIds: ids }) } };
    }), query, reply, pageSize);
  });
}

/** Of the organisation itself: its projects, and who people and groups are. Azure DevOps Services serves the graph at a host of its own. */
export async function organisationRoutes(app: FastifyInstance, { organisation, addresses }: OrganisationServices): Promise<void> {
  const identityOf = (descriptor: string, isContainer: boolean) => {
    const found = organisation.identities().find((each) => each.descriptor === descriptor && each.isContainer === isContainer);
    if (!found) throw devOpsError(404, 'GraphSubjectNotFoundException', `VS860016: Could not resolve the subject with the descriptor ${descriptor}.`);
    return found;
  };

  app.get('/projects', async () => collection([addresses.project()]));
  app.get<{ Params: { project: string } }>('/projects/:project', async () => addresses.project());
  app.get<Id>('/graph/descriptors/:id', async ({ params: { id } }) => {
    const found = organisation.identities().find((each) => each.id === id);
    if (!found) throw devOpsError(404, 'StorageKeyNotFoundException', `VS860022: There is no subject with the storage key ${id}.`);
    return { value: found.descriptor };
  });
  app.get<Id>('/graph/users/:id', async ({ params: { id } }) => {
    const { displayName, uniqueName, descriptor } = identityOf(id, false);
    return { subjectKind: 'user', origin: 'aad', displayName, principalName: uniqueName, mailAddress: uniqueName, descriptor };
  });
  app.get<Id>('/graph/groups/:id', async ({ params: { id } }) => {
    const { displayName, descriptor } = identityOf(id, true);
    return { subjectKind: 'group', origin: descriptor.startsWith('aadgp') ? 'aad' : 'vsts', displayName, principalName: `[ml-platform]\\${displayName}`, descriptor };
  });
  app.get<Id>('/graph/memberships/:id', async ({ params: { id } }) => {
    const { displayName } = identityOf(id, true);
    const group = organisation.inventory.groups.find(({ name }) => name === displayName)!;
    return collection(group.isEntra ? [] : group.members.map((member) => ({ containerDescriptor: id, memberDescriptor: organisation.identity(member).descriptor })));
  });
}
