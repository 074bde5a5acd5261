/** The part of Azure DevOps' REST API, version 7.1, that deploys classic releases. Azure DevOps Services serves it at a host of its own. */
import type { RestClient } from '../http/rest-client.ts';

const version = { 'api-version': '7.1' };
/** Releases of a definition in one answer, newest first. */
const mostReleases = 100;

/** One deployment of a stage. */
export interface DeploymentAttemptBody {
  /** Counts from 1 within the stage. */
  attempt: number;
  /** `notDeployed`, `inProgress`, `succeeded`, `partiallySucceeded`, `failed`. */
  status: string;
}

/** A stage of one release. */
export interface ReleaseStageBody {
  id: number;
  name: string;
  /** `notStarted`, `queued`, `scheduled`, `inProgress`, `succeeded`, `partiallySucceeded`, `rejected`, `canceled`. */
  status: string;
  deploySteps?: DeploymentAttemptBody[];
  preDeployApprovals?: { attempt?: number; status: string; isAutomated?: boolean }[];
}

export interface DeployableReleaseBody {
  id: number;
  name: string;
  tags?: string[];
  environments?: ReleaseStageBody[];
  _links?: { web?: { href: string } };
}

export type ReleasesApi = ReturnType<typeof releasesApi>;

/** Calls of one project; each sends one request and throws classified failures. */
export const releasesApi = (rest: RestClient, project: string, releaseUrl: string) => {
  const root = `${releaseUrl}/${encodeURIComponent(project)}/_apis/release`;
  const get = async <T>(url: string, query: Record<string, string | number> = {}): Promise<T> => (await rest.send<T>({ method: 'GET', url, query: { ...query, ...version } })).body;
  const stageOf = (releaseId: number, stageId: number): string => `${root}/releases/${releaseId}/environments/${stageId}`;

  return {
    /** Number of the release definition of this name; undefined where there is none. */
    async definition(name: string): Promise<number | undefined> {
      const { value } = await get<{ value: { id: number; name: string }[] }>(`${root}/definitions`, { searchText: name, isExactNameMatch: 'true' });
      return value.find((found) => found.name.toLowerCase() === name.toLowerCase())?.id;
    },

    /** Releases of a definition that carry a tag, newest first, with their stages. */
    async tagged(definitionId: number, tag: string): Promise<DeployableReleaseBody[]> {
      const { value } = await get<{ value: DeployableReleaseBody[] }>(`${root}/releases`, { definitionId, tagFilter: tag, $expand: 'environments,tags', queryOrder: 'descending', $top: mostReleases });
      return value;
    },

    release: (id: number) => get<DeployableReleaseBody>(`${root}/releases/${id}`),
    stage: (releaseId: number, stageId: number) => get<ReleaseStageBody>(stageOf(releaseId, stageId)),

    /** Adds a tag; one that is there already stays. */
    async tag(releaseId: number, tag: string): Promise<void> {
      await rest.send({ method: 'PATCH', url: `${root}/releases/${releaseId}/tags/${encodeURIComponent(tag)}`, query: version });
    },

    /** `inProgress` deploys the stage, once more if need be; `canceled` stops the deployment that is under way. */
    async updateStage(releaseId: number, stageId: number, status: 'inProgress' | 'canceled', comment: string): Promise<ReleaseStageBody> {
      return (await rest.send<ReleaseStageBody>({ method: 'PATCH', url: stageOf(releaseId, stageId), query: version, body: { status, comment } })).body;
    },
  };
};
