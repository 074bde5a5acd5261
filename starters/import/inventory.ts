/** Everything that an import reads of a project, and what it was not allowed to read. */
import { ApplicationFailure } from '@temporalio/common';
import pMap from 'p-map';
import { isFailure, vendorAnswer } from '../../activities/http/classify.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { BuildDefinitionBody, CheckBody, ConnectionBody, EnvironmentBody, ImportApi, PolicyBody, ReleaseDefinitionBody, VariableGroupBody } from './azure-devops-rest.ts';
import { readPipelineFile, type PipelineFile } from './pipeline-stages.ts';

export interface Refused {
  what: string;
  /** What the sign-in lacks. */
  permission: string;
  reason: string;
}

export interface Pipeline {
  definition: BuildDefinitionBody;
  /** Null for the classic editor's, and where the file was not read. */
  file: PipelineFile | null;
  /** Text of that file. */
  text: string;
  problem: string | null;
}

export interface Inventory {
  project: string;
  pipelines: Pipeline[];
  releases: ReleaseDefinitionBody[];
  environments: (EnvironmentBody & { checks: CheckBody[] })[];
  connections: ConnectionBody[];
  variableGroups: VariableGroupBody[];
  policies: PolicyBody[];
  /** The repository that the pipelines build most; null where none is in Azure Repos. */
  repository: { id: string; name: string; defaultBranch: string | null; branches: string[]; configs: string[] } | null;
  refused: Refused[];
}

/** What stands in the way of any draft, in the user's words. */
export class ImportError extends Error {
  readonly kind: 'notFound' | 'refused';

  constructor(kind: ImportError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

const concurrency = 4;

/** The least that each list asks for: the scope of a token, and the permission in the project. */
export const permissions = {
  project: 'vso.project (read), and to be a reader of the project',
  pipelines: 'vso.build (read), and "View build pipeline"',
  releases: 'vso.release (read), and "View release pipeline"',
  environments: 'vso.environment_manage, and Reader of each environment',
  connections: 'vso.serviceendpoint (read), and Reader of the service connections',
  variableGroups: 'vso.variablegroups_read, and Reader of the library',
  policies: 'vso.code (read), and to be a reader of the project',
  code: 'vso.code (read), and "Read" on the repository',
  graph: 'vso.graph (read)',
} as const;

/** Reads it all. What may not be read is named, and the rest is read all the same. @throws ImportError when there is nothing to draft from */
export async function readInventory(api: ImportApi): Promise<Inventory> {
  const refused: Refused[] = [];
  const { name: project } = await readProject(api);
  const listed = async <T>(what: keyof typeof permissions, read: () => Promise<T[]>): Promise<T[]> => await allowed(what, refused, read) ?? [];

  const [definitions, releaseIds, environments, connections, variableGroups, policies] = await Promise.all([
    listed('pipelines', api.buildDefinitions),
    listed('releases', api.releaseDefinitionIds),
    listed('environments', api.environments),
    listed('connections', api.connections),
    listed('variableGroups', api.variableGroups),
    listed('policies', api.policies),
  ]);
  const releases = await listed('releases', () => pMap(releaseIds, (id) => api.releaseDefinition(id), { concurrency }));
  const checked = await pMap(environments, async (environment) => ({ ...environment, checks: await listed('environments', () => api.checks(environment.id)) }), { concurrency });
  if (definitions.length === 0 && releases.length === 0) {
    const [first] = refused.filter(({ what }) => what === 'pipelines' || what === 'releases');
    throw first ? new ImportError('refused', `the pipelines of ${project} may not be read: ${first.reason}. It takes ${first.permission}`) : new ImportError('notFound', `${project} has no pipelines, neither in YAML nor classic: there is nothing to draft an estate from`);
  }
  const pipelines = await pMap(definitions, (definition) => readPipeline(api, definition, refused), { concurrency });
  return { project, pipelines, releases, environments: checked, connections, variableGroups, policies, repository: await readRepository(api, definitions, listed), refused: distinct(refused) };
}

async function readProject(api: ImportApi): Promise<{ name: string }> {
  try {
    return await api.project();
  } catch (error) {
    if (isFailure(error, FailureType.Unauthorized) && !error.message.startsWith('sign-in')) throw new ImportError('refused', `the project may not be read: ${error.message}. It takes ${permissions.project}`);
    if (!isFailure(error, FailureType.NotFound)) throw error;
    const isKnown = /Project/i.test(vendorAnswer(error)?.code ?? ''); // Azure DevOps itself says that it has no such project
    throw new ImportError('notFound', isKnown ? `the organisation has no such project, or the sign-in does not see it: ${error.message}` : `there is no such organisation: ${error.message}`);
  }
}

/** Null where the sign-in may not. */
async function allowed<T>(what: keyof typeof permissions, refused: Refused[], read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.type !== FailureType.Unauthorized || error.message.startsWith('sign-in')) throw error;
    refused.push({ what, permission: permissions[what], reason: error.message });
    return null;
  }
}

async function readPipeline(api: ImportApi, definition: BuildDefinitionBody, refused: Refused[]): Promise<Pipeline> {
  const { process, repository } = definition;
  const without = (problem: string): Pipeline => ({ definition, file: null, text: '', problem });
  if (process?.type !== 2 || !process.yamlFilename) return without('it is made in the classic editor, which has no stages');
  if (repository?.type !== 'TfsGit') return without(`its file ${process.yamlFilename} is in ${repository?.type ?? 'an unknown repository'}, which is not read`);
  try {
    const text = await allowed('code', refused, () => api.file(repository.id, absolute(process.yamlFilename!), repository.defaultBranch ?? 'refs/heads/main'));
    return text === null ? without(`its file ${process.yamlFilename} may not be read`) : { definition, file: readPipelineFile(text), text, problem: null };
  } catch (error) {
    if (!isFailure(error, FailureType.NotFound)) throw error;
    return without(`its file ${process.yamlFilename} is not on ${repository.defaultBranch ?? 'the default branch'}`);
  }
}

async function readRepository(api: ImportApi, definitions: readonly BuildDefinitionBody[], listed: <T>(what: 'code', read: () => Promise<T[]>) => Promise<T[]>): Promise<Inventory['repository']> {
  const own = definitions.flatMap(({ repository }) => (repository?.type === 'TfsGit' ? [repository] : []));
  const built = (id: string): number => own.filter((repository) => repository.id === id).length;
  const [most] = [...own].sort((left, right) => built(right.id) - built(left.id));
  if (!most) return null;
  const defaultBranch = most.defaultBranch ?? null;
  const branches = await listed('code', () => api.branches(most.id));
  const configs = defaultBranch === null ? [] : await listed('code', () => orNone(api.paths(most.id, '/config/plants', defaultBranch)));
  return { id: most.id, name: most.name ?? most.id, defaultBranch, branches, configs };
}

async function orNone<T>(reading: Promise<T[]>): Promise<T[]> {
  try {
    return await reading;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return [];
    throw error;
  }
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** Many environments are refused for one reason. */
function distinct(refused: readonly Refused[]): Refused[] {
  return [...new Map(refused.map((each) => [each.what, each])).values()];
}
